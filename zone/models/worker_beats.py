"""Heartbeats of ``manage.py work``."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Max
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import OpenQuerySet

# A step of usual length is over by far; whoever waits for an upload should not wait much longer.
SILENT_AFTER = timedelta(minutes=1)
CLOCK_STEP = timedelta(seconds=5)
KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Pulse:
    """When the loop that has been silent longest was last alive in any worker; None: never."""

    last_beat_at: datetime | None
    age: timedelta | None

    @property
    def is_silent(self) -> bool:
        # A beat to come was made before the clock was set back.
        return self.age is None or not -CLOCK_STEP < self.age < SILENT_AFTER


class WorkerBeatQuerySet(OpenQuerySet):
    def pulse(self) -> Pulse:
        """Return how the workers are, by the database's clock; one query."""
        last = self.values("loop").annotate(last=Max("beat_at"), now=Now())
        found = {row["loop"]: (row["last"], row["now"] - row["last"]) for row in last}
        if len(found) < len(WorkerBeat.Loop):
            return Pulse(None, None)
        return Pulse(*min(found.values()))

    def forget(self) -> int:
        """Delete the rows of workers that ended long ago without order."""
        return self.filter(beat_at__lt=Now() - KEPT).delete()[0]


class WorkerBeat(models.Model):
    """A loop of a running ``manage.py work``: that it goes round, and what it began last."""

    class Loop(models.TextChoices):
        STEPS = "STEPS", _("uploads")
        JOBS = "JOBS", _("periodic jobs")
        WEBHOOKS = "WEBHOOKS", _("webhooks")

    host = models.CharField(_("host"), max_length=100)
    pid = models.PositiveIntegerField(_("process"))
    loop = models.CharField(_("loop"), max_length=10, choices=Loop)
    started_at = models.DateTimeField(_("started at"), db_default=Now())
    beat_at = models.DateTimeField(_("last beat"), db_default=Now())
    step = models.CharField(_("last step"), max_length=100)
    faults = models.PositiveIntegerField(_("failed steps"), default=0)

    objects = WorkerBeatQuerySet.as_manager()

    class Meta:
        verbose_name = _("background worker")
        verbose_name_plural = _("background workers")
        default_permissions = ("view",)
        ordering = ("host", "pid", "loop")
        constraints = [
            models.UniqueConstraint(fields=["host", "pid", "loop"], name="worker_loop_once")
        ]

    def __str__(self):
        return f"{self.host} {self.pid} {self.loop}"

    @classmethod
    def of_this_process(cls, loop: str) -> WorkerBeat:
        return cls(host=socket.gethostname()[:100], pid=os.getpid(), loop=loop)

    def beat(self, step: str, faults: int) -> None:
        """Say that the loop goes on with ``step``."""
        said = {"step": step[:100], "faults": faults}
        mine = WorkerBeat.objects.filter(host=self.host, pid=self.pid, loop=self.loop)
        if self.pk and mine.filter(pk=self.pk).update(beat_at=Now(), **said):
            return
        # A new process may have the number of one that was killed.
        mine.delete()
        self.pk = mine.create(host=self.host, pid=self.pid, loop=self.loop, **said).pk

    def end(self) -> None:
        """Take the row away: a worker that ended in order is not one that fell silent."""
        WorkerBeat.objects.filter(pk=self.pk).delete()

    beat.alters_data = end.alters_data = True
