from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import PermittedQuerySet
from zone.models.audit import AuditEntry

FIRST_RETRY, LAST_RETRY = timedelta(minutes=1), timedelta(hours=1)
LATE_AFTER = timedelta(hours=1)


class JobRunQuerySet(PermittedQuerySet):
    def failing(self):
        return self.filter(failures__gt=0)

    def late(self, now: datetime | None = None):
        """Return the jobs that nobody has run though they have been due for long."""
        return self.filter(failures=0, due_at__lt=(now or timezone.now()) - LATE_AFTER)


class JobRun(models.Model):
    """A periodic job: when it is due next, when it ran last, and what came of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("job"), max_length=40, unique=True, editable=False)
    due_at = models.DateTimeField(_("due at"), db_default=Now(), editable=False)
    started_at = models.DateTimeField(_("last start"), null=True, editable=False)
    succeeded_at = models.DateTimeField(_("last success"), null=True, editable=False)
    outcome = models.CharField(_("result"), max_length=500, default="", editable=False)
    fault = models.CharField(_("last fault"), max_length=500, default="", editable=False)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)

    objects = JobRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("periodic job")
        verbose_name_plural = _("periodic jobs")
        ordering = ("name",)
        default_permissions = ("view",)
        permissions = [("run_jobrun", _("Can run periodic jobs now"))]

    def __str__(self):
        return self.name

    @property
    def is_late(self) -> bool:
        return self.due_at < timezone.now() - LATE_AFTER

    def can_run(self, user) -> bool:
        return user.has_perm("zone.run_jobrun")

    def run_now(self, *, by):
        """Make the job due, so that the worker takes it next."""
        self._write(due_at=Now())
        AuditEntry.objects.record(
            AuditEntry.Action.STATE, by=by, of=self, changes={"due_at": ["", "now"]}
        )

    def begin(self):
        self._write(started_at=Now())

    def succeed(self, outcome: str, due_at: datetime):
        """Note what came of it and when it is due again."""
        self._write(succeeded_at=Now(), outcome=outcome[:500], fault="", failures=0, due_at=due_at)

    def fail(self, fault: str, due_at: datetime):
        """Note the fault; it comes again after a pause that doubles, ``due_at`` at the latest."""
        pause = min(FIRST_RETRY * 2 ** min(self.failures, 10), LAST_RETRY)
        again = min(timezone.now() + pause, due_at)
        self._write(fault=fault[:500], failures=F("failures") + 1, due_at=again)

    def _write(self, **values):
        JobRun.objects.filter(pk=self.pk).update(**values)

    run_now.alters_data = begin.alters_data = succeed.alters_data = fail.alters_data = True
