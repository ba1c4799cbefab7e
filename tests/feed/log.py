"""Reading the log in tests: what happened since a moment, in the order of the triggers."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from zone.feed.synced import by_number
from zone.feed.tables import LOG


@dataclass(frozen=True)
class Event:
    name: str
    object_id: UUID
    version: int | None
    op: str
    tokens: frozenset
    origin: UUID | None = None


def last() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(seq), 0) FROM {LOG}")
        return cursor.fetchone()[0]


def events(since: int = 0) -> list[Event]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT entity, object_id, version, op, tokens, origin FROM {LOG} "
            "WHERE seq > %s ORDER BY seq",
            [since],
        )
        return [
            Event(by_number()[row[0]].SYNC.name, *row[1:4], frozenset(row[4]), row[5])
            for row in cursor.fetchall()
        ]


class Watch:
    """Collects what is written from its making on: ``watch.events()``."""

    def __init__(self):
        self.since = last()

    def events(self) -> list[Event]:
        return events(self.since)

    def of(self, row) -> list[Event]:
        return [event for event in self.events() if event.object_id == row.pk]
