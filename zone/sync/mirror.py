"""A reference consumer of the interface: keeps a copy of what a key may see, by HTTP alone.

Nothing of our database is used here, so this may be taken over as it stands. Three rules make
it whole: take the cursor before paging the lists; keep each page and the place it leads to in
one transaction; apply an item unless a higher version is held. A cursor that is refused with
410 begins a new generation: what it does not show again is gone.
"""

from __future__ import annotations

import json
import random
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx

PAGE = 500
LONGEST_WAIT = 60  # seconds
NO_ROWS = {"pii", "changes", "progress"}  # scopes "…:read" that name no kind of row
TABLES = """
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rows (entity TEXT, id TEXT, version INTEGER NOT NULL,
  generation INTEGER NOT NULL, reason TEXT, merged_into TEXT, object TEXT,
  PRIMARY KEY (entity, id));
"""
# A row of an earlier generation counts for nothing: its history may have been another.
APPLY = """
INSERT INTO rows VALUES (:entity, :id, :version, :generation, :reason, :merged_into, :object)
ON CONFLICT (entity, id) DO UPDATE SET version = excluded.version, reason = excluded.reason,
  generation = excluded.generation, merged_into = excluded.merged_into, object = excluded.object
WHERE rows.generation < excluded.generation OR rows.version <= excluded.version
"""


class Refused(Exception):
    """The other side will not answer this key or request, however often it is asked."""


class Gone(Refused):
    """What was begun can be followed no longer: history or scope are others now."""


class Store:
    """The copy, in one SQLite file: rows, and how far they reach."""

    def __init__(self, path: Path | str):
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.executescript(TABLES)

    def state(self) -> dict:
        return {name: json.loads(value) for name, value in self.db.execute("SELECT * FROM state")}

    def keep(self, items: list[dict], **state):
        """Apply ``items`` and keep ``state`` beside them: both or neither."""
        generation = state.get("generation") or self.state()["generation"]
        with self.db:
            self.db.execute("BEGIN IMMEDIATE")
            self.apply(items, generation)
            pairs = [(name, json.dumps(value)) for name, value in state.items()]
            self.db.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", pairs)
            if state.get("lists") == {}:
                self.db.execute("DELETE FROM rows WHERE generation < ?", [generation])

    def apply(self, items: list[dict], generation: int):
        empty = {"reason": None, "merged_into": None, "object": None, "generation": generation}
        self.db.executemany(APPLY, [empty | item for item in items])

    def rows(self) -> dict[tuple[str, str], dict]:
        """Return what the key sees: ``{(entity, id): object}``."""
        found = self.db.execute("SELECT entity, id, object FROM rows WHERE object IS NOT NULL")
        return {(entity, pk): json.loads(text) for entity, pk, text in found}


class Mirror:
    """Keeps ``store`` equal to what ``http`` (its address and key set) shows."""

    def __init__(
        self,
        http: httpx.Client,
        store: Store,
        *,
        entities: list[str] | None = None,
        say: Callable[[str], object] = print,
        ended: threading.Event | None = None,
    ):
        self.http, self.store, self.entities, self.say = http, store, entities, say
        self.ended = ended or threading.Event()

    def follow(self, interval: float):
        """Keep up until ``ended`` is set."""
        while not self.ended.is_set():
            self.catch_up()
            self.ended.wait(interval)

    def catch_up(self):
        """Copy what is missing and return when nothing more is known."""
        more = True
        while more and not self.ended.is_set():
            try:
                more = self.step()
            except Gone as gone:
                self.say(f"begin anew: {gone}")
                self.begin()

    def step(self) -> bool:
        """Copy one page, of a list or of the feed; return whether more is there already."""
        state = self.store.state()
        if "cursor" not in state:
            self.begin()
            return True
        if state["lists"]:
            return self.read_list(state["lists"])
        return self.read_changes(state["cursor"])

    def begin(self) -> None:
        """Take a cursor, then page the lists: what changes meanwhile comes once more."""
        names = self.entities or self.readable()
        cursor = self.get("changes", {"from": "now", **self.wanted})["next_cursor"]
        if not self.entities and names != self.readable():
            return self.begin()  # a right came or went: the cursor would not tell of it
        generation = self.store.state().get("generation", 0) + 1
        lists = dict.fromkeys(names, "")
        return self.store.keep([], generation=generation, cursor=cursor, lists=lists)

    def readable(self) -> list[str]:
        scopes = [scope.split(":") for scope in self.get("me")["scopes"]]
        return [name for name, act in scopes if act == "read" and name not in NO_ROWS]

    @property
    def wanted(self) -> dict:
        return {"entity": ",".join(self.entities)} if self.entities else {}

    def read_list(self, lists: dict[str, str]) -> bool:
        name, cursor = next(iter(lists.items()))
        page = self.get(name, {"limit": PAGE} | ({"cursor": cursor} if cursor else {}))
        rest = lists | {name: page["next_cursor"]}
        if not page["has_more"]:
            del rest[name]
        self.store.keep([as_item(name, row) for row in page["data"]], lists=rest)
        self.say(f"{name}: {len(page['data'])} listed")
        return True

    def read_changes(self, cursor: str) -> bool:
        page = self.get("changes", {"cursor": cursor, "limit": PAGE, **self.wanted})
        items = [item | {"object": as_text(item.get("object"))} for item in page["data"]]
        self.store.keep(items, cursor=page["next_cursor"])
        if items:
            counts = Counter(f"{item['entity']} {item['op']}" for item in items)
            told = ", ".join(f"{kind} {number}" for kind, number in sorted(counts.items()))
            self.say(f"{told}; lag {page['lag_ms']} ms")
        return page["has_more"]

    # HTTP

    def get(self, path: str, params: dict | None = None) -> dict:
        """Return the answer; asks again while the other side is busy or out of reach."""
        pause = 0.5
        while not self.ended.is_set():
            try:
                answer = self.http.get(f"/api/v1/{path}", params=params or {})
            except httpx.TransportError as fault:
                self.wait(pause, f"no answer: {fault}")
            else:
                if answer.status_code == 200:
                    return answer.json()
                self.refuse(answer)
                self.wait(float(answer.headers.get("Retry-After", pause)), answer.status_code)
            pause = min(pause * 2, LONGEST_WAIT)
        raise Refused("stopped")

    @staticmethod
    def refuse(answer: httpx.Response):
        """Raise unless the same request may be answered later."""
        if answer.status_code == httpx.codes.GONE or '"code":"scope"' in answer.text:
            raise Gone(answer.json()["detail"])
        if answer.status_code < 500 and answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
            raise Refused(f"{answer.status_code} {answer.text[:500]}")

    def wait(self, seconds: float, why):
        self.say(f"{why}; again in {seconds:.1f} s")
        # Spread, so that many consumers do not come back in one moment.
        self.ended.wait(seconds * random.uniform(1, 1.2))


def as_item(name: str, row: dict) -> dict:
    found = {"entity": name, "id": row["id"], "version": row["version"]}
    return found | {"object": as_text(row)}


def as_text(found: dict | None) -> str | None:
    return None if found is None else json.dumps(found, ensure_ascii=False)


def mirror(url: str, key: str, path: Path | str, *, once: bool, interval: float, **options):
    """Copy what ``key`` sees at ``url`` into the SQLite file ``path``; then keep it equal."""
    headers = {"Authorization": f"Bearer {key}", "User-Agent": "mirror"}
    with httpx.Client(base_url=url, headers=headers, timeout=60) as http:
        store = Store(path)
        with closing(store.db):
            copying = Mirror(http, store, **options)
            copying.catch_up() if once else copying.follow(interval)
