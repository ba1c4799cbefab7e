"""What a key may do: ``<resource>:read``, ``:write``, ``:delete``, and four words of their own."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# What may be done with each resource over the interface (api.md §1); the rest is kept up here.
READ, WRITE, DELETE = "read", "write", "delete"
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
    "agreements": (READ, WRITE, DELETE),
    "capital-arrivals": (READ, WRITE, DELETE),
    "occupancies": (READ, WRITE, DELETE),
    "targets": (READ,),
    "progress": (READ,),
}
PII, CHANGES, WEBHOOKS = "pii:read", "changes:read", "webhooks:manage"
OWN = {
    PII: _("telephone, WeChat and e-mail unmasked"),
    CHANGES: _("read the change feed"),
    WEBHOOKS: _("manage webhook addresses"),
}
ACTIONS = {READ: _("read"), WRITE: _("write"), DELETE: _("delete")}


def all_scopes() -> list[str]:
    return [f"{name}:{act}" for name, acts in RESOURCES.items() for act in acts] + list(OWN)


def check_scopes(scopes: list[str]) -> None:
    """Refuse words that are no scopes, naming them."""
    unknown = sorted(set(scopes) - set(all_scopes()))
    if unknown:
        raise ValidationError(
            _("Unknown scopes: %(names)s."), params={"names": ", ".join(unknown)}, code="scope"
        )


def rights(scopes: list[str]) -> frozenset[str]:
    """Return the permissions that the scopes stand for, as the rules of the models ask for them."""
    return frozenset(right for scope in scopes for right in RIGHTS.get(scope, ()))


RIGHTS = {
    "buildings:write": ("zone.add_building", "zone.change_building"),
    "buildings:delete": ("zone.delete_building",),
    "spaces:write": ("zone.add_space", "zone.change_space"),
    "spaces:delete": ("zone.delete_space",),
    "enterprises:write": ("crm.add_enterprise", "crm.change_enterprise"),
    "enterprises:delete": ("crm.delete_enterprise",),
    "contacts:write": ("crm.add_contact", "crm.change_contact"),
    "contacts:delete": ("crm.delete_contact",),
    "leads:write": (
        "crm.add_lead",
        "crm.change_lead",
        "crm.advance_lead",
        "crm.assign_lead",
        "crm.convert_lead",
    ),
    "leads:delete": ("crm.delete_lead",),
    "follow-ups:write": ("crm.add_followup",),
    "projects:write": (
        "projects.add_project",
        "projects.change_project",
        "projects.advance_project",
    ),
    "projects:delete": ("projects.delete_project",),
    "agreements:write": (
        "projects.add_agreement",
        "projects.change_agreement",
        "projects.recognise_agreement",
    ),
    "agreements:delete": ("projects.delete_agreement",),
    "capital-arrivals:write": ("projects.add_capitalarrival", "projects.change_capitalarrival"),
    "capital-arrivals:delete": ("projects.delete_capitalarrival",),
    "occupancies:write": ("projects.add_occupancy", "projects.change_occupancy"),
    "occupancies:delete": ("projects.delete_occupancy",),
    "pii:read": ("crm.view_contact_pii",),
}
