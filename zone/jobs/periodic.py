"""Periodic jobs: each app names its own in its module ``jobs``; the worker runs what is due.

A row of ``JobRun`` says when a job is due next. Only a run that ended moves it on: what was missed
while no worker ran is made up once, and a run that was killed comes again at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache

from django.db import Error, connection
from django.utils import timezone

from zone.apps import modules_of_apps
from zone.calendar import SHANGHAI
from zone.database.outages import in_one_line
from zone.models import JobRun
from zone.privacy.masking import masked_text

logger = logging.getLogger(__name__)
LOCK = "pg_try_advisory_lock(hashtextextended(%s, 9))"
UNLOCK = "pg_advisory_unlock(hashtextextended(%s, 9))"
LIMIT = 60 * 60  # seconds, of the watch over the worker's loops
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
    rows, now = _rows(), timezone.now()
    for run in rows:
        if run.due_at <= now:
            with _held(run) as is_ours:
                # Whoever held it before may have just done it.
                if is_ours and JobRun.objects.filter(pk=run.pk, due_at__lte=now).exists():
                    _perform(jobs()[run.name], run)
                    return True
    return False


step.limit = LIMIT


def _rows() -> list[JobRun]:
    """Return the rows of all jobs; a new job gets its own and is due at once."""
    rows = list(JobRun.objects.filter(name__in=jobs()).order_by("due_at"))
    if missing := jobs().keys() - {row.name for row in rows}:
        JobRun.objects.bulk_create(map(_of, sorted(missing)), ignore_conflicts=True)
        return _rows()
    return rows


def _of(name: str) -> JobRun:
    return JobRun(name=name)


@contextmanager
def _held(run: JobRun) -> Iterator[bool]:
    """Hold the job for this connection; whether nobody else does.

    By a lock of the session, which ends with the connection of a worker that was killed. A row lock
    would need one transaction around the whole job, and the change feed waits for the oldest one.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {LOCK}", [run.name])
        (is_ours,) = cursor.fetchone()
    try:
        yield is_ours
    finally:
        if is_ours:
            with suppress(Error), connection.cursor() as cursor:
                cursor.execute(f"SELECT {UNLOCK}", [run.name])


def _perform(job: PeriodicJob, run: JobRun) -> None:
    run.begin()
    try:
        outcome = job.run()
    except Exception as fault:
        words = masked_text(f"{type(fault).__name__}: {in_one_line(fault)}")
        logger.error("the job %s failed: %s", job.name, words)
        with suppress(Error):  # the database itself may be what is away
            run.fail(words, job.due_after(timezone.now()))
        raise  # the loop logs it and counts it
    run.succeed(outcome, job.due_after(timezone.now()))
