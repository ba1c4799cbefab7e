"""What a key may do: ``<resource>:read``, ``:write``, ``:delete``, and words of their own."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# What may be done with each resource over the interface (api.md §1).
READ, WRITE, DELETE, RECOGNISE = "read", "write", "delete", "recognise"
RESOURCES = {
    "chains": (READ,),
    "chain-segments": (READ,),
    "parks": (READ,),
    "buildings": (READ, WRITE, DELETE),
    "spaces": (READ, WRITE, DELETE),
    "enterprises": (READ, WRITE, DELETE),
    "contacts": (READ, WRITE, DELETE),
    "leads": (READ, WRITE, DELETE),
    "follow-ups": (READ, WRITE),
    "projects": (READ, WRITE, DELETE),
    "agreements": (READ, WRITE, DELETE, RECOGNISE),
    "capital-arrivals": (READ, WRITE, DELETE),
    "occupancies": (READ, WRITE, DELETE),
    "targets": (READ,),
    "progress": (READ,),
}
PII, CHANGES, WEBHOOKS = "pii:read", "changes:read", "webhooks:manage"
OWN = {
    PII: _("telephone, WeChat and e-mail unmasked"),
    CHANGES: _("read the change feed"),
    WEBHOOKS: _("manage its own webhook endpoints"),
}
ACTIONS = {
    READ: _("read"),
    WRITE: _("write"),
    DELETE: _("delete"),
    RECOGNISE: _("recognise"),
}
RECOGNISES = f"agreements:{RECOGNISE}"
# What makes the figures that a recognition lets count; a lead is converted with its amount.
MAKING = ("agreements:write", "projects:write", "leads:write")


def all_scopes() -> list[str]:
    return [f"{name}:{act}" for name, acts in RESOURCES.items() for act in acts] + list(OWN)


def check_scopes(scopes: list[str]) -> None:
    """Refuse words that are no scopes, naming them."""
    unknown = sorted(set(scopes) - set(all_scopes()))
    if unknown:
        raise ValidationError(
            _("Unknown scopes: %(names)s."), params={"names": ", ".join(unknown)}, code="scope"
        )


def making_beside_recognising(scopes: list[str]) -> list[str]:
    """Return the scopes that make figures, where the same client may recognise them."""
    return [scope for scope in MAKING if RECOGNISES in scopes and scope in scopes]


def rights(scopes: list[str]) -> frozenset[str]:
    """Return the permissions that the scopes stand for, as the rules of the models ask for them."""
    return frozenset(right for scope in scopes for right in RIGHTS.get(scope, ()))


# What the rules of the models ask for, by scope, beyond what the view asks.
RIGHTS = {
    PII: ("crm.view_contact_pii",),
    "leads:write": ("crm.change_lead", "crm.assign_lead"),
    "leads:delete": ("crm.assign_lead",),
}
