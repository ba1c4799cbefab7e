"""A page shows each row once as it is now, and a tombstone to whoever lost it."""

import uuid
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import Lead
from tests import factories
from tests.feed.following import Replica
from zone.feed.cursor import Cursor, cursor_now
from zone.feed.log import lag, trim, with_origin
from zone.feed.scope import Scope
from zone.models import ExternalRef, Merged
from zone.sync.pages import LONGEST, SCANNED, read_page

pytestmark = pytest.mark.django_db(transaction=True)
ZONE = Scope(zone=True)


@pytest.fixture
def chain():
    return factories.make_chain()


@pytest.fixture
def other_chain():
    return factories.make_chain("equipment")


def of_chain(*chains) -> Scope:
    return Scope(chains=frozenset(chain.pk for chain in chains))


@contextmanager
def other_session():
    """A second connection, as another process has one."""
    parameters = connection.get_connection_params()
    parameters.pop("cursor_factory", None)
    parameters.pop("context", None)
    with psycopg.connect(**parameters) as session:
        yield session


def shown(items) -> list[tuple]:
    return [(item.entity, item.id, item.op, item.reason) for item in items]


def test_nothing_new_is_an_empty_page_with_a_cursor():
    page = read_page(ZONE, cursor_now(ZONE.revision))
    assert (page.items, page.has_more) == ([], False)
    assert Cursor.read(page.cursor)


def test_a_row_changed_often_is_shown_once_as_it_is_now(chain):
    lead = factories.make_lead(chain=chain)
    replica = Replica(ZONE)
    for title in "甲乙丙":
        Lead.objects.filter(pk=lead.pk).update(title=title)
    [item] = replica.read().items
    assert (item.entity, item.id, item.op, item.version) == ("leads", lead.pk, "upsert", 4)
    assert item.row.title == "丙"


def test_a_deleted_row_is_a_tombstone_above_all_its_versions(chain):
    lead = factories.make_lead(chain=chain)
    replicas = [Replica(ZONE), Replica(of_chain(chain))]
    Lead.objects.update(title="改过")
    Lead.objects.all().delete()
    for replica in replicas:
        item = next(item for item in replica.read().items if item.entity == "leads")
        assert (item.id, item.op, item.version, item.reason) == (lead.pk, "delete", 3, "deleted")


def test_who_never_saw_a_row_hears_nothing_of_it(chain, other_chain):
    replica = Replica(of_chain(other_chain))
    enterprise = factories.make_enterprise(chain=chain)
    lead = factories.make_lead(chain=chain, enterprise=enterprise)
    lead.delete()
    assert replica.read().items == []


def test_a_row_that_leaves_the_scope_is_a_tombstone_and_may_come_back(chain, other_chain):
    project = factories.make_project(chain=chain)
    agreement = factories.make_agreement(project=project)
    replica = Replica(of_chain(chain))
    replica.copy({("agreements", agreement.pk): agreement.version})
    project.chain = other_chain
    project.save()
    told = {item.entity: item for item in replica.read().items}
    assert {told[name].reason for name in ("projects", "agreements")} == {"out_of_scope"}
    assert ("agreements", agreement.pk) not in replica.rows
    project.chain = chain
    project.save()
    replica.read()
    assert replica.rows[("agreements", agreement.pk)] == 1


def test_a_merged_row_says_where_it_went(chain):
    lead, kept = factories.make_lead(chain=chain), uuid.uuid4()
    replica = Replica(ZONE)
    with transaction.atomic():
        Merged.objects.create(entity=Lead.SYNC.number, object_id=lead.pk, merged_into=kept)
        lead.delete()
    item = next(item for item in replica.read().items if item.entity == "leads")
    assert (item.reason, item.merged_into) == ("merged", kept)


def test_references_come_along_even_on_a_tombstone(chain):
    lead = factories.make_lead(chain=chain)
    replica = Replica(ZONE)
    ref = {"source": "省平台", "external_id": "L-1"}
    ExternalRef.objects.create(entity=Lead.SYNC.number, object_id=lead.pk, **ref)
    [item] = replica.read().items
    assert (item.op, item.external_refs, item.version) == ("upsert", [ref], 2)
    lead.delete()
    item = next(item for item in replica.read().items if item.entity == "leads")
    assert (item.op, item.external_refs, item.version) == ("delete", [ref], 3)


def test_only_the_kinds_asked_for_are_shown(chain):
    replica = Replica(ZONE)
    lead = factories.make_lead(chain=chain)
    assert shown(replica.read(entities=["leads"]).items) == [("leads", lead.pk, "upsert", None)]


def test_ones_own_writes_are_left_out_but_not_what_they_move(chain, other_chain):
    project = factories.make_project(chain=chain)
    agreement = factories.make_agreement(project=project)
    client = uuid.uuid4()
    replica = Replica(of_chain(chain))
    with transaction.atomic(), with_origin(client):
        project.chain = other_chain
        project.save()
    with transaction.atomic():
        other = factories.make_lead(chain=chain, enterprise=factories.make_enterprise(chain=chain))
    names = {item.id: item.entity for item in replica.read(exclude_origin=client).items}
    assert project.pk not in names
    assert names[agreement.pk] == "agreements"
    assert names[other.pk] == "leads"


def test_an_origin_lasts_for_its_block_alone(chain):
    with pytest.raises(transaction.TransactionManagementError), with_origin(uuid.uuid4()):
        pass
    client = uuid.uuid4()
    replica = Replica(ZONE)
    with transaction.atomic():
        with with_origin(client):
            mine = factories.make_park()
        theirs = factories.make_park()
    told = {item.id for item in replica.read(exclude_origin=client).items}
    assert (mine.pk in told, theirs.pk in told) == (False, True)


def test_pages_of_every_size_add_up_to_the_same(chain):
    start = cursor_now(ZONE.revision)
    parks = {factories.make_park().pk for _ in range(7)}
    for size in (1, 2, 3, 7, 8, LONGEST):
        replica = Replica(ZONE)
        replica.cursor = start
        items = replica.drain(limit=size)
        assert [len(items), {item.id for item in items}] == [7, parks]


def test_a_limit_above_the_highest_is_the_highest():
    replica = Replica(ZONE)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO zone_park (id, is_demo, code, name, sort_key, kind, status, description,"
            " position) SELECT gen_random_uuid(), false, n, n, n, 'INDUSTRIAL', '', '', 0"
            " FROM generate_series(1, %s) n",
            [LONGEST + 1],
        )
    page = replica.read(limit=10_000)
    assert (len(page.items), page.has_more) == (LONGEST, True)
    page = replica.read()
    assert (len(page.items), page.has_more) == (1, False)


@pytest.mark.slow
def test_a_narrow_client_gets_on_through_what_is_not_for_it(chain, other_chain):
    """A page looks through so many lines, finds nothing, and still moves the cursor."""
    replica = Replica(of_chain(other_chain))
    enterprise = factories.make_enterprise(chain=chain)
    lines = SCANNED + 200
    Lead.objects.bulk_create(
        Lead(title=f"{n}", enterprise=enterprise, chain=chain, planned_investment_wan=1)
        for n in range(lines)
    )
    mine = factories.make_lead(chain=other_chain, enterprise=enterprise)
    first = replica.read(entities=["leads"])
    assert (first.items, first.has_more) == ([], True)
    second = replica.read(entities=["leads"])
    assert (shown(second.items), second.has_more) == (
        [("leads", mine.pk, "upsert", None)],
        False,
    )


def test_what_commits_late_is_not_passed_by(chain):
    """The very loss this feed is made against: a lower place that appears after a higher one."""
    replica = Replica(ZONE)
    with other_session() as early:
        early.execute("UPDATE zone_park SET status = 'x' WHERE false")
        early.execute("SELECT pg_current_xact_id()")
        park = factories.make_park()
        waiting = replica.read()
        assert (waiting.items, waiting.has_more) == ([], False)
        early.execute(
            "INSERT INTO zone_industrychain (id, is_demo, code, name, sort_key, position,"
            " description) VALUES (gen_random_uuid(), false, 'late', '迟到', 'chidao', 0, '')"
        )
        early.commit()
    assert [item.entity for item in replica.read().items] == ["chains", "parks"]
    assert ("parks", park.pk) in replica.rows


def test_the_lag_is_that_of_the_oldest_writer():
    assert lag() == 0
    with other_session() as writer:
        writer.execute("SELECT pg_current_xact_id(), pg_sleep(0.2)")
        factories.make_park()
        page = Replica(ZONE).read()
        assert 200 <= page.lag_ms < 10_000
        assert 200 <= lag() < 10_000
    assert lag() == 0


def test_a_page_refuses_to_run_inside_a_transaction():
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        read_page(ZONE, cursor_now(ZONE.revision))


def test_a_page_writes_nothing_and_sees_one_snapshot():
    replica, asked = Replica(ZONE), []
    factories.make_park()

    def rows(name, queryset):
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_isolation")
            isolation = cursor.fetchone()[0]
            cursor.execute("SHOW transaction_read_only")
            asked.append((isolation, cursor.fetchone()[0]))
        return queryset

    assert len(replica.read(rows=rows).items) == 1
    assert asked == [("repeatable read", "on")]


@pytest.mark.parametrize("scope", ["zone", "chain"])
def test_no_more_rows_are_loaded_than_fit_on_a_page(chain, scope):
    replica = Replica(ZONE if scope == "zone" else of_chain(chain))
    for _ in range(12 if scope == "chain" else 0):
        factories.make_lead(chain=factories.make_chain("equipment"))
    mine = factories.make_lead(chain=chain)
    for n in range(20):  # lines of one row fill no page, so that the next look takes in many
        Lead.objects.filter(pk=mine.pk).update(title=f"改{n}")
    for _ in range(60):
        factories.make_lead(chain=chain)
    loaded = []

    def rows(name, queryset):
        found = list(queryset)
        loaded.extend(found)
        return found

    page = replica.read(limit=10, entities=["leads"], rows=rows)
    assert (len(page.items), page.has_more) == (10, True)
    assert len(loaded) <= 12


@pytest.mark.parametrize("scope", ["zone", "chain"])
def test_30_rows_cost_as_many_queries_as_one(chain, scope):
    replica = Replica(ZONE if scope == "zone" else of_chain(chain))
    counts = []
    for rows in (1, 30):
        for _ in range(rows):
            factories.make_park()
        with CaptureQueriesContext(connection) as queries:
            assert len(replica.read().items) == rows
        counts.append(len(queries))
    assert counts == [8, 8]


def test_trimming_leaves_what_is_younger(chain):
    old = Replica(ZONE)
    factories.make_park()
    young = Replica(ZONE)
    moment = timezone.now()
    factories.make_park()
    assert trim(moment - timedelta(days=30)) == 0
    assert len(Replica(ZONE).read().items) == 0
    assert trim(moment) >= 1
    assert len(young.read().items) == 1
    with pytest.raises(Exception, match="expired"):
        old.read()


def test_a_quiet_clients_cursor_does_not_age():
    quiet, asleep = Replica(of_chain(factories.make_chain())), Replica(ZONE)
    for _ in range(3):
        factories.make_park(chain=None)
    quiet.read(entities=["leads"])
    trim(timezone.now())
    assert quiet.read().items == []
    with pytest.raises(Exception, match="expired"):
        asleep.read()
