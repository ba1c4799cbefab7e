"""Whose the credit of a lead's project is: as a transfer or the office's decision agreed it."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from crm.models import Lead
from crm.models.conflicts import Conflict
from crm.models.transfers import LeadTransfer

WHOLE, HUNDREDTH = Decimal(100), Decimal("0.01")


def shares(lead: Lead, handler) -> dict:
    """Return the share in per cent of each person; whoever handles the project gets the rest.

    The office's share goes first. What a transfer agreed after it is of what that leaves; what
    one agreed before it, the office has replaced.
    """
    split, handed = _split(lead), lead.transfers.agreed().select_related("first_contact").first()
    found, left = defaultdict(Decimal), WHOLE
    if split:
        found[split.raised_by] += split.second_share
        left -= split.second_share
    if handed and handed.first_contact and not (split and _moment(handed) < _moment(split)):
        found[handed.first_contact] += (left * handed.first_share / WHOLE).quantize(HUNDREDTH)
    found[handler] += WHOLE - sum(found.values())
    return {person: share for person, share in found.items() if share}


def _split(lead: Lead) -> Conflict | None:
    split = lead.conflicts.filter(decision=Conflict.Decision.SPLIT)
    return split.order_by("-decided_on", "-updated_at").select_related("raised_by").first()


def _moment(agreed: Conflict | LeadTransfer) -> tuple:
    """Return when it was agreed: of one day the later writing is the later."""
    on = agreed.decided_on if isinstance(agreed, Conflict) else agreed.answered_on
    return on, agreed.updated_at
