"""Rows that are read once, until a table that they come from is written.

Every statement on the table of a ``Row`` or of a history notes its transaction in ``zone_write``.
Rows are kept with a snapshot taken before they were read, and are right as long as it has seen
every transaction that is noted for one of their tables by now.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.apps import apps
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.models import QuerySet

from zone.database.objects import DatabaseObject, function, trigger

WRITES = "zone_write"
SECONDS = 600  # a bound for what no trigger sees, as a table restored from a dump
WRITES_STAY = timedelta(days=1)
TABLE = re.compile(r'(?:FROM|JOIN) "(\w+)"')
NAMED = re.compile(r'"(\w+)" AS (?:MATERIALIZED )?\(')  # common table expressions
NOTE = function(
    "zone_note_write()",
    f"""
BEGIN
  INSERT INTO {WRITES} (source) VALUES (TG_RELID) ON CONFLICT DO NOTHING;
  RETURN NULL;
END """,
)
# A transaction that has written sees rows that nobody else may be shown; the snapshot of a standby
# does not name the writers that are under way.
LOOK = f"""
SELECT pg_current_snapshot()::text,
  pg_current_xact_id_if_assigned() IS NOT NULL OR pg_is_in_recovery(), EXISTS (
  SELECT FROM {WRITES} WHERE source = ANY(%(tables)s::regclass[])
    AND xid >= pg_snapshot_xmin(%(seen)s::pg_snapshot)
    AND NOT pg_visible_in_snapshot(xid, %(seen)s::pg_snapshot))
"""


def objects() -> Iterator[DatabaseObject]:
    yield NOTE
    when = "AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT"
    for table in sorted(noted_tables()):
        yield trigger("note_write", table, when, "zone_note_write()")


def noted_tables() -> set[str]:
    return {
        model._meta.db_table
        for model in apps.get_models()
        if hasattr(model, "BELONGS_TO") or hasattr(model, "SUBJECT")
    }


def rows(queryset: QuerySet) -> list[tuple]:
    """Return the rows of a ``values_list`` queryset, read anew only after one was written."""
    statement, parameters = queryset.query.sql_with_params()
    key = hashlib.sha256(repr((queryset.db, statement, parameters)).encode()).hexdigest()
    seen, kept = cache.get(key, (None, None))
    snapshot, must_read, is_stale = _look(queryset.db, _tables(statement), seen)
    if must_read:
        return list(queryset.all())
    if kept is None or is_stale:
        kept = list(queryset.all())
        cache.set(key, (snapshot, kept), SECONDS)
    return kept


def _look(using: str, tables: list[str], seen: str | None) -> tuple[str, bool, bool]:
    with connections[using].cursor() as cursor:
        cursor.execute(LOOK, {"tables": tables, "seen": seen})
        return cursor.fetchone()


def _tables(statement: str) -> list[str]:
    tables = set(TABLE.findall(statement)) - set(NAMED.findall(statement))
    if unknown := tables - noted_tables():
        raise ImproperlyConfigured(f"Nothing notes who writes {', '.join(sorted(unknown))}.")
    return sorted(tables)


def forget(now: datetime, using: str = "default") -> None:
    """Remove the notes that no kept rows can need any more."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"DELETE FROM {WRITES} WHERE at < %s", [now - WRITES_STAY])
