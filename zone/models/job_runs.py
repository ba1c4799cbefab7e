from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import PermittedQuerySet
from zone.models.audit import AuditEntry

FIRST_RETRY, LAST_RETRY = timedelta(minutes=1), timedelta(hours=1)
LATE_AFTER = timedelta(hours=1)


class JobRunQuerySet(PermittedQuerySet):
    @transaction.atomic
    def take(self, lease: timedelta) -> JobRun | None:
        """Return a job of these that is due, held for ``lease``; None when others hold them all.

        A worker that was killed leaves its job until then; one that ends in order lets go of it.
        """
        now = timezone.now()
        free = self.filter(Q(held_until=None) | Q(held_until__lt=now), due_at__lte=now)
        run = free.select_for_update(skip_locked=True).order_by("due_at").first()
        if run is not None:
            run.write(held_until=now + lease, started_at=now)
        return run


class JobRun(models.Model):
    """A periodic job: when it is due next, when it ran last, and what came of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("job"), max_length=40, unique=True, editable=False)
    due_at = models.DateTimeField(_("due at"), db_default=Now(), editable=False)
    held_until = models.DateTimeField(_("under way until"), null=True, editable=False)
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
        """Whether nobody has run the job though it has been due for long."""
        return self.due_at < timezone.now() - LATE_AFTER

    def can_run(self, user) -> bool:
        return user.has_perm("zone.run_jobrun")

    def run_now(self, *, by):
        """Make the job due, so that the worker takes it next."""
        self.write(due_at=timezone.now())
        AuditEntry.objects.record(
            AuditEntry.Action.STATE, by=by, of=self, changes={"due_at": ["", "now"]}
        )

    def succeed(self, outcome: str, due_at: datetime):
        """Note what came of it and when it is due again."""
        done = {"succeeded_at": timezone.now(), "outcome": outcome[:500]}
        self.write(held_until=None, fault="", failures=0, due_at=due_at, **done)

    def fail(self, fault: str, due_at: datetime):
        """Note the fault; it comes again after a pause that doubles, ``due_at`` at the latest."""
        pause = min(FIRST_RETRY * 2 ** min(self.failures, 10), LAST_RETRY)
        again = min(timezone.now() + pause, due_at)
        failures = self.failures + 1
        self.write(held_until=None, fault=fault[:500], failures=failures, due_at=again)

    def let_go(self):
        """Leave the job to the next worker: this one ends before it is done."""
        self.write(held_until=None)

    def write(self, **values):
        JobRun.objects.filter(pk=self.pk).update(**values)

    for _writer in (run_now, succeed, fail, let_go, write):
        _writer.alters_data = True
    del _writer
