"""What the upgrade makes of references from before sources belonged to clients."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from crm.models import Enterprise
from tests import factories
from zone.models import ApiClient, ApiUpload, AuditEntry, ExternalRef

pytestmark = pytest.mark.django_db
migration = import_module("zone.migrations.0024_bind_sources")
WRITES = ["enterprises:write"]


def upgrade():
    migration.normalise(apps, connection.schema_editor())
    migration.bind(apps, connection.schema_editor())


def as_before(source: str, external_id: str, row) -> int:
    """Insert a reference as it stood in the database, whatever its spelling."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO zone_externalref (source, entity, external_id, object_id) "
            "VALUES (%s, %s, %s, %s) RETURNING id",
            [source, row.SYNC.number, external_id, row.pk],
        )
        return cursor.fetchone()[0]


def made_by(client: ApiClient | None, *sources: str) -> Enterprise:
    """Make a row as a client made it, with references under these sources, its own first."""
    row = factories.make_enterprise()
    for source in sources:
        as_before(source, str(row.pk), row)
    if client:
        AuditEntry.objects.record_made(row, by=client.account)
    return row


def sources() -> dict[str, list[str]]:
    return {client.name: client.sources for client in ApiClient.objects.exclude(sources=[])}


def client(name: str, scopes=WRITES, **more) -> ApiClient:
    return factories.make_client(name=name, scopes=scopes, **more)


def test_a_client_that_writes_gets_the_sources_that_it_has_used():
    oa, mis = client("OA"), client("MIS")
    ApiUpload.objects.create(client=oa, resource="leads", source="oa-bulk")
    made_by(oa, "ＯＡ", "mis")
    made_by(mis, "mis")
    made_by(None, "nobody")
    upgrade()
    assert sources() == {"OA": ["oa", "oa-bulk"], "MIS": ["mis"]}
    line = AuditEntry.objects.of(oa).get(action="RIGHTS")
    assert line.changes == {"sources": ["", "['oa', 'oa-bulk']"]}
    assert not AuditEntry.objects.of(client("later")).filter(action="RIGHTS").exists()


def test_what_two_clients_used_is_nobodys_until_somebody_decides():
    first, second = client("OA"), client("MIS")
    made_by(first, "oa", "x")
    made_by(second, "OA")
    upgrade()
    assert sources() == {}


def test_who_may_not_write_or_is_disabled_gets_none_and_is_in_nobodys_way():
    reader, old, new = client("reader", ["leads:read"]), client("old"), client("new")
    ApiClient.objects.filter(pk=old.pk).update(is_disabled=True)
    for one in (reader, old, new):
        made_by(one, "oa")
    upgrade()
    assert sources() == {"new": ["oa"]}


def test_a_name_that_has_no_plain_form_is_bound_as_it_is():
    made_by(client("省"), "省平台")
    made_by(client("市"), "市平台,二期")
    made_by(client("区"), "  ")
    upgrade()
    assert sources() == {"省": ["省平台"]}


def test_spellings_come_together_where_they_name_different_rows_of_another_id():
    first, second = factories.make_enterprise(), factories.make_enterprise()
    as_before("oa", "1", first)
    clash = as_before("OA", "1", second)  # stands for another row
    as_before("Oa ", "1", first)  # says the same once more
    as_before("ＯＡ", "2", second)
    upgrade()
    found = set(ExternalRef.objects.values_list("source", "external_id", "object_id"))
    assert found == {("oa", "1", first.pk), ("OA", "1", second.pk), ("oa", "2", second.pk)}
    upgrade()
    assert ExternalRef.objects.count() == 3
    kept = ExternalRef.objects.get(source="oa", external_id="1")
    assert (kept.object_id, kept.pk != clash) == (first.pk, True)


def test_the_rows_whose_references_are_respelled_are_told_of():
    row = factories.make_enterprise()
    as_before("OA", "1", row)
    row.refresh_from_db()
    before = row.version
    upgrade()
    row.refresh_from_db()
    assert row.version == before + 1
    upgrade()
    row.refresh_from_db()
    assert row.version == before + 1
