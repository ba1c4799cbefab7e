"""Notices for the demo's people, by the rules that write them at work."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from crm.models import notices as leads
from crm.models.conflicts import Conflict
from crm.models.screenings import Screening
from crm.models.transfers import LeadTransfer
from zone.models.notices import Notice
from zone.notices.due import tell_due

LATELY = 20  # screenings that are told of
EVERY = 3  # one in so many has been read


def add_notices():
    """Tell what is due and what waits or was decided; some of it days ago, and read."""
    for transfer in LeadTransfer.objects.filter(is_demo=True):
        if transfer.answered_by_id:
            leads.tell_answered(transfer, by=transfer.answered_by)
        else:
            leads.tell_proposed(transfer)
    for conflict in Conflict.objects.filter(is_demo=True):
        if conflict.decision:
            leads.tell_decided(conflict, conflict.lead.owner, by=conflict.decided_by)
        else:
            leads.tell_claimed(conflict, by=conflict.raised_by)
    sheets = Screening.objects.filter(is_demo=True).exclude(result="").order_by("-decided_on", "pk")
    for sheet in sheets.select_related("lead__owner", "prepared_by", "decided_by")[:LATELY]:
        leads.tell_screened(sheet, by=sheet.decided_by)
    tell_due(timezone.now())
    _read_some()


def _read_some():
    """Spread the notices over the days before; what is older has been read."""
    mine = Notice.objects.filter(person__is_demo=True).order_by("person", "kind", "pk")
    for place, pk in enumerate(mine.values_list("pk", flat=True)):
        if place % EVERY == 0:
            days = timedelta(days=1 + place % 6, minutes=place % 97)
            old = Notice.objects.filter(pk=pk)
            old.update(created_at=F("created_at") - days, read_at=F("created_at"))
