"""A page of the change feed: what changed for one client since its cursor.

The page and the rows it describes come from one snapshot. Of the log it reads what lies below the
oldest transaction still running (no earlier event can appear later), and for each row in it asks
what the client sees *now*: visible is an upsert; not visible, and the event names this client's
chains, parks or account, a tombstone; anything else was never the client's.

A consumer applies an item unless it holds a higher version of that row. Equal ones count: moving
a project to another chain takes its agreements out of a scope, and back in, without changing
them. A row that was deleted never comes back, and its tombstone is higher than all it ever was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from django.db import connections, models
from django.db.transaction import atomic

from zone.feed import any_of  # noqa: F401  registers the look-up
from zone.feed.cursor import Cursor
from zone.feed.log import Place, lag, look
from zone.feed.scope import Scope
from zone.feed.synced import by_number, entities
from zone.feed.tables import LOG
from zone.models import ExternalRef, Merged

LONGEST = 500  # items of a page
# Lines of the log looked through for one page: a narrow client in a busy zone gets on, and no
# page takes long.
SCANNED = 5_000
# The highest version that JSON readers keep exactly; for a row whose end was not logged.
LAST_VERSION = 2**53 - 1
UPSERT, DELETE = "upsert", "delete"
OUT_OF_SCOPE = "out_of_scope"
# What somebody else's move took away or gave is no echo of one's own write.
WINDOW = f"""
SELECT log.xid::text::bigint, log.seq, entity, object_id::text, tokens && %s::uuid[],
  op <> 'V' AND origin IS NOT DISTINCT FROM %s::uuid AND origin IS NOT NULL
FROM {LOG} log WHERE (log.xid, log.seq) > (%s::text::xid8, %s) AND log.xid < %s::text::xid8
-- Not "xid", which would be the number made of it, and no index has that.
ORDER BY log.xid, log.seq LIMIT %s
"""
DELETED = f"""
SELECT object_id, max(version) FROM {LOG} WHERE op = 'D' AND object_id = ANY(%s) GROUP BY 1
"""

# Loads rows of one kind as they are to be shown: with ``pk``, ``version``, and ``external_refs``
# if they are wanted.
Rows = Callable[[str, models.QuerySet], Iterable]


@dataclass
class Item:
    """A row that the client sees, or a tombstone of one that it no longer does.

    ``reason`` of a tombstone: ``deleted``, ``merged`` (then ``merged_into``), ``out_of_scope``.
    """

    entity: str
    id: UUID
    op: str
    version: int
    external_refs: list[dict[str, str]] = field(default_factory=list)
    reason: str | None = None
    merged_into: UUID | None = None
    row: object | None = None


@dataclass
class Page:
    items: list[Item]
    cursor: str
    has_more: bool
    lag_ms: int


class End(NamedTuple):
    version: int
    reason: str
    merged_into: UUID | None = None


class Event(NamedTuple):
    """A line of the log; ids are texts, since making a UUID of each takes longer than reading."""

    xid: int
    seq: int
    entity: int
    object_id: str
    concerns: bool
    echo: bool

    @property
    def key(self) -> tuple[int, str]:
        return self.entity, self.object_id

    @property
    def place(self) -> Place:
        return Place(self.xid, self.seq)


def read_page(
    scope: Scope,
    cursor: str,
    *,
    limit: int = LONGEST,
    entities: Iterable[str] | None = None,
    exclude_origin: UUID | None = None,
    revision: str | None = None,
    rows: Rows | None = None,
    using: str = "default",
) -> Page:
    """Return what changed for ``scope`` since ``cursor``, at most ``limit`` rows, each once.

    ``rows(entity, queryset)`` loads what the client sees (within the page's snapshot), by default
    as it is; ``revision`` is the one that the cursor was made with, by default the scope's own.
    Raises ``BadCursor`` and ``CursorGone``. Opens a transaction of its own and refuses to run
    inside another.
    """
    start = Cursor.read(cursor)
    with _snapshot(using):
        state = look(using)
        start.check(state, revision := scope.revision if revision is None else revision)
        reader = _Reader(scope, min(limit, LONGEST), entities, exclude_origin, rows, using)
        place, has_more = reader.read(start.place, state.horizon)
        items = reader.items()
        after = Cursor(state.epoch, place, revision)
        return Page(items, str(after), has_more, lag(using))


@contextmanager
def _snapshot(using: str) -> Iterator[None]:
    with atomic(using=using, durable=True), connections[using].cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


class _Reader:
    """Reads one page: goes through the log until the page is full or the log ends."""

    def __init__(self, scope: Scope, limit: int, names, echo: UUID | None, rows, using: str):
        self.scope, self.limit, self.echo, self.using = scope, limit, echo, using
        self.show: Rows = rows or self.plain_rows
        wanted = set(entities() if names is None else names)
        self.models = {n: m for n, m in by_number().items() if m.SYNC.name in wanted}
        self.picked: dict[tuple[int, str], None] = {}  # in the order of the log
        self.seen: dict[tuple[int, str], object] = {}
        self.looked: set[tuple[int, str]] = set()

    def read(self, start: Place, horizon: Place) -> tuple[Place, bool]:
        """Decide what the page holds; return the place it reaches and whether more follows."""
        place, scanned, size = start, 0, self.limit + 1
        while size:
            events = self.window(place, horizon, size)
            last = None
            for part in self.parts(events):
                self.look_at(part)
                for event in part:
                    if not self.take(event):
                        return last.place if last else place, True
                    last = event
            place = last.place if last else place
            if len(events) < size:
                # The log ends here: a quiet client's cursor is not to age.
                return max(place, horizon), False
            scanned += size
            size = self.next_size(scanned)
        return place, True

    def next_size(self, scanned: int) -> int:
        """Return how many lines will fill the page at the rate so far, and a tenth more."""
        room, found = self.limit + 1 - len(self.picked), max(len(self.picked), 1)
        wanted = max(room * scanned * 11 // (found * 10), self.limit + 1)
        return min(wanted, SCANNED - scanned)

    def window(self, place: Place, horizon: Place, size: int) -> list[Event]:
        tokens = list(self.scope.tokens)
        values = [tokens, self.echo, str(place.xid), place.seq, str(horizon.xid), size]
        with connections[self.using].cursor() as cursor:
            cursor.execute(WINDOW, values)
            return list(map(Event._make, cursor.fetchall()))

    def parts(self, events: list[Event]) -> Iterator[list[Event]]:
        """Cut the lines where enough rows for a page may be on them: what follows may not fit."""
        part, rows = [], set()
        for event in events:
            part.append(event)
            if event.concerns or self.scope.zone:
                rows.add(event.key)
            if len(rows) > self.limit:
                yield part
                part, rows = [], set()
        yield part

    def look_at(self, events: list[Event]):
        """Load, once for each kind of row, what the client sees of it."""
        unknown = defaultdict(set)
        for event in events:
            if self.is_wanted(event) and event.key not in self.looked:
                unknown[event.entity].add(event.object_id)
        for number, ids in unknown.items():
            self.looked |= {(number, pk) for pk in ids}
            model = self.models[number]
            rows = self.scope.rows(model, self.using).filter(pk__any_of=ids).order_by()
            self.seen |= {(number, str(row.pk)): row for row in self.show(model.SYNC.name, rows)}

    def is_wanted(self, event: Event) -> bool:
        return event.entity in self.models and not event.echo

    def take(self, event: Event) -> bool:
        """Put the event's row on the page if it belongs there; False when there is no room."""
        key = event.key
        if not (event.concerns or self.scope.zone or key in self.seen):
            return True
        if key in self.picked or not self.is_wanted(event):
            return True
        if len(self.picked) == self.limit:
            return False
        self.picked[key] = None
        return True

    # What stands on the page

    def items(self) -> list[Item]:
        lost = [key for key in self.picked if key not in self.seen]
        stones = self.tombstones(lost) if lost else {}
        return [stones[key] if key in stones else self.upsert(key) for key in self.picked]

    def upsert(self, key: tuple[int, str]) -> Item:
        row, name = self.seen[key], self.models[key[0]].SYNC.name
        refs = getattr(row, "external_refs", [])
        return Item(name, row.pk, UPSERT, row.version, refs, row=row)

    def tombstones(self, lost: list[tuple[int, str]]) -> dict[tuple[int, str], Item]:
        gone = {key: (key[0], UUID(key[1])) for key in lost}
        refs, ends = self.refs(pk for _number, pk in gone.values()), self.ends([*gone.values()])
        return {
            key: Item(
                self.models[number].SYNC.name,
                pk,
                DELETE,
                ends[number, pk].version,
                refs.get((number, pk), []),
                ends[number, pk].reason,
                ends[number, pk].merged_into,
            )
            for key, (number, pk) in gone.items()
        }

    def plain_rows(self, name: str, rows: models.QuerySet) -> Iterable[models.Model]:
        found = list(rows)
        refs = self.refs(row.pk for row in found)
        for row in found:
            row.external_refs = refs.get((entities()[name].SYNC.number, row.pk), [])
        return found

    def refs(self, ids: Iterable[UUID]) -> dict[tuple[int, UUID], list[dict[str, str]]]:
        return ExternalRef.objects.using(self.using).by_row(ids)

    def ends(self, lost: list[tuple[int, UUID]]) -> dict[tuple[int, UUID], End]:
        """Return why each row that the client no longer sees has gone, and at which version."""
        found = {}
        for number in {number for number, _pk in lost}:
            ids = [pk for entity, pk in lost if entity == number]
            there = self.models[number]._base_manager.using(self.using).filter(pk__any_of=ids)
            for pk, version in there.values_list("pk", "version"):
                found[number, pk] = End(version, OUT_OF_SCOPE)
        gone = [key for key in lost if key not in found]
        return found | (self.deleted(gone) if gone else {})

    def deleted(self, gone: list[tuple[int, UUID]]) -> dict[tuple[int, UUID], End]:
        ids = [pk for _number, pk in gone]
        with connections[self.using].cursor() as cursor:
            cursor.execute(DELETED, [ids])
            versions = dict(cursor.fetchall())
        lines = Merged.objects.using(self.using).filter(object_id__any_of=ids)
        merged = {(line.entity, line.object_id): line.merged_into for line in lines}
        return {
            key: End(
                versions.get(key[1], LAST_VERSION),
                "merged" if key in merged else "deleted",
                merged.get(key),
            )
            for key in gone
        }
