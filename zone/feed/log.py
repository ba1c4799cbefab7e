"""The log's own state: where its readable part ends, which history it tells, how far it reaches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connections
from django.db.transaction import TransactionManagementError, atomic

from zone.feed.tables import LOG, STATE

RETENTION_DAYS = 30

# What makes this history this one: another server, another database, a promoted standby, a log
# that was restored from a dump or emptied all tell other histories. A standby's control file
# names the timeline of its last restart point, so the one it recovers to is asked as well.
LOOK = f"""
SELECT pg_snapshot_xmin(now.it)::text::bigint, pg_snapshot_xmax(now.it)::text::bigint,
  pg_is_in_recovery(), floor_xid::text::bigint, floor_seq,
  concat_ws('/', epoch, (SELECT system_identifier FROM pg_control_system()),
    (SELECT oid FROM pg_database WHERE datname = current_database()), '{LOG}'::regclass::oid,
    CASE WHEN pg_is_in_recovery() THEN greatest(
      (SELECT timeline_id FROM pg_control_checkpoint()),
      (SELECT min_recovery_end_timeline FROM pg_control_recovery()))
    ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END)
FROM {STATE}, (SELECT pg_current_snapshot()) now(it)
"""
# A writer that goes on, or is forgotten, holds back what was written after it began. A standby
# does not know of writers, only of events that already wait for one.
LAG = f"""
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(since)) * 1000, 0)::bigint FROM (
  SELECT xact_start FROM pg_stat_activity
    WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
  UNION ALL SELECT prepared FROM pg_prepared_xacts
  UNION ALL (SELECT changed_at FROM {LOG}
    WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())
      AND xid <> coalesce(pg_current_xact_id_if_assigned(), '0') ORDER BY xid, seq LIMIT 1)
) held(since)
"""


@dataclass(frozen=True, order=True)
class Place:
    """A position in the log: events up to and including it have been read."""

    xid: int
    seq: int = 0


@dataclass(frozen=True)
class State:
    """What the log looks like in one snapshot of the database."""

    horizon: Place
    newest: int
    is_standby: bool
    floor: Place
    epoch: str


def look(using: str = "default") -> State:
    with connections[using].cursor() as cursor:
        cursor.execute(LOOK)
        horizon, newest, is_standby, floor_xid, floor_seq, history = cursor.fetchone()
    epoch = hashlib.sha256(history.encode()).hexdigest()[:16]
    return State(Place(horizon), newest, is_standby, Place(floor_xid, floor_seq), epoch)


def lag(using: str = "default") -> int:
    """Return for how many ms the oldest transaction that writes has held back the feed."""
    with connections[using].cursor() as cursor:
        cursor.execute(LAG)
        return max(cursor.fetchone()[0], 0)


def trim(before: datetime, using: str = "default") -> int:
    """Delete the part of the log that is older than ``before`` and return how many lines.

    Whole transactions, from the beginning on: the floor then tells an older cursor from one
    that has missed nothing.
    """
    with atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute(f"SELECT FROM {STATE} FOR UPDATE")
        cursor.execute(
            f"""WITH gone AS (DELETE FROM {LOG} WHERE xid < least(
                  pg_snapshot_xmin(pg_current_snapshot()),
                  (SELECT xid FROM {LOG} WHERE changed_at >= %s ORDER BY xid, seq LIMIT 1)
                ) RETURNING xid, seq)
                SELECT count(*), max(xid)::text, (SELECT seq FROM gone ORDER BY xid DESC, seq DESC
                  LIMIT 1) FROM gone""",
            [before],
        )
        lines, xid, seq = cursor.fetchone()
        if lines:
            values = [xid, seq]
            cursor.execute(f"UPDATE {STATE} SET floor_xid = %s::xid8, floor_seq = %s", values)
    return lines


@contextmanager
def with_origin(origin: UUID, using: str = "default") -> Iterator[None]:
    """Note in the log that what is written inside came from this client.

    For the current transaction only: a setting of the session would stay with the connection
    and mark the next request's writes. An exception must leave the transaction as well.
    """
    if not connections[using].in_atomic_block:
        raise TransactionManagementError("with_origin belongs inside a transaction")
    before = _set_origin(str(origin), using)
    yield
    _set_origin(before, using)


def _set_origin(origin: str, using: str) -> str:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('zone.origin', true), '')")
        before = cursor.fetchone()[0]
        cursor.execute("SELECT set_config('zone.origin', %s, true)", [origin])
    return before
