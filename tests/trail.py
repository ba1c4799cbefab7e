"""What only somebody with the whole database in hand can do to the trail: open it."""

from contextlib import contextmanager
from datetime import timedelta

from django.db import connection

from zone.audit.triggers import ENTRIES, LINKS, TRIGGERS
from zone.models import AuditEntry


def execute(statement: str, values=()) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def seal() -> None:
    """Do now what a commit does: give every line its link."""
    execute("SET CONSTRAINTS link_queued IMMEDIATE")
    execute("SET CONSTRAINTS link_queued DEFERRED")


@contextmanager
def opened():
    """Switch the triggers of both tables off, as the owner of the tables can."""
    ours = [(one.table, one.name) for one in TRIGGERS if one.table in (ENTRIES, LINKS)]
    seal()
    for table, name in ours:
        execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
    yield
    for table, name in ours:
        execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def write(lines: int = 1, days_ago: int = 0) -> list[AuditEntry]:
    """Write sealed lines that the database believes to be ``days_ago`` old, the oldest first."""
    entries = [AuditEntry.objects.record("CREATED", line=n) for n in range(lines)]
    seal()
    if days_ago:
        with opened():
            age_links(entries, days_ago)
    return entries


def age_links(entries: list[AuditEntry], days: int) -> None:
    """Move lines and their links back in time and seal them anew, for tests of old trails."""
    age = timedelta(days=days)
    for entry in entries:
        execute(f"UPDATE {ENTRIES} SET at = at - %s WHERE id = %s", (age, entry.pk))
        execute(
            f"""UPDATE {LINKS} link SET day = link.day - %s,
                  previous = coalesce(before.hash, ''),
                  hash = zone_trail_hash(coalesce(before.hash, ''), link.position,
                                         link.day - %s, entry)
                FROM {ENTRIES} entry, (SELECT 1) one
                LEFT JOIN {LINKS} before ON before.position =
                  (SELECT position - 1 FROM {LINKS} WHERE entry_id = %s)
                WHERE entry.id = link.entry_id AND link.entry_id = %s""",
            (days, days, entry.pk, entry.pk),
        )
