"""Many write at once, many follow: when the writing ends, every copy is the truth of its scope.

Writers hold, roll back, change in bulk, delete and move rows between scopes; followers read pages
of any size and start again from a saved cursor. In the middle stands a cursor over ``updated_at``,
which must lose rows, or the test would prove nothing.
"""

from __future__ import annotations

import copy
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Event

import pytest
from django.db import DatabaseError, connection, connections, transaction

from tests.feed.following import Replica
from tests.feed.standby import ALIAS, standby
from tests.feed.world import World, seen, versions
from zone.feed.scope import Scope
from zone.feed.synced import entities

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS = 6
SIZES = (1, 2, 3, 10, 50, 500)
LONGEST_HOLD = 0.06  # seconds
ROUND = 5  # seconds; what a later change of the row would bring back is lost until then
SETTLED = 15  # seconds in which a standby must show everything


class RolledBack(Exception):
    pass


class Writer:
    """Changes the world in transactions of a few steps, some of which are taken back."""

    def __init__(self, world: World, seed: int):
        self.world = copy.copy(world)
        self.world.rng = self.rng = random.Random(seed)
        self.world.number = count(seed * 10_000)
        self.done, self.undone = 0, Counter()

    def run(self, stop: Event):
        try:
            with connection.cursor() as cursor:
                # Two that want each other's rows are not to spend the test waiting.
                cursor.execute("SET lock_timeout = '150ms'")
            while not stop.is_set():
                self.once()
        finally:
            connection.close()

    def once(self):
        # Deadlocks, rows that have gone meanwhile, refused constraints: as in life, and undone.
        try:
            with transaction.atomic():
                for _ in range(self.rng.randint(1, 4)):
                    self.world.change()
                    time.sleep(self.rng.random() ** 3 * LONGEST_HOLD)
                if self.rng.random() < 0.15:
                    raise RolledBack
            self.done += 1
        except (RolledBack, DatabaseError) as undone:
            self.undone[type(undone).__name__] += 1


class Follower:
    """Follows one scope as a client that crashes now and then."""

    def __init__(self, scope: Scope, seed: int, using: str):
        self.scope, self.rng, self.using = scope, random.Random(seed), using
        self.pages = self.restarts = 0

    def run(self, stop: Event) -> Follower:
        try:
            self.begin()
            while not stop.is_set():
                self.read()
        finally:
            connections[self.using].close()
        return self

    def begin(self):
        """Bootstrap: first the cursor, then the lists, while others write."""
        self.replica = Replica(self.scope, self.using)
        self.replica.copy(seen(self.scope, self.using))
        self.saved = self.replica.cursor, dict(self.replica.held)

    def read(self):
        page = self.replica.read(limit=self.rng.choice(SIZES))
        self.pages += 1
        if self.rng.random() < 0.1:
            self.saved = self.replica.cursor, dict(self.replica.held)
        if self.rng.random() < 0.05:
            self.restart()
        if not page.has_more:
            time.sleep(self.rng.random() * 0.02)

    def restart(self):
        """Begin again where it was saved, having or not having kept what came since."""
        self.restarts += 1
        self.replica.cursor, held = self.saved
        if self.rng.random() < 0.5:
            self.replica.held = dict(held)

    def differences(self) -> list:
        truth, mine = seen(self.scope), self.replica.rows
        return [key for key in truth | mine if truth.get(key) != mine.get(key)]


class Naive:
    """The negative control: it asks some tables for what is younger than the last it saw."""

    # Written most, and not all of them in bulk, which would repair what was lost.
    WATCHED = ("enterprises", "projects", "follow-ups", "capital-arrivals", "occupancies", "leads")

    def __init__(self):
        self.since = dict.fromkeys(self.WATCHED)
        self.held: dict = {}
        self.reads, self.missed = 0, set()

    def run(self, stop: Event) -> Naive:
        try:
            while not stop.is_set():
                self.read()
                time.sleep(0.01)
        finally:
            connection.close()
        return self

    def read(self):
        for name in self.WATCHED:
            model = entities()[name]
            rows = model._base_manager.order_by("updated_at")
            if self.since[name]:
                rows = rows.filter(updated_at__gt=self.since[name])
            for pk, version, updated_at in rows.values_list("pk", "version", "updated_at"):
                self.held[name, pk] = version
                self.since[name] = updated_at
        self.reads += 1

    def look_back(self):
        """Note what it has lost, when nobody writes and it has read all once more."""
        whole, deadline = self.reads + 2, time.monotonic() + SETTLED
        while self.reads < whole:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        self.missed |= set(self.lost())

    def lost(self) -> list:
        """Return the rows that it lacks or has too old; a tombstone is not asked of it."""
        rows = {key: version for key, version in versions().items() if key[0] in self.WATCHED}
        return [key for key, version in rows.items() if self.held.get(key) != version]


def write_and_follow(seconds: float, seed: int, using: str = "default", settle=lambda: None):
    """Return the followers, the naive one and the number of commits, all of them at rest."""
    world = World(seed)
    settle()
    writers = [Writer(world, seed * 100 + n) for n in range(1, WRITERS + 1)]
    followers = [Follower(scope, seed + n, using) for n, scope in enumerate(world.scopes())]
    naive, following = Naive(), Event()
    with ThreadPoolExecutor(WRITERS + len(followers) + 1) as pool:
        reading = [pool.submit(reader.run, following) for reader in (*followers, naive)]
        try:
            for _ in range(max(1, round(seconds / ROUND))):
                write(pool, writers, min(seconds, ROUND))
                naive.look_back()
        finally:
            # In any case, or the pool would wait for them for ever.
            following.set()
        for reader in reading:
            reader.result()
    settle()
    for follower in followers:
        follower.replica.drain()
    print(sum((writer.undone for writer in writers), Counter()))
    return followers, naive, sum(writer.done for writer in writers)


def write(pool: ThreadPoolExecutor, writers: list[Writer], seconds: float):
    stop = Event()
    writing = [pool.submit(writer.run, stop) for writer in writers]
    try:
        stop.wait(seconds)
    finally:
        stop.set()
    for writer in writing:
        writer.result()


def judge(followers: list[Follower], naive: Naive, commits: int) -> bool:
    """Hold every copy against the truth; return whether the naive one lost something."""
    print(
        f"{commits} commits, {sum(f.pages for f in followers)} pages, "
        f"{sum(f.restarts for f in followers)} restarts; "
        f"updated_at lost {len(naive.missed)} of {len(versions())} rows"
    )
    assert [follower.differences() for follower in followers] == [[]] * len(followers)
    assert all(follower.pages for follower in followers)
    return bool(naive.missed)


@pytest.mark.slow
def test_every_copy_is_the_truth_of_its_scope():
    # So short a time is at times too short for the negative control to lose something.
    assert any(judge(*write_and_follow(4, seed)) for seed in (1, 11, 21))


@pytest.mark.slow
def test_every_copy_is_the_truth_of_its_scope_after_many_restarts():
    followers, naive, commits = write_and_follow(12, seed=2)
    assert judge(followers, naive, commits)
    assert sum(follower.restarts for follower in followers) > 5


@pytest.mark.slow
def test_every_copy_made_from_a_standby_is_the_truth_of_its_scope():
    with standby() as copied:
        results = write_and_follow(10, seed=3, using=ALIAS, settle=copied.catch_up)
        deadline = time.monotonic() + SETTLED
        while any(f.differences() for f in results[0]) and time.monotonic() < deadline:
            for follower in results[0]:
                follower.replica.drain()
        assert judge(*results)


@pytest.mark.slow
def test_a_cursor_of_the_primary_is_good_on_the_standby_and_the_other_way_round():
    world = World(4)
    with standby() as copied:
        replica = Replica(Scope(zone=True))
        replica.copy(seen(replica.scope))
        for using in ("default", ALIAS, "default", ALIAS):
            world.make_lead()
            world.make_enterprise()
            copied.catch_up()
            replica.using = using
            assert {item.entity for item in replica.drain()} >= {"leads", "enterprises"}
        copied.catch_up()
        replica.drain()
        assert replica.rows == seen(replica.scope)


@pytest.mark.slow
def test_a_promoted_standby_tells_another_history():
    """Without synchronous replication it may lack what the primary had already told."""
    from zone.feed.cursor import CursorGone

    with standby() as copied:
        replica = Replica(Scope(zone=True))
        copied.catch_up()
        replica.using = ALIAS
        replica.drain()
        copied.promote()
        with pytest.raises(CursorGone, match="restored"):
            replica.read()
