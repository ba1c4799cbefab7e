"""Two records of one enterprise become one: nothing is lost, and everybody is told."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from crm.merging import merge_enterprises
from crm.models import Enterprise
from tests import factories
from tests.feed.following import Replica
from zone.feed.scope import Scope
from zone.models import AuditEntry, ExternalRef, Merged

CODE, OTHER_CODE = "91140400MA0GTXYZ14", "91140400MA0K3XYZ9Y"


@pytest.fixture
def kept(db):
    return factories.make_enterprise(name="甲材料有限公司", address="长治")


@pytest.fixture
def dropped(db):
    return factories.make_enterprise(
        name="甲科技有限公司", address="太原", description="做正极材料"
    )


def merge(kept, dropped, office, reason="同一家企业"):
    return merge_enterprises(kept, dropped, by=office, reason=reason)


def refer(row, external_id="E-1"):
    return ExternalRef.objects.create(
        source="省平台", entity=row.SYNC.number, external_id=external_id, object_id=row.pk
    )


@pytest.mark.django_db
def test_everything_that_points_to_the_dropped_one_moves(kept, dropped, office):
    rows = [
        factories.make_contact(enterprise=dropped),
        factories.make_lead(enterprise=dropped),
        factories.make_project(enterprise=dropped),
        factories.make_occupancy(enterprise=dropped),
    ]
    untouched = factories.make_lead()
    merge(kept, dropped, office)
    for row in rows:
        row.refresh_from_db()
        assert row.enterprise_id == kept.pk
        line = AuditEntry.objects.of(row).first()
        assert (line.changes, line.why) == (
            {"enterprise": ["甲科技有限公司", "甲材料有限公司"]},
            "同一家企业",
        )
    untouched.refresh_from_db()
    assert untouched.enterprise_id not in (kept.pk, dropped.pk)
    assert not Enterprise.objects.filter(pk=dropped.pk).exists()


@pytest.mark.django_db
def test_every_relation_of_an_enterprise_is_moved(kept):
    """As the database has them: a new foreign key cannot be forgotten."""
    from crm.merging import _ties

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text FROM pg_constraint"
            " WHERE contype = 'f' AND confrelid = 'crm_enterprise'::regclass"
        )
        assert {table for (table,) in cursor.fetchall()} == {
            field.model._meta.db_table for field in _ties()
        }


@pytest.mark.django_db
def test_only_empty_fields_are_filled(kept, dropped, office):
    Enterprise.objects.filter(pk=dropped.pk).update(uscc=CODE)
    merged = merge(kept, dropped, office)
    assert (merged.address, merged.description, merged.uscc) == ("长治", "做正极材料", CODE)
    line = AuditEntry.objects.of(kept).first()
    assert line.changes == {"description": ["", "做正极材料"], "uscc": ["", CODE]}
    assert line.detail["merged"] == str(dropped.pk)
    assert AuditEntry.objects.deleted([str(dropped.pk)]) == {str(dropped.pk)}


@pytest.mark.django_db
def test_references_find_the_kept_one_and_earlier_merges_too(kept, dropped, office):
    first = factories.make_enterprise()
    ref, gone = refer(first), first.pk
    merge(dropped, first, office)
    merge(kept, dropped, office)
    ref.refresh_from_db()
    assert ref.object_id == kept.pk
    assert dict(Merged.objects.values_list("object_id", "merged_into")) == {
        gone: kept.pk,
        dropped.pk: kept.pk,
    }


@pytest.mark.django_db
def test_the_references_of_every_system_survive(kept, dropped, office):
    here, there = {"source": "oa", "external_id": "E-1"}, {"source": "mis", "external_id": "E-1"}
    for row, pair in ((kept, here), (dropped, there)):
        ExternalRef.objects.create(entity=row.SYNC.number, object_id=row.pk, **pair)
    merge(kept, dropped, office)
    refs = ExternalRef.objects.of(Enterprise).by_row([kept.pk])
    assert refs == {(kept.SYNC.number, kept.pk): [there, here]}


@pytest.mark.django_db
def test_two_credit_codes_are_two_enterprises(kept, dropped, office):
    Enterprise.objects.filter(pk=dropped.pk).update(uscc=CODE)
    Enterprise.objects.filter(pk=kept.pk).update(uscc=OTHER_CODE)
    with pytest.raises(ValidationError, match="两个信用代码"):
        merge(kept, dropped, office)
    assert Enterprise.objects.filter(pk=dropped.pk).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["", "电话 13800138000"])
def test_a_merge_needs_a_reason_without_numbers(kept, dropped, office, reason):
    with pytest.raises(ValidationError):
        merge(kept, dropped, office, reason)


@pytest.mark.django_db
def test_nonsense_is_refused(kept, dropped, office):
    with pytest.raises(ValidationError, match="自身"):
        merge(kept, kept, office)
    Enterprise.objects.filter(pk=dropped.pk).update(is_demo=True)
    with pytest.raises(ValidationError, match="虚构"):
        merge(kept, dropped, office)
    Enterprise.objects.filter(pk=dropped.pk).delete()
    with pytest.raises(ValidationError, match="已不存在"):
        merge(kept, dropped, office)


@pytest.mark.django_db(transaction=True)
def test_a_consumer_learns_where_the_record_went():
    office, chain = factories.make_office(), factories.make_chain()
    kept = factories.make_enterprise(name="甲材料有限公司", chain=chain)
    dropped = factories.make_enterprise(name="甲科技有限公司", chain=chain)
    refer(dropped)
    lead = factories.make_lead(enterprise=dropped, chain=chain)
    replica = Replica(Scope(chains=frozenset({chain.pk})))
    merge(kept, dropped, office)
    told = {item.id: item for item in replica.drain()}
    assert (told[dropped.pk].reason, told[dropped.pk].merged_into) == ("merged", kept.pk)
    assert told[kept.pk].external_refs == [{"source": "省平台", "external_id": "E-1"}]
    assert told[lead.pk].row.enterprise_id == kept.pk
    assert told[dropped.pk].version > 2
