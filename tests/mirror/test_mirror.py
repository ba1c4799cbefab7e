"""Two instances stay equal: the reference consumer against a server that runs, over HTTP."""

import os
import random
import signal
import subprocess
import sys
import time
from threading import Thread

import httpx
import pytest
from django.db import connection

from crm.merging import merge_enterprises
from crm.models import Enterprise, Lead
from tests import factories
from tests.feed.world import World
from zone.database.checkout import ROOT
from zone.feed.synced import entities
from zone.feed.tables import STATE
from zone.models import ApiBudget, ApiClient
from zone.sync.mirror import Mirror, Refused, Store, mirror

pytestmark = pytest.mark.django_db(transaction=True)
READ = tuple(f"{name}:read" for name in entities())


@pytest.fixture
def world(settings):
    settings.API_REQUESTS_A_MINUTE = 100_000
    return World(7)


@pytest.fixture
def another(live_server, tmp_path):
    """Return a function that makes a mirror of what a new client sees."""
    opened = []

    def make(*, scopes=READ, chains=(), parks=(), kind=Mirror) -> Mirror:
        whole = not (chains or parks)
        client = ApiClient(
            name=f"示例镜像{len(opened)}", scopes=[*scopes, "changes:read"], whole_zone=whole
        )
        client.save()
        client.chains.set(chains)
        client.parks.set(parks)
        headers = {"Authorization": f"Bearer {client.issue_key()}"}
        http = httpx.Client(base_url=live_server.url, headers=headers, timeout=30)
        made = kind(http, Store(tmp_path / f"{len(opened)}.sqlite"), say=lambda line: None)
        made.client, made.file = client, tmp_path / f"{len(opened)}.sqlite"
        opened.append(made)
        return made

    yield make
    for made in opened:
        made.http.close()
        made.store.db.close()


def shown(copy: Mirror) -> dict:
    """Return what the lists show to the mirror's key now."""
    found = {}
    for name in copy.readable():
        cursor = {}
        while cursor is not None:
            page = copy.get(name, {"limit": 500, **cursor})
            found |= {(name, row["id"]): row for row in page["data"]}
            cursor = {"cursor": page["next_cursor"]} if page["has_more"] else None
    return found


def assert_equal(copy: Mirror):
    assert copy.store.rows() == shown(copy)


def change_for(world: World, seconds: float):
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            world.change()
    finally:
        connection.close()


def scopes_of(world: World) -> list[dict]:
    return [
        {},
        {"chains": world.chains[:1]},
        {"parks": world.parks[:1]},
        {"chains": world.chains[1:], "parks": world.parks[1:]},
        {"scopes": (*READ, "pii:read")},
    ]


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [2, 20], ids=["short", "long"])
def test_under_load_every_key_has_what_it_sees(world, another, seconds):
    copies = [another(**scope) for scope in scopes_of(world)]
    writer = Thread(target=change_for, args=(world, seconds))
    writer.start()
    while writer.is_alive():
        for copy in copies:
            copy.catch_up()
    writer.join()
    for copy in copies:
        copy.catch_up()
        assert_equal(copy)
    sizes = [len(copy.store.rows()) for copy in copies]
    assert sizes[0] == sizes[4] == max(sizes)
    assert all(sizes)


def test_a_deleted_and_a_merged_row_leave_with_their_reason(world, another):
    copy = another()
    copy.catch_up()
    kept, dropped = (factories.make_enterprise() for _ in range(2))
    lead = factories.make_lead(enterprise=dropped)
    gone = factories.make_lead()
    copy.catch_up()
    gone_id, dropped_id = str(gone.pk), str(dropped.pk)
    gone.delete()
    merge_enterprises(kept, dropped, by=factories.make_office(), reason="同一家企业")
    copy.catch_up()
    assert_equal(copy)
    ends = copy.store.db.execute(
        "SELECT id, reason, merged_into FROM rows WHERE reason IS NOT NULL"
    )
    assert set(ends) == {
        (gone_id, "deleted", None),
        (dropped_id, "merged", str(kept.pk)),
    }
    assert copy.store.rows()["leads", str(lead.pk)]["enterprise"] == str(kept.pk)


@pytest.mark.slow
def test_when_the_clients_scope_changes_the_copy_begins_anew(world, another):
    copy = another(chains=world.chains)
    copy.catch_up()
    before = len(copy.store.rows())
    for chains in (world.chains[:1], world.chains):
        copy.client.chains.set(chains)
        copy.catch_up()
        assert_equal(copy)
        assert (len(copy.store.rows()) < before) == (len(chains) == 1)
    copy.client.scopes.remove("leads:read")
    copy.client.save()
    copy.catch_up()
    assert_equal(copy)
    assert "leads" not in {entity for entity, _ in copy.store.rows()}


@pytest.mark.slow
def test_a_right_taken_away_while_the_lists_are_read_does_not_stop_the_copy(world, another):
    copy = another()
    copy.step()
    copy.client.scopes.remove("leads:read")
    copy.client.save()
    copy.catch_up()
    assert_equal(copy)


class Interrupted(Mirror):
    """Its key gets a right back right after it has asked for its rights."""

    def readable(self):
        names = super().readable()
        if "leads:read" not in self.client.scopes:
            self.client.scopes.append("leads:read")
            self.client.save()
        return names


def test_a_right_given_back_while_it_begins_is_not_overlooked(world, another):
    copy = another(kind=Interrupted)
    copy.client.scopes.remove("leads:read")
    copy.client.save()
    copy.catch_up()
    assert_equal(copy)
    assert "leads" in {entity for entity, _ in copy.store.rows()}


@pytest.mark.slow
def test_a_restored_database_is_taken_over_though_its_versions_are_lower(world, another):
    copy = another()
    lead, later = factories.make_lead(), factories.make_lead()
    for n in range(5):
        Lead.objects.filter(pk=lead.pk).update(needs=f"{n}")
    copy.catch_up()
    with connection.cursor() as cursor:
        # What a backup from the morning brings back: fewer rows, lower versions, new history.
        cursor.execute("ALTER TABLE crm_lead DISABLE TRIGGER USER")
        cursor.execute("UPDATE crm_lead SET version = 2, needs = '早上' WHERE id = %s", [lead.pk])
        cursor.execute("DELETE FROM crm_lead WHERE id = %s", [later.pk])
        cursor.execute(f"UPDATE {STATE} SET epoch = gen_random_uuid()")
        cursor.execute("ALTER TABLE crm_lead ENABLE TRIGGER USER")
    copy.catch_up()
    assert_equal(copy)
    held = copy.store.rows()
    assert held["leads", str(lead.pk)]["needs"] == "早上"
    assert ("leads", str(later.pk)) not in held


class Hasty(Mirror):
    """A negative control: keeps the place before the page, and is interrupted in between."""

    def read_changes(self, cursor):
        page = self.get("changes", {"cursor": cursor})
        self.store.keep([], cursor=page["next_cursor"])
        if page["data"]:
            raise KeyboardInterrupt
        return page["has_more"]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "whole"), [(Mirror, True), (Hasty, False)])
def test_the_place_is_kept_with_the_page_or_rows_are_lost(world, another, kind, whole):
    copy = another(kind=kind)
    copy.catch_up()
    factories.make_enterprise()
    if kind is Hasty:
        with pytest.raises(KeyboardInterrupt):
            copy.catch_up()
    copy.catch_up()
    assert (copy.store.rows() == shown(copy)) == whole


@pytest.mark.parametrize("rule", ["kept", "left out"])
def test_an_older_version_that_comes_late_is_passed_over(tmp_path, rule, monkeypatch):
    """As from a standby that lags behind: without the rule the copy would go back."""
    if rule == "left out":
        monkeypatch.setattr("zone.sync.mirror.APPLY", _without_rule())
    store = Store(tmp_path / "x.sqlite")
    store.keep([], generation=1)
    for version in (3, 2):
        text = f'{{"version": {version}}}'
        store.keep([{"entity": "leads", "id": "1", "version": version, "object": text}])
    assert store.rows()["leads", "1"]["version"] == (3 if rule == "kept" else 2)


def _without_rule() -> str:
    from zone.sync.mirror import APPLY

    return APPLY.partition("WHERE")[0]


@pytest.mark.slow
def test_a_mirror_killed_at_any_moment_goes_on_where_it_was(world, another, live_server):
    chain = world.chains[0]
    Enterprise.objects.bulk_create(
        Enterprise(name=f"示例{n}", exact_key=f"k{n}", sort_key=f"{n}", chain=chain)
        for n in range(1_500)
    )
    copy, rng = another(), random.Random(3)
    writer = Thread(target=change_for, args=(world, 5))
    writer.start()
    kills = 0
    while writer.is_alive():
        process = start(copy, live_server.url)
        time.sleep(rng.uniform(0.6, 1.4))
        kills += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    writer.join()
    assert kills >= 3
    process = start(copy, live_server.url, "--once")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert_equal(copy)
    assert len(copy.store.rows()) > 1_500


def start(copy: Mirror, url: str, *options: str) -> subprocess.Popen:
    key = copy.http.headers["Authorization"].removeprefix("Bearer ")
    command = [sys.executable, str(ROOT / "manage.py"), "mirror", url, str(copy.file)]
    return subprocess.Popen(
        [*command, "--interval", "0.1", *options],
        env=os.environ | {"CRM_KEY": key, "DEBUG": "1"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
def test_it_waits_as_long_as_it_is_told_when_it_asked_too_often(world, another, settings):
    copy = another()
    copy.catch_up()
    settings.API_REQUESTS_A_MINUTE = 60
    ApiBudget.objects.update(tokens=0)
    said = []
    copy.say = said.append
    started = time.monotonic()
    copy.catch_up()
    assert 0.9 < time.monotonic() - started < 5
    assert said[0].startswith("429; again in 1.0 s")


@pytest.mark.slow
def test_it_waits_while_nobody_answers(world, another):
    copy = another()
    copy.catch_up()
    address, copy.http.base_url = copy.http.base_url, "http://127.0.0.1:9"
    said = []

    def say(line):
        said.append(line)
        copy.http.base_url = address

    copy.say = say
    copy.catch_up()
    assert said[0].startswith("no answer:")
    assert_equal(copy)


def test_a_key_that_opens_nothing_ends_it_with_the_reason(live_server, tmp_path):
    with pytest.raises(Refused, match="401"):
        mirror(live_server.url, "crm_x_y", tmp_path / "x", once=True, interval=1)
