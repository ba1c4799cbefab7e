"""Every way of writing leaves its events; a write that changes nothing leaves none."""

import uuid

import pytest
from django.db import IntegrityError, connection, transaction

from crm.models import Enterprise, Lead
from tests import factories
from tests.feed.log import Event, Watch
from zone.feed.synced import ALL, ANY_CHAIN
from zone.models import ExternalRef, Space

pytestmark = pytest.mark.django_db


@pytest.fixture
def other_chain():
    return factories.make_chain("equipment")


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_an_insert_writes_the_row_and_whoever_is_seen_by_way_of_it(chain):
    enterprise = factories.make_enterprise()
    contact = factories.make_contact(enterprise=enterprise)
    watch = Watch()
    lead = factories.make_lead(chain=chain, enterprise=enterprise, contact=contact)
    seen = frozenset({chain.pk})
    assert watch.events() == [
        Event("leads", lead.pk, 1, "I", seen),
        Event("enterprises", enterprise.pk, None, "V", seen),
        Event("contacts", contact.pk, None, "V", seen),
    ]


def test_an_update_carries_the_chain_before_and_after(chain, other_chain):
    lead = factories.make_lead(chain=chain)
    watch = Watch()
    lead.chain = other_chain
    lead.save()
    both = frozenset({chain.pk, other_chain.pk})
    assert watch.of(lead) == [Event("leads", lead.pk, 2, "U", both)]
    assert watch.of(lead.enterprise) == [Event("enterprises", lead.enterprise_id, None, "V", both)]


def test_a_write_that_changes_nothing_writes_nothing(chain):
    lead = factories.make_lead(chain=chain)
    watch = Watch()
    lead.save()
    Lead.objects.update(title=lead.title)
    sql("UPDATE crm_lead SET chain_id = chain_id, version = 99")
    Lead.objects.filter(pk=uuid.uuid4()).update(title="无")
    assert watch.events() == []


def test_a_change_that_moves_nobody_tells_no_parent_and_no_child(chain):
    lead = factories.make_lead(chain=chain)
    factories.make_follow_up(lead=lead, by=factories.make_user())
    lead.refresh_from_db()
    watch = Watch()
    Lead.objects.update(title="改过")
    moved = [(e.name, e.op, e.version) for e in watch.events()]
    assert moved == [("leads", "U", lead.version + 1)]


def test_a_delete_has_a_version_above_every_other(chain):
    lead = factories.make_lead(chain=chain)
    lead.title = "改过"
    lead.save()
    watch, pk = Watch(), lead.pk
    lead.delete()
    assert watch.events() == [
        Event("leads", pk, 3, "D", frozenset({chain.pk})),
        Event("enterprises", lead.enterprise_id, None, "V", frozenset({chain.pk})),
    ]


def test_bulk_writes_and_raw_sql_are_no_way_around(chain, other_chain):
    enterprise = factories.make_enterprise(chain=chain)
    watch = Watch()
    rows = [
        Lead(title=f"{n}", enterprise=enterprise, chain=chain, planned_investment_wan=1)
        for n in range(3)
    ]
    Lead.objects.bulk_create(rows)
    Lead.objects.filter(pk__in=[rows[0].pk, rows[1].pk]).update(chain=other_chain)
    rows[2].title = "改过"
    Lead.objects.bulk_update(rows[2:], ["title"])
    sql("UPDATE crm_lead SET title = title || '！' WHERE id = %s", rows[0].pk)
    sql("DELETE FROM crm_lead WHERE id = %s", rows[1].pk)
    told = [(e.op, e.version) for e in watch.events() if e.name == "leads"]
    assert told == [("I", 1)] * 3 + [("U", 2)] * 2 + [("U", 2), ("U", 3), ("D", 3)]
    # One statement tells a parent once.
    assert len([e for e in watch.events() if e.name == "enterprises"]) == 3


def test_copy_and_upsert_are_seen_too(chain):
    watch = Watch()
    pk = uuid.uuid4()
    with connection.cursor() as cursor:
        columns = "id, code, name, sort_key, kind, is_demo, status, description, position"
        with cursor.copy(f"COPY zone_park ({columns}) FROM STDIN") as pipe:
            pipe.write_row((pk, "c", "园区", "", "INDUSTRIAL", False, "", "", 0))
        for status in ("在建", "在建", "建成"):
            cursor.execute(
                f"INSERT INTO zone_park ({columns})"
                " VALUES (gen_random_uuid(), 'c', '园区', '', 'INDUSTRIAL', false, %s, '', 0)"
                " ON CONFLICT (code) DO UPDATE SET status = excluded.status",
                [status],
            )
    seen = frozenset({pk, ANY_CHAIN})
    assert watch.events() == [
        Event("parks", pk, 1, "I", seen),
        Event("parks", pk, 2, "U", seen),
        Event("parks", pk, 3, "U", seen),
    ]


def test_what_is_rolled_back_leaves_nothing(chain):
    watch = Watch()

    def fail():
        with transaction.atomic():
            factories.make_lead(chain=chain)
            raise IntegrityError

    with pytest.raises(IntegrityError):
        fail()
    assert watch.events() == []


def test_a_project_that_moves_takes_its_parts_along(chain, other_chain):
    park = factories.make_park()
    project = factories.make_project(chain=chain, park=park)
    agreement = factories.make_agreement(project=project)
    arrival = factories.make_arrival(project=project)
    follow_up = factories.make_follow_up(project=project, by=factories.make_user())
    occupancy = factories.make_occupancy(project=project, enterprise=project.enterprise)
    watch = Watch()
    project.chain = other_chain
    project.save()
    moved = frozenset({chain.pk, other_chain.pk, park.pk})
    for part in (agreement, arrival, follow_up, occupancy):
        assert [(e.op, e.version, e.tokens) for e in watch.of(part)] == [("V", None, moved)]
    assert [(e.op, e.tokens) for e in watch.of(project.enterprise)] == [("V", moved)]


def test_a_part_that_changes_its_project_tells_the_old_and_the_new_readers(chain, other_chain):
    agreement = factories.make_agreement(project=factories.make_project(chain=chain))
    watch = Watch()
    agreement.project = factories.make_project(chain=other_chain)
    agreement.save()
    tokens = frozenset({chain.pk, other_chain.pk})
    assert [(e.op, e.tokens) for e in watch.of(agreement)] == [("U", tokens)]


def test_a_parent_deleted_before_its_child_still_tells_the_child(chain):
    """Foreign keys are checked at commit, so raw SQL may go from the top down."""
    lead = factories.make_lead(chain=chain)
    follow_up = factories.make_follow_up(lead=lead, by=factories.make_user())
    watch = Watch()
    sql("DELETE FROM crm_lead WHERE id = %s", lead.pk)
    sql("DELETE FROM crm_followup WHERE id = %s", follow_up.pk)
    assert [(e.op, e.tokens) for e in watch.of(follow_up)] == [
        ("V", frozenset({chain.pk})),
        ("D", frozenset()),
    ]


def test_a_tenant_is_told_by_the_park_of_its_space():
    space = factories.make_space()
    enterprise = factories.make_enterprise()
    watch = Watch()
    factories.make_occupancy(space=space, enterprise=enterprise).delete()
    seen = [("V", frozenset({space.park_id}))] * 2
    assert [(e.op, e.tokens) for e in watch.of(enterprise)] == seen


def test_an_enterprise_without_a_chain_is_for_every_client_that_has_any(chain):
    watch = Watch()
    enterprise = factories.make_enterprise()
    enterprise.chain = chain
    enterprise.save()
    assert [e.tokens for e in watch.of(enterprise)] == [
        frozenset({ANY_CHAIN}),
        frozenset({ANY_CHAIN, chain.pk}),
    ]


def test_a_target_of_the_whole_zone_is_for_all_and_a_specialists_for_none(chain):
    watch = Watch()
    whole = factories.make_target("SIGNED_AMOUNT", 100)
    share = factories.make_target("SIGNED_AMOUNT", 10, specialist=factories.make_user())
    part = factories.make_target("SIGNED_AMOUNT", 20, chain=chain)
    tokens = {e.object_id: e.tokens for e in watch.events()}
    assert tokens == {
        whole.pk: frozenset({ALL}),
        share.pk: frozenset(),
        part.pk: frozenset({chain.pk}),
    }


def test_a_space_never_changes_its_park():
    space, park = factories.make_space(), factories.make_park()
    with pytest.raises(IntegrityError, match="park_id of zone_space never changes"):
        Space.objects.filter(pk=space.pk).update(park=park)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (factories.make_chain, "code"),
        (factories.make_park, "code"),
        (factories.make_user, "username"),
    ],
)
def test_what_other_rows_are_named_by_in_the_feed_never_changes(make, field):
    row = make()
    with pytest.raises(IntegrityError, match=f"{field} of .* never changes"), transaction.atomic():
        type(row).objects.filter(pk=row.pk).update(**{field: "another"})
    type(row).objects.filter(pk=row.pk).update(is_demo=not row.is_demo)


def test_a_changed_reference_raises_the_version_of_its_row(chain):
    lead, other = factories.make_lead(chain=chain), factories.make_lead(chain=chain)
    watch = Watch()
    ref = ExternalRef.objects.create(
        source="省平台", entity=Lead.SYNC.number, external_id="1", object_id=lead.pk
    )
    ref.object_id = other.pk
    ref.save()
    ref.delete()
    assert [(e.object_id, e.op, e.version) for e in sorted(watch.events(), key=str)] == sorted(
        [
            (lead.pk, "U", 2),
            (lead.pk, "U", 3),
            (other.pk, "U", 2),
            (other.pk, "U", 3),
        ],
        key=lambda row: str(Event("leads", row[0], row[2], row[1], frozenset({chain.pk}))),
    )


def test_touching_ends_with_the_statement(chain):
    lead = factories.make_lead(chain=chain)
    ExternalRef.objects.create(
        source="省平台", entity=Lead.SYNC.number, external_id="1", object_id=lead.pk
    )
    watch = Watch()
    Lead.objects.update(title=lead.title)
    assert watch.events() == []


def test_a_reference_to_an_unknown_kind_is_refused():
    with pytest.raises(Exception, match="null values cannot be formatted"):
        ExternalRef.objects.create(
            source="省平台", entity=999, external_id="1", object_id=uuid.uuid4()
        )


def test_an_account_that_entered_rows_is_told_of_them():
    user = factories.make_user()
    enterprise = Enterprise(name="甲有限公司", entered_by=user, chain=factories.make_chain())
    watch = Watch()
    enterprise.save()
    contact = factories.make_contact(enterprise=enterprise, entered_by=user)
    assert user.pk in watch.of(enterprise)[0].tokens
    assert user.pk in watch.of(contact)[0].tokens
