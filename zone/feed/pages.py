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
from django.db.models.functions import Cast
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

Rows = Callable[[str, list[UUID]], Iterable[models.Model]]


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
    row: models.Model | None = None


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

    ``rows(entity, ids)`` loads the rows to show (within the page's snapshot); ``revision`` is the
    one that the cursor was made with, by default the scope's own. Raises ``BadCursor`` and
    ``CursorGone``. Opens a transaction of its own and refuses to run inside another.
    """
    start = Cursor.read(cursor)
    with _snapshot(using):
        state = look(using)
        start.check(state, revision := scope.revision if revision is None else revision)
        reader = _Reader(scope, min(limit, LONGEST), entities, exclude_origin, using)
        place, has_more = reader.read(start.place, state.horizon)
        items = reader.items(rows or reader.plain_rows)
        after = Cursor(state.epoch, place, revision)
        return Page(items, str(after), has_more, lag(using))


@contextmanager
def _snapshot(using: str) -> Iterator[None]:
    with atomic(using=using, durable=True), connections[using].cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


class _Reader:
    """Reads one page: goes through the log until the page is full or the log ends."""

    def __init__(self, scope: Scope, limit: int, names, echo: UUID | None, using: str):
        self.scope, self.limit, self.echo, self.using = scope, limit, echo, using
        wanted = set(entities() if names is None else names)
        self.models = {n: m for n, m in by_number().items() if m.SYNC.name in wanted}
        # While the log is read; what it comes to stands in ``taken`` and ``visible``.
        self.picked: dict[tuple[int, str], None] = {}
        self.seen: set[tuple[int, str]] = set()
        self.looked: set[tuple[int, str]] = set()

    def read(self, start: Place, horizon: Place) -> tuple[Place, bool]:
        """Decide what the page holds; return the place it reaches and whether more follows."""
        place, scanned, size = start, 0, self.limit + 1
        while size:
            events = self.window(place, horizon, size)
            self.look_at(events)
            last = None
            for event in events:
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

    def look_at(self, events: list[Event]):
        """Ask once for each kind of row what the client sees of it."""
        unknown = defaultdict(set)
        for event in events:
            if self.is_wanted(event) and event.key not in self.looked:
                unknown[event.entity].add(event.object_id)
        for number, ids in unknown.items():
            self.looked |= {(number, pk) for pk in ids}
            rows = self.scope.rows(self.models[number], self.using).filter(pk__any_of=ids)
            rows = rows.order_by()
            texts = rows.annotate(text=Cast("pk", models.TextField())).values_list("text")
            self.seen |= {(number, pk) for (pk,) in texts}

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

    def items(self, rows: Rows) -> list[Item]:
        self.taken = [(number, UUID(pk)) for number, pk in self.picked]
        self.visible = {(number, UUID(pk)) for number, pk in self.seen & self.picked.keys()}
        refs = ExternalRef.objects.using(self.using).by_row(pk for _number, pk in self.taken)
        loaded, ends = self.load(rows), self.ends()
        found = []
        for key in self.taken:
            item = Item(self.models[key[0]].SYNC.name, key[1], DELETE, 0, refs.get(key, []))
            if key in self.visible:
                item.op, item.row, item.version = UPSERT, loaded[key], loaded[key].version
            else:
                item.version, item.reason, item.merged_into = ends[key]
            found.append(item)
        return found

    def load(self, rows: Rows) -> dict[tuple[int, UUID], models.Model]:
        wanted = defaultdict(list)
        for number, pk in self.taken:
            if (number, pk) in self.visible:
                wanted[number].append(pk)
        return {
            (number, row.pk): row
            for number, ids in wanted.items()
            for row in rows(self.models[number].SYNC.name, ids)
        }

    def plain_rows(self, name: str, ids: list[UUID]) -> Iterable[models.Model]:
        return self.here(entities()[name]).filter(pk__any_of=ids).order_by()

    def here(self, model: type[models.Model]) -> models.QuerySet:
        return model._base_manager.using(self.using)

    def ends(self) -> dict[tuple[int, UUID], End]:
        """Return why each row that the client no longer sees has gone, and at which version."""
        lost = [key for key in self.taken if key not in self.visible]
        found = {}
        for number in {number for number, _pk in lost}:
            ids = [pk for entity, pk in lost if entity == number]
            there = self.here(self.models[number]).filter(pk__any_of=ids)
            for pk, version in there.values_list("pk", "version"):
                found[number, pk] = End(version, "out_of_scope")
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
