"""What waits at a lead, as its page says it first: screening, transfer, conflict."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.admin.screening_forms import screening_notes
from crm.models import Lead
from crm.models.conflicts import Conflict
from crm.models.transfers import LeadTransfer


def notes_of(request, lead: Lead) -> list[dict]:
    return [*screening_notes(request, lead), *_transfers(request, lead), *_conflicts(request, lead)]


def _transfers(request, lead: Lead) -> list[dict]:
    found = LeadTransfer.objects.visible_to(request.user).waiting().filter(lead=lead)
    text = _("A transfer waits for its answer:")
    return [_note(text, "leadtransfer", one, one.target) for one in found]


def _conflicts(request, lead: Lead) -> list[dict]:
    found = Conflict.objects.visible_to(request.user).filter(lead=lead).select_related("raised_by")
    open_, decided = _("A second claim waits for the office:"), _("A second claim is decided:")
    return [
        _note(decided if one.decision else open_, "conflict", one, str(one.raised_by))
        for one in found
    ]


def _note(text, model: str, row, link: str) -> dict:
    return {"text": text, "url": reverse(f"admin:crm_{model}_change", args=[row.pk]), "link": link}
