"""Periodic jobs: each app names its own in its module ``jobs``; the worker runs what is due.

A row of ``JobRun`` says when a job is due next. Only a run that ended moves it on: what was missed
while no worker ran is made up once, and a run that was killed comes again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache

from django.db import Error
from django.utils import timezone

from zone.apps import modules_of_apps
from zone.calendar import SHANGHAI
from zone.database.outages import in_one_line
from zone.models import JobRun
from zone.privacy.masking import masked_text

logger = logging.getLogger(__name__)
# Seconds that a job may take: then the watch ends its process, and another takes it up again.
LIMIT = 10 * 60
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class PeriodicJob:
    """Work to be done ``every`` so long, or each day ``at`` a time of the zone.

    ``run`` returns in words what it did. It may be run at any time and again: what is done already
    is not done twice.
    """

    name: str
    title: str
    run: Callable[[], str]
    every: timedelta = A_DAY
    at: time | None = None

    def due_after(self, moment: datetime) -> datetime:
        """Return when the job is due again after a run at ``moment``."""
        if self.at is None:
            return moment + self.every
        local = moment.astimezone(SHANGHAI)
        due = datetime.combine(local.date(), self.at, SHANGHAI)
        return due if due > local else due + A_DAY


@cache
def jobs() -> dict[str, PeriodicJob]:
    """Return the jobs of all apps by name."""
    return {job.name: job for module in modules_of_apps("jobs") for job in module.JOBS}


def step() -> bool:
    """Run one job that is due and that no other worker runs; whether there was one."""
    rows = JobRun.objects.filter(name__in=jobs())
    if rows.count() < len(jobs()):
        # A new job gets its row and is due at once.
        JobRun.objects.bulk_create([JobRun(name=name) for name in jobs()], ignore_conflicts=True)
    run = rows.take(timedelta(seconds=LIMIT))
    if run is not None:
        _perform(jobs()[run.name], run)
    return run is not None


step.limit = LIMIT


def _perform(job: PeriodicJob, run: JobRun) -> None:
    try:
        outcome = job.run()
    except Exception as fault:
        words = masked_text(f"{type(fault).__name__}: {in_one_line(fault)}")
        logger.error("the job %s failed: %s", job.name, words)
        with suppress(Error):  # the database itself may be what is away
            run.fail(words, job.due_after(timezone.now()))
        raise  # the loop logs it and counts it
    except BaseException:
        run.let_go()
        raise
    run.succeed(outcome, job.due_after(timezone.now()))
