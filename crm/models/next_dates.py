from __future__ import annotations

from datetime import date

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from crm.models.notices import settle
from zone.calendar import short_day, today
from zone.models import AuditEntry


class Dated(models.Model):
    """What is followed up on the day ``next_follow_up_on``."""

    class Meta:
        abstract = True

    @property
    def next_contact_on(self) -> date | None:
        return self.next_follow_up_on

    @property
    def next_day(self) -> str:
        return short_day(self.next_follow_up_on) if self.next_follow_up_on else ""

    @property
    def days_overdue(self) -> int:
        return (today() - self.next_follow_up_on).days

    def can_reschedule(self, user) -> bool:
        return self.can_change(user) and user.has_perm("crm.change_lead", self)

    @transaction.atomic
    def reschedule(self, *, by, next_on: date):
        """Put the next follow-up on another day that lies ahead."""
        self.lock()
        if not self.is_open:
            raise ValidationError(_("This lead is already closed."), code="stage")
        if next_on < today():
            raise ValidationError({"next_on": _("The next date lies ahead: today or later.")})
        before, self.next_follow_up_on = self.next_follow_up_on, next_on
        if before == next_on:
            return
        self.save(update_fields=["next_follow_up_on"])
        changes = {"next_follow_up_on": [str(before or ""), str(next_on)]}
        AuditEntry.objects.record(AuditEntry.Action.CHANGED, by=by, of=self, changes=changes)
        settle(by, self)

    reschedule.alters_data = True
