"""Logging a lead: the enterprise is found or created, the contact too, in one transaction."""

from __future__ import annotations

from django.db import transaction

from crm.models import Contact, Enterprise, Lead
from zone import identifiers
from zone.models import AuditEntry


def find_enterprise(name: str) -> Enterprise | None:
    """Return the enterprise of this registered name, in any width and with any brackets."""
    return Enterprise.objects.filter(exact_key=identifiers.exact_key(name)).first()


@transaction.atomic
def log_lead(
    lead: Lead,
    *,
    by,
    enterprise_name: str = "",
    is_distinct: bool = False,
    contact_name: str = "",
    contact_title: str = "",
    contact_phone: str = "",
    origin_region: str = "",
) -> Lead:
    """Register ``lead`` for ``by``; nothing is kept when any part of it is refused.

    ``enterprise_name`` is used when the lead has no enterprise yet: the one registered under it
    is taken, else it is created with the lead's chain. ``is_distinct`` says that it is none of
    those of like name.
    """
    if lead.enterprise_id is None:
        lead.enterprise = find_enterprise(enterprise_name) or _new_enterprise(
            by,
            name=enterprise_name,
            chain=lead.chain,
            is_distinct=is_distinct,
            origin_region=origin_region,
        )
    if contact_name:
        lead.contact = _contact(lead.enterprise, contact_name, contact_title, contact_phone, by=by)
    lead.register(by=by)
    return lead


def _new_enterprise(by, **fields) -> Enterprise:
    enterprise = Enterprise(entered_by=by, **fields)
    enterprise.full_clean()
    enterprise.save()
    AuditEntry.objects.record_made(enterprise, by=by)
    return enterprise


def _contact(enterprise: Enterprise, name: str, title: str, phone: str, *, by) -> Contact:
    phone = identifiers.compact_phone(phone)
    # A colleague's contact is not taken up: a name and a number guessed would open the rest of it.
    within_reach = enterprise.contacts.visible_to(by, "crm.add_lead")
    known = within_reach.filter(name=name, phone=phone).first()
    if known:
        return known
    contact = Contact(enterprise=enterprise, name=name, title=title, phone=phone, entered_by=by)
    contact.full_clean()
    contact.save()
    AuditEntry.objects.record_made(contact, by=by)
    return contact
