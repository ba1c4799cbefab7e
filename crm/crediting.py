"""Whose the credit of a lead's project is: as a transfer or the office's decision agreed it."""

from __future__ import annotations

from decimal import Decimal

from crm.models import Lead
from crm.models.conflicts import Conflict

WHOLE = Decimal(100)


def shares(lead: Lead, handler) -> dict:
    """Return the share in per cent of each person; the newest agreement holds.

    Who is named there keeps the agreed share, whoever handles the project the rest.
    """
    person, share = _agreed(lead)
    if not share or person is None or person == handler:
        return {handler: WHOLE}
    rest = {handler: WHOLE - share} if share < WHOLE else {}
    return {person: share} | rest


def _agreed(lead: Lead) -> tuple:
    split = lead.conflicts.filter(decision=Conflict.Decision.SPLIT)
    split = split.order_by("-decided_on", "-updated_at").select_related("raised_by").first()
    handed = lead.transfers.agreed().select_related("first_contact").first()
    if split and not (handed and handed.answered_on > split.decided_on):
        return split.raised_by, split.second_share
    return (handed.first_contact, handed.first_share) if handed else (None, None)
