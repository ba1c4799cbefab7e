"""What a key may do: ``<resource>:read``, ``:write``, ``:delete``, and scopes of their own.

Each resource of the interface declares its scopes in its app's package ``api``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from zone.apps import discover

READ, WRITE, DELETE = "read", "write", "delete"
LABELS = {READ: _("read"), WRITE: _("write"), DELETE: _("delete")}
PII, CHANGES, WEBHOOKS = "pii:read", "changes:read", "webhooks:manage"
OWN = {
    PII: _("telephone, WeChat and e-mail unmasked"),
    CHANGES: _("read the change feed"),
    WEBHOOKS: _("manage its own webhook endpoints"),
}


@dataclass(frozen=True)
class ResourceScopes:
    """The scopes of one resource: its name for people, and the label of each act."""

    title: str
    acts: dict[str, str]
    position: int


_declared: dict[str, ResourceScopes] = {}
_permissions: dict[str, tuple[str, ...]] = {}
_judged: dict[str, tuple[str, ...]] = {}


def declare(name: str, title: str, acts: dict[str, str], position: int = 1000):
    """Put ``<name>:<act>`` among the scopes; lists show them by ``position``."""
    _declared[name] = ResourceScopes(title, acts, position)


def stand_for(scope: str, *permissions: str):
    """Let ``scope`` stand for permissions that rules of the models ask for."""
    _permissions[scope] = permissions


def judges(scope: str, *scopes: str):
    """Say that ``scope`` decides on what the other ``scopes`` write.

    A client that has it needs an owner, and is warned of when it has one of the others, too.
    """
    _judged[scope] = scopes


def by_resource() -> dict[str, ResourceScopes]:
    discover("api")
    return dict(sorted(_declared.items(), key=lambda item: item[1].position))


def all_scopes() -> list[str]:
    found = by_resource().items()
    return [f"{name}:{act}" for name, scopes in found for act in scopes.acts] + list(OWN)


def check_scopes(scopes: list[str]) -> None:
    """Refuse words that are no scopes, naming them."""
    unknown = sorted(set(scopes) - set(all_scopes()))
    if unknown:
        raise ValidationError(
            _("Unknown scopes: %(names)s."), params={"names": ", ".join(unknown)}, code="scope"
        )


def judging(scopes: Iterable[str]) -> list[str]:
    """Return those of ``scopes`` that decide on what others wrote."""
    discover("api")
    return [scope for scope in scopes if scope in _judged]


def judged_beside(scopes: list[str]) -> list[str]:
    """Return those of ``scopes`` that write what another of them decides on."""
    return [judged for scope in judging(scopes) for judged in _judged[scope] if judged in scopes]


def permissions(scopes: Iterable[str]) -> frozenset[str]:
    """Return the permissions that the scopes stand for, as the rules of the models ask for them."""
    discover("api")
    return frozenset(right for scope in scopes for right in _permissions.get(scope, ()))
