"""How the installation is: each thing with a state, what was found, and what to do when it is bad.

``/readyz`` and the health page ask the same functions.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Count, Min
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from zone.feed.log import lag
from zone.models import ApiUpload, JobRun, WebhookDelivery, WorkerBeat
from zone.monitoring.disks import Disk, disks

logger = logging.getLogger(__name__)
GOOD, WARNING, BAD = "GOOD", "WARNING", "BAD"
SHAPES = {GOOD: "●", WARNING: "▲", BAD: "■"}
WORDS = {
    GOOD: gettext_lazy("in order"),
    WARNING: gettext_lazy("look at it"),
    BAD: gettext_lazy("act now"),
}
LAG_WARNING, LAG_BAD = 60_000, 600_000  # ms
UPLOAD_WARNING, UPLOAD_BAD = timedelta(minutes=10), timedelta(hours=1)
WEBHOOK_WARNING, WEBHOOK_BAD = timedelta(minutes=10), timedelta(hours=6)
DISK_WARNING = 10  # percent free
PURPOSES = {
    "uploads": gettext_lazy("Disk: uploaded files"),
    "temp": gettext_lazy("Disk: files on their way in"),
    "var": gettext_lazy("Disk: logs and keys"),
    "database": gettext_lazy("Disk: database"),
}


@dataclass(frozen=True)
class Check:
    """One thing looked at; ``cure`` says what to do unless it is in order."""

    title: str
    state: str
    found: str
    cure: str = ""

    @property
    def shape(self) -> str:
        return SHAPES[self.state]

    @property
    def word(self) -> str:
        return str(WORDS[self.state])


# What both ask


@functools.cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """Return the migrations of the code, which stays as it is while the process lives."""
    return frozenset(MigrationLoader(None).graph.nodes)


def missing_migrations() -> int:
    return len(known_migrations() - MigrationRecorder(connection).applied_migrations().keys())


def bad_disks() -> list[Disk]:
    """Return the disks that are full or cannot be written; the log says where and how much."""
    bad = [disk for disk in disks() if disk.fault]
    for disk in bad:
        logger.error(disk.line)
    return bad


# The page


def checks() -> Iterator[Check]:
    yield database()
    yield migrations()
    yield from map(disk_check, disks())
    yield worker()
    yield jobs()
    yield feed()
    yield uploads()
    yield webhooks()
    yield dead_letters()


def database() -> Check:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), pg_is_in_recovery(), count(*),"
            " current_setting('max_connections')::int FROM pg_stat_activity"
            " WHERE backend_type = 'client backend'"
        )
        version, only_reads, used, most = cursor.fetchone()
    found = _("PostgreSQL %(version)s, %(used)d of %(most)d connections in use") % {
        "version": version.split()[0],
        "used": used,
        "most": most,
    }
    if only_reads:
        cure = _(
            "It is a standby that only reads: nothing can be saved. Point DATABASE_URL at the "
            "primary server."
        )
        return Check(_("Database"), BAD, found, cure)
    if used > 0.8 * most:
        cure = _("Few connections are left: raise max_connections or run fewer server processes.")
        return Check(_("Database"), WARNING, found, cure)
    return Check(_("Database"), GOOD, found)


def migrations() -> Check:
    missing = missing_migrations()
    if not missing:
        found = _("all %d applied") % len(known_migrations())
        return Check(_("Database version"), GOOD, found)
    found = ngettext("%d step missing", "%d steps missing", missing) % missing
    return Check(_("Database version"), BAD, found, _("Run manage.py migrate."))


def disk_check(disk: Disk) -> Check:
    title = str(PURPOSES[disk.purpose])
    found = _("%(free)s GiB free (%(percent)d %%), %(folder)s") % {
        "free": f"{disk.free_mib / 1024:,.1f}",
        "percent": disk.free_percent,
        "folder": disk.folder,
    }
    if disk.fault:
        cure = _(
            "There is no room left, or the folder cannot be written: free some, enlarge the "
            "disk, or give the server's account the right to write there."
        )
        return Check(title, BAD, found, cure)
    if disk.free_percent < DISK_WARNING:
        return Check(title, WARNING, found, _("Free some room or enlarge the disk soon."))
    return Check(title, GOOD, found)


def worker() -> Check:
    title, pulse = _("Background worker"), WorkerBeat.objects.pulse()
    if pulse.last_beat_at is None:
        found = _("not seen so far")
    else:
        found = _("last beat %s ago") % span(pulse.age)
    if pulse.is_silent:
        cure = _(
            "Uploads and webhooks of the interface wait. Start it: manage.py start has it "
            "beside the server; in production the service that runs manage.py work."
        )
        return Check(title, BAD, found, cure)
    return Check(title, GOOD, found)


def jobs() -> Check:
    title, runs = _("Periodic jobs"), list(JobRun.objects.all())
    if names := ", ".join(run.name for run in runs if run.failures):
        cure = _("The fault stands under Periodic jobs; cure it, then run the job now.")
        return Check(title, BAD, _("failing: %s") % names, cure)
    if names := ", ".join(run.name for run in runs if run.is_late):
        cure = _("Look whether the background worker goes on; it makes up what was missed.")
        return Check(title, WARNING, _("late: %s") % names, cure)
    return Check(title, GOOD, _("all done in time"))


def feed() -> Check:
    behind = lag()
    found = _("%s behind") % span(timedelta(milliseconds=behind))
    cure = _(
        "A transaction that has been open for long holds the feed back: find it in "
        "pg_stat_activity and end it."
    )
    return _by_size(_("Change feed"), behind, LAG_WARNING, LAG_BAD, found, cure)


def uploads() -> Check:
    waiting = ApiUpload.objects.open().aggregate(count=Count("pk"), oldest=Min("at"))
    cure = _("Look whether the background worker goes on; its log names an upload that fails.")
    title = _("Waiting uploads")
    return _by_age(title, waiting, UPLOAD_WARNING, UPLOAD_BAD, cure)


def webhooks() -> Check:
    due = WebhookDelivery.objects.due(timezone.now())
    waiting = due.aggregate(count=Count("pk"), oldest=Min("next_at"))
    cure = _(
        "Look whether the background worker goes on, and at the last faults under Webhook messages."
    )
    return _by_age(_("Due webhooks"), waiting, WEBHOOK_WARNING, WEBHOOK_BAD, cure)


def dead_letters() -> Check:
    dead = WebhookDelivery.objects.dead().count()
    found = ngettext("%d message given up", "%d messages given up", dead) % dead
    if not dead:
        return Check(_("Dead letters"), GOOD, found)
    cure = _(
        "Ask whoever runs the receiver to mend it, then send the messages again under Webhook "
        "messages."
    )
    return Check(_("Dead letters"), WARNING, found, cure)


def _by_age(title: str, waiting: dict, warning: timedelta, bad: timedelta, cure: str) -> Check:
    number = waiting["count"]
    if not number:
        return Check(title, GOOD, _("none"))
    age = max(timezone.now() - waiting["oldest"], timedelta())
    found = _("%(number)d, the oldest for %(age)s") % {"number": number, "age": span(age)}
    return _by_size(title, age, warning, bad, found, cure)


def _by_size(title: str, size, warning, bad, found: str, cure: str) -> Check:
    if size < warning:
        return Check(title, GOOD, found)
    return Check(title, BAD if size >= bad else WARNING, found, cure)


def span(length: timedelta) -> str:
    """Write a length of time in its largest unit."""
    seconds = int(length.total_seconds())
    if seconds < 120:
        return _("%d s") % seconds
    if seconds < 7200:
        return _("%d min") % (seconds // 60)
    return _("%d h") % (seconds // 3600)
