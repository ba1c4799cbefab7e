"""What is done to a lead at one tap: contacted, put off, and taken back."""

from __future__ import annotations

from datetime import date, timedelta

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.models import FollowUp, Lead
from zone.calendar import today
from zone.models import AuditEntry, ZoneSetting

SALT = "crm.daily"
# A contact changes these; taken back it leaves no advantage behind.
WRITTEN_BACK = ("next_follow_up_on", "untouched_since", "protected_until", "fed_back_on")
TAKEN_BACK_WITHIN = timedelta(minutes=10)


def usual_next(on: date | None = None) -> date:
    """Return the day of the next contact where none is named."""
    (days,) = ZoneSetting.whole(ZoneSetting.Key.NEXT_FOLLOW_UP_DAYS)
    return (on or today()) + timedelta(days=days)


@transaction.atomic
def contacted(lead: Lead, *, by, version: int) -> str:
    """Write a call that needs no words; return what takes it back."""
    before = _locked(lead, version)
    row = FollowUp(lead=lead, by=by, kind=FollowUp.Kind.CALL, summary=_("Contacted."))
    row.next_on = usual_next()
    row.full_clean()
    row.clean_for(by)
    row.save()
    return _ticket(lead, before, row.pk, by)


@transaction.atomic
def put_off(lead: Lead, *, by, to: date, version: int) -> str:
    """Put the next follow-up on another day; return what takes it back."""
    before = _locked(lead, version)
    lead.reschedule(by=by, next_on=to)
    return _ticket(lead, before, None, by)


@transaction.atomic
def take_back(ticket: str, lead: Lead, *, by) -> Lead:
    """Undo what ``by`` did to the lead by ``contacted`` or ``put_off``, unless it changed since."""
    try:
        done = signing.loads(ticket, salt=SALT, max_age=TAKEN_BACK_WITHIN)
    except signing.BadSignature as fault:
        raise ValidationError(_("It is too late to take this back; please correct it.")) from fault
    if (done["lead"], done["by"]) != (str(lead.pk), str(by.pk)) or not lead.can_follow_up(by):
        raise ValidationError(Lead.CLOSED)
    _locked(lead, done["version"])
    if done["follow_up"] and (row := FollowUp.objects.filter(pk=done["follow_up"]).first()):
        _remove(row, by)
        Lead.objects.refresh_contacts({lead.pk})
        lead.refresh_from_db()
    _restore(lead, done["before"], by)
    return lead


def _locked(lead: Lead, version: int) -> dict[str, str]:
    """Lock the lead as it was seen, and return what is written back by ``take_back``.

    A second tap finds a newer version, so nothing is done twice.
    """
    lead.lock()
    if lead.version != version:
        raise ValidationError(_("The lead has been changed since; please look at it first."))
    return {name: str(getattr(lead, name) or "") for name in WRITTEN_BACK}


def _restore(lead: Lead, before: dict[str, str], by):
    now = {name: str(getattr(lead, name) or "") for name in before}
    for name, text in before.items():
        setattr(lead, name, lead._meta.get_field(name).to_python(text or None))
    lead.save(update_fields=[*before])
    changes = {name: [now[name], text] for name, text in before.items() if text != now[name]}
    AuditEntry.objects.record(AuditEntry.Action.CHANGED, by=by, of=lead, changes=changes)


def _remove(row: FollowUp, by):
    AuditEntry.objects.record(
        AuditEntry.Action.DELETED, by=by, of=row, changes={"summary": [row.summary, ""]}
    )
    row.delete()


def _ticket(lead: Lead, before: dict[str, str], follow_up, by) -> str:
    lead.refresh_from_db()
    done = {"lead": str(lead.pk), "version": lead.version, "before": before}
    done |= {"by": str(by.pk), "follow_up": str(follow_up or "")}
    return signing.dumps(done, salt=SALT)
