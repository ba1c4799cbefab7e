"""Triggers, functions, indexes, roles and rights follow the code with every migrate."""

import ast
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.test.utils import CaptureQueriesContext

from crm.models import Enterprise, FollowUp, Lead
from tests import factories
from tests.feed.log import Watch
from tests.schema.database import before_squash, catalogue, database_beside
from tests.test_house import FLOORS, ROOT
from zone.database.objects import function
from zone.feed import triggers
from zone.feed.synced import Synced, by_number, entities
from zone.schema import following, grants, groups

pytestmark = pytest.mark.django_db


def execute(statement: str):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else None


def here() -> dict[str, set]:
    with connection.cursor() as cursor:
        return catalogue(cursor)


def epoch():
    return execute("SELECT epoch FROM zone_feed")[0][0]


@pytest.fixture
def _entities_anew():
    entities.cache_clear()
    by_number.cache_clear()
    yield
    entities.cache_clear()
    by_number.cache_clear()


def test_a_second_run_does_nothing():
    role = following.application_role()
    assert following.install_objects() == groups.install() == grants.apply(role) == []
    with CaptureQueriesContext(connection) as asked:
        following.after_migrate("default")
    kinds = {query["sql"].split()[0] for query in asked}
    assert kinds == {"SELECT", "SAVEPOINT", "RELEASE"}


def differences(left: dict[str, set], right: dict[str, set]) -> dict:
    return {kind: left[kind] ^ right[kind] for kind in left if left[kind] != right[kind]}


@pytest.mark.slow
def test_an_upgraded_database_is_like_a_fresh_one():
    fresh = here()
    with database_beside(before_squash()) as old:
        assert old.migrate().stderr == ""
        cursor = old.connection.cursor()
        assert differences(catalogue(cursor), fresh) == {}
        assert cursor.execute("SELECT title FROM crm_lead").fetchall() == [("示例线索",)]
        # Negative control: what an upgrade would leave behind is seen.
        cursor.execute("ALTER TABLE crm_lead DISABLE TRIGGER feed_update")
        cursor.execute("DELETE FROM auth_group_permissions")
        assert differences(catalogue(cursor), fresh).keys() == {"triggers", "groups"}
        assert old.migrate().returncode == 0
        assert differences(catalogue(cursor), fresh) == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gone", "missing"),
    [
        ("DELETE FROM django_migrations WHERE app = 'crm' AND name > '0010'", "0011_contact_feed"),
        ("DELETE FROM django_migrations WHERE app = 'projects' AND name > '0002'", "0002_links"),
        (
            "DELETE FROM django_migrations WHERE app = 'crm' AND name > '0003'"
            " OR app = 'projects' AND name > '0002'",
            "0002_links",
        ),
    ],
)
def test_a_database_between_two_releases_is_told_to_finish_the_former_first(gone, missing):
    with database_beside(before_squash()) as old:
        old.connection.execute(gone)
        refused = old.migrate()
        assert (refused.returncode, "Install that release" in refused.stderr) == (1, True)
        assert missing in refused.stderr


def test_no_former_migration_is_replaced_twice():
    """The second would be taken as applied together with the first, and not be run."""
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    replaced = [key for one in loader.disk_migrations.values() for key in one.replaces]
    assert len(replaced) == len(set(replaced)) > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "stopped", [("zone",), ("crm", "0001_initial"), ("projects",), ("crm", "0002_keys")]
)
def test_an_installation_that_was_interrupted_goes_on_where_it_stopped(stopped):
    with database_beside("SELECT") as database:
        assert database.migrate(*stopped).returncode == 0
        assert database.migrate().stderr == ""
        assert differences(catalogue(database.connection.cursor()), here()) == {}


@pytest.mark.slow
@pytest.mark.parametrize("script", [lambda: "SELECT", before_squash], ids=["empty", "upgrade"])
def test_several_migrate_at_once_and_the_others_find_nothing_to_do(script):
    with database_beside(script()) as database:
        with ThreadPoolExecutor(3) as pool:
            runs = list(pool.map(lambda _: database.migrate(), range(3)))
        assert [(run.returncode, run.stderr) for run in runs] == [(0, "")] * 3
        assert differences(catalogue(database.connection.cursor()), here()) == {}


@pytest.mark.usefixtures("_entities_anew")
def test_the_parent_of_a_new_noun_tells_its_moves(monkeypatch, chain):
    """An upgraded database once kept the parent's old trigger, and the child was lost."""
    with monkeypatch.context() as patch:
        patch.setattr(FollowUp, "SYNC", None)
        assert following.install_objects() != []
        lead = factories.make_lead(chain=chain)
    entities.cache_clear()
    by_number.cache_clear()
    note = factories.make_follow_up(lead=lead, by=factories.make_user())
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    before = epoch()
    assert following.install_objects() != []
    assert epoch() == before  # a table that was not synchronised yet has lost nothing
    watch = Watch()
    Lead.objects.filter(pk=lead.pk).update(chain=factories.make_chain("electronics"))
    assert ("follow-ups", note.pk) in {(event.name, event.object_id) for event in watch.events()}


def test_a_path_that_is_added_replaces_the_trigger(monkeypatch, specialist):
    before = epoch()
    monkeypatch.setattr(Lead, "SYNC", Synced(8, "leads", paths=("chain", "owner")))
    assert any("feed_crm_lead_update" in statement for statement in following.install_objects())
    assert following.install_objects() == []
    assert epoch() == before  # what the code changes has lost no event


def beside(statement: str):
    """Return a transaction of somebody else that is still open."""
    other = psycopg.connect(**connection.get_connection_params())
    other.execute(statement)
    return other


def test_a_transaction_that_wrote_by_the_old_trigger_is_waited_for(monkeypatch):
    """Its event would come behind the cursor of a client that began anew, without a new path."""
    monkeypatch.setattr(triggers, "locked_parents", lambda model: [])  # functions alone differ
    execute("SET LOCAL lock_timeout = '100ms'")
    waits = pytest.raises(OperationalError, match="lock timeout")
    with beside("UPDATE crm_followup SET summary = '' WHERE false"), waits, transaction.atomic():
        following.install_objects()
    assert following.install_objects() != []


def test_a_trigger_is_replaced_while_a_backup_reads():
    execute("ALTER TABLE crm_lead DISABLE TRIGGER feed_delete")
    execute("SET LOCAL lock_timeout = '100ms'")
    with beside("SELECT FROM crm_lead"):
        assert len(following.install_objects()) == 1


NOTHING = "RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$"


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER feed_update ON crm_lead",
        "ALTER TABLE crm_lead DISABLE TRIGGER feed_delete",
        "DROP TRIGGER feed_insert ON crm_lead; CREATE TRIGGER feed_insert AFTER INSERT ON crm_lead"
        " FOR EACH STATEMENT EXECUTE FUNCTION zone_feed_truncated()",
        "ALTER TABLE crm_lead DISABLE TRIGGER feed_truncate",
        "DROP FUNCTION feed_crm_lead_update() CASCADE",
        f"CREATE OR REPLACE FUNCTION feed_crm_lead_update() {NOTHING}",
        f"CREATE OR REPLACE FUNCTION zone_feed_truncated() {NOTHING}",
        # An update that raises no version writes no event.
        "ALTER TABLE crm_lead DISABLE TRIGGER touch_row",
        f"CREATE OR REPLACE FUNCTION zone_touch_row() {NOTHING}",
        "DROP FUNCTION zone_touch_row() CASCADE",
        "ALTER TABLE zone_externalref DISABLE TRIGGER feed_insert",
    ],
)
def test_clients_begin_anew_when_a_trigger_was_away(statement):
    """Nobody knows what changed meanwhile."""
    fresh, before = here(), epoch()
    execute(statement)
    assert following.install_objects() != []
    assert epoch() != before
    assert differences(here(), fresh) == {}


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE OR REPLACE FUNCTION zone_touch_row() RETURNS trigger LANGUAGE plpgsql"
        " AS $$BEGIN RETURN NEW; END$$",
        "ALTER TABLE zone_auditentry ENABLE TRIGGER refuse_change",
        "GRANT EXECUTE ON FUNCTION zone_queue_link() TO PUBLIC",
        "ALTER FUNCTION zone_link_queued() SECURITY INVOKER",
        "DROP INDEX feed_projects_project_key",
    ],
)
def test_what_was_changed_by_hand_is_put_back(statement):
    fresh = here()
    execute(statement)
    assert differences(here(), fresh)
    assert following.install_objects() != []
    assert differences(here(), fresh) == {}


def test_what_nobody_asks_for_any_more_is_dropped(monkeypatch):
    fresh, asked = here(), list(following.wanted())
    old = function("zone_of_an_old_release()", "\nBEGIN\n  RETURN NULL;\nEND ")
    trigger = replace(
        asked[1],
        name="old",
        sql=asked[1].sql.replace("TRIGGER touch_row", "TRIGGER old"),
        table=asked[1].table,
    )
    with monkeypatch.context() as patch:
        patch.setattr(following, "wanted", lambda: [*asked, old, trigger])
        assert following.install_objects() != []
    assert differences(here(), fresh).keys() == {"functions", "triggers"}
    execute("CREATE FUNCTION zone_of_somebody_else() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    assert following.install_objects() != []
    kept = differences(here(), fresh)
    assert [("zone_of_somebody_else" in text) for text, _acl in kept["functions"]] == [True]


def test_a_role_has_what_the_apps_give_it_and_no_more():
    Group.objects.get(name="auditor").permissions.set(
        Group.objects.get(name="office").permissions.all()
    )
    Group.objects.get(name="leadership").delete()
    assert groups.install() == ["leadership", "auditor"]
    assert groups.install() == []


def test_a_row_that_changes_gets_another_version():
    enterprise = factories.make_enterprise()
    version = Enterprise.objects.get(pk=enterprise.pk).version
    Enterprise.objects.filter(pk=enterprise.pk).update(address="改")
    assert Enterprise.objects.get(pk=enterprise.pk).version == version + 1


# What the state of a model names by its path: fields, validators, defaults and expressions.
OF_STATES = {
    "zone.fields",
    "zone.identifiers",
    "zone.calendar",
    "zone.database.folding",
    "zone.database.filling",
    "zone.files.storage",
    "zone.feed.synced",
    "zone.access.addresses",
    "zone.access.networks",
    "zone.access.api_scopes",
}


def test_no_migration_reads_the_models_of_today():
    found = set()
    for path in (path for app in FLOORS for path in (ROOT / app / "migrations").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module)
    ours = {name for name in found if name.split(".")[0] in FLOORS}
    assert ours == OF_STATES
