"""Verifying the chain of the trail, and purging its oldest days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from zone.access.origin import COMMAND, Origin
from zone.audit.triggers import KEPT_DAYS
from zone.calendar import SHANGHAI, today
from zone.models import AuditEntry, AuditLink

DAYS = """
SELECT DISTINCT ON (day) day, count(*) OVER (PARTITION BY day), hash
FROM zone_auditlink WHERE day = %(day)s OR %(day)s IS NULL
ORDER BY day, position DESC
"""
# What zone_trail_hash returns, without asking it: whoever owns the database may have replaced it.
SEAL = """pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
        link.previous || pg_catalog.jsonb_build_array(
          link.position, link.day, entry.id, entry.at AT TIME ZONE 'UTC', entry.action,
          entry.by_id, entry.by_name, entry.door, pg_catalog.host(entry.address), entry.model,
          entry.object_id, entry.object_name, entry.parent, entry.changes, entry.why, entry.detail
        )::text, 'UTF8')), 'hex')"""
# What is wrong with a link, the gravest first; NULL when all is well.
FAULTS = (
    """
SELECT * FROM (
  SELECT link.position, link.day, link.entry_id, entry.at,
    CASE
      WHEN before.position IS NULL AND link.position > start.position THEN 'gap'
      WHEN before.hash IS DISTINCT FROM link.previous AND before.position IS NOT NULL
        OR before.day > link.day THEN 'order'
      WHEN entry.id IS NULL THEN 'missing'
      WHEN link.hash <> """
    + SEAL
    + """
        THEN 'changed'
    END AS fault
  FROM zone_auditlink link
  CROSS JOIN (SELECT min(position) AS position FROM zone_auditlink) start
  LEFT JOIN zone_auditlink before ON before.position = link.position - 1
  LEFT JOIN zone_auditentry entry ON entry.id = link.entry_id
  WHERE link.day = %(day)s OR %(day)s IS NULL
) links WHERE fault IS NOT NULL ORDER BY position LIMIT 1
"""
)
UNSEALED = """
SELECT NULL, (entry.at AT TIME ZONE 'Asia/Shanghai')::date, entry.id, entry.at, 'unsealed'
FROM zone_auditentry entry LEFT JOIN zone_auditlink link ON link.entry_id = entry.id
WHERE link.position IS NULL
  AND ((entry.at AT TIME ZONE 'Asia/Shanghai')::date = %(day)s OR %(day)s IS NULL)
ORDER BY entry.id LIMIT 1
"""


@dataclass(frozen=True)
class Day:
    """One day's part of the chain: how many lines, and the hash of its last link."""

    day: date
    lines: int
    head: str


@dataclass(frozen=True)
class Fault:
    """The first place where the trail is not what was written."""

    position: int | None
    day: date
    entry: int
    at: datetime | None
    kind: str

    def __str__(self):
        words = {
            "gap": _("a seal before it is missing: lines were removed"),
            "order": _("its seal does not stand on the one before: the order was changed"),
            "missing": _("the line itself is missing"),
            "changed": _("the line or its seal was changed after it was written"),
            "unsealed": _("the line has no seal: it was added past the triggers, or its seal went"),
            "start": _("the days before it are gone without a line that says who removed them"),
        }
        at = self.at and self.at.astimezone(SHANGHAI).isoformat(" ", "milliseconds")
        return _("line %(entry)s of %(time)s: %(what)s.") % {
            "entry": self.entry,
            "time": at or self.day.isoformat(),
            "what": words[self.kind],
        }


def days(day: date | None = None) -> list[Day]:
    """Return each day of the chain, or one of them, with its number of lines and its head."""
    with connection.cursor() as cursor:
        cursor.execute(DAYS, {"day": day})
        return [Day(*row) for row in cursor.fetchall()]


def first_fault(day: date | None = None) -> Fault | None:
    """Return where the trail, or one day of it, first differs from what was sealed."""
    with connection.cursor() as cursor:
        for query in (FAULTS, UNSEALED):
            cursor.execute(query, {"day": day})
            if row := cursor.fetchone():
                return Fault(*row)
    return _unexplained_start() if day is None else None


def _unexplained_start() -> Fault | None:
    """Return the oldest link unless it is the first of all or a purge led up to it."""
    oldest = AuditLink.objects.select_related("entry").first()
    if oldest is None or oldest.position == 1:
        return None
    purges = AuditEntry.objects.filter(action=AuditEntry.Action.PURGED)
    if purges.filter(detail__hash=oldest.previous).exists():
        return None
    return Fault(oldest.position, oldest.day, oldest.entry_id, oldest.entry.at, "start")


@dataclass(frozen=True)
class Purge:
    """The lines before a day, which are old enough to go."""

    lines: int
    first: date | None = None
    last: date | None = None
    hash: str = ""


def plan_purge(before: date, on: date | None = None) -> Purge:
    """Return what removing the days before ``before`` takes away; refuse what is too young."""
    limit = (on or today()) - timedelta(days=KEPT_DAYS)
    if before > limit:
        raise ValidationError(
            _("The trail is kept for %(days)d days: choose %(limit)s or an earlier day."),
            params={"days": KEPT_DAYS, "limit": limit.isoformat()},
        )
    found = [day for day in days() if day.day < before]
    if not found:
        return Purge(0)
    lines = sum(day.lines for day in found)
    return Purge(lines, found[0].day, found[-1].day, found[-1].head)


@transaction.atomic
def purge(before: date, on: date | None = None) -> Purge:
    """Remove the days before ``before`` and write a line that says so.

    A broken trail is evidence: nothing of it is removed. Rows deleted in those days stay
    known as deleted, for ``load_zone`` asks.
    """
    plan = plan_purge(before, on)
    if not plan.lines:
        return plan
    if fault := first_fault():
        raise ValidationError(
            _("The trail is broken, nothing was removed: %(fault)s"), params={"fault": str(fault)}
        )
    links = AuditLink.objects.filter(day__lt=before)
    entries = AuditEntry.objects.filter(pk__in=links.values("entry"))
    AuditEntry.objects.record(
        AuditEntry.Action.PURGED,
        origin=Origin(COMMAND),
        lines=plan.lines,
        first=plan.first.isoformat(),
        last=plan.last.isoformat(),
        hash=plan.hash,
        deleted=_deleted_in(entries),
    )
    with connection.cursor() as cursor:
        # The new line takes its place in the chain before the beginning of the chain goes.
        seal_now()
        cursor.execute("SELECT set_config('zone.purge', 'on', true)")
        entries._raw_delete(entries.db)
        links._raw_delete(links.db)
        cursor.execute("SELECT set_config('zone.purge', 'off', true)")
    return plan


def seal_now():
    """Give the lines of this transaction their links, as its commit would."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS link_queued IMMEDIATE")
        cursor.execute("SET CONSTRAINTS link_queued DEFERRED")


def _deleted_in(entries) -> list[str]:
    gone = set(entries.filter(action=AuditEntry.Action.DELETED).values_list("object_id", flat=True))
    for detail in entries.filter(action=AuditEntry.Action.PURGED).values_list("detail", flat=True):
        gone |= set(detail.get("deleted", ()))
    return sorted(gone)
