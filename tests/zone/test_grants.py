"""What the application's role may do: everything but change the trail or what guards it."""

from collections.abc import Iterator

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.core.management.commands.migrate import Command as Migrate
from django.db import connection

from tests.application import as_application, grant, logged_in
from tests.factories import make_lead
from tests.trail import execute, write
from zone.audit import chain as audit_chain
from zone.calendar import today
from zone.database import connection as database
from zone.database.data import APPLICATION, NAME
from zone.models import AuditEntry, AuditLink
from zone.schema import grants

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def application(transactional_db) -> Iterator[psycopg.Connection]:
    grant()
    with logged_in() as opened:
        yield opened


HOSTILE = (
    *(
        statement.format(table=table)
        for table in ("zone_auditentry", "zone_auditlink", "zone_auditqueue")
        for statement in (
            "DELETE FROM {table}",
            "TRUNCATE {table}",
            "TRUNCATE zone_user CASCADE",
            "LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE",
            "ALTER TABLE {table} DISABLE TRIGGER ALL",
            "ALTER TABLE {table} DISABLE TRIGGER USER",
            "ALTER TABLE {table} RENAME TO old",
            "ALTER TABLE {table} OWNER TO zone_app",
            "ALTER TABLE {table} ADD COLUMN x int",
            "CREATE TABLE copied AS SELECT * FROM {table}",
            "CREATE TEMP TABLE {table} (id int)",
            "CREATE RULE away AS ON INSERT TO {table} DO INSTEAD NOTHING",
            "CREATE INDEX x ON {table} ((1))",
            "CREATE POLICY p ON {table}",
            "DROP TABLE {table} CASCADE",
        )
    ),
    "UPDATE zone_auditentry SET why = 'x'",
    "UPDATE zone_auditlink SET hash = 'x'",
    "UPDATE zone_auditqueue SET is_behind = true",
    "INSERT INTO zone_auditentry (action) VALUES ('x') ON CONFLICT (id) DO UPDATE SET why = 'x'",
    "SELECT FROM zone_auditentry FOR UPDATE",
    "ALTER TABLE zone_auditentry DISABLE TRIGGER queue_link",
    "DROP TRIGGER queue_link ON zone_auditentry",
    "CREATE TRIGGER x BEFORE INSERT ON zone_auditentry EXECUTE FUNCTION zone_stamp_trail()",
    "INSERT INTO zone_auditlink SELECT * FROM zone_auditlink",
    "INSERT INTO zone_auditqueue (entry_ids) VALUES ('{1}')",
    "SELECT zone_link_entry(max(id)) FROM zone_auditentry",
    "SELECT zone_link_entries(array_agg(id)) FROM zone_auditentry",
    "CREATE OR REPLACE FUNCTION zone_queue_link() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
    "CREATE FUNCTION zone_trail_hash(text, bigint, date, record) RETURNS text AS 'SELECT 1' "
    "LANGUAGE sql",
    "ALTER FUNCTION zone_link_queued() SECURITY INVOKER",
    "DROP FUNCTION zone_queue_link() CASCADE",
    "ALTER SEQUENCE zone_auditentry_id_seq RESTART",
    "CREATE SCHEMA mine",
    "CREATE TABLE mine (id int)",
    "ALTER SCHEMA public RENAME TO old",
    "DROP SCHEMA public CASCADE",
    "ALTER DATABASE {database} SET session_replication_role = replica",
    "DROP OWNED BY zone",
    "REASSIGN OWNED BY zone TO zone_app",
    "SET ROLE zone",
    "SET SESSION AUTHORIZATION zone",
    "SET session_replication_role = replica",
    "CREATE ROLE other SUPERUSER",
    "ALTER ROLE zone_app SUPERUSER",
    "GRANT zone TO zone_app",
    "CREATE EXTENSION dblink",
    "DELETE FROM django_migrations",
    "INSERT INTO django_migrations (app, name, applied) VALUES ('zone', 'x', now())",
    "COPY zone_auditentry TO PROGRAM 'cat'",
)


@pytest.mark.parametrize("statement", sorted({*HOSTILE}))
def test_the_application_is_refused(application, statement):
    write()
    statement = statement.replace("{database}", connection.settings_dict["NAME"])
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application.execute(statement)
    application.rollback()


def test_the_application_hands_itself_nothing(application):
    for table in ("zone_auditentry", "zone_auditlink", "zone_auditqueue"):
        application.execute(f"GRANT ALL ON {table} TO zone_app")  # a warning, says PostgreSQL
    application.commit()
    assert grant() == []


def test_the_word_of_the_purge_opens_nothing(application):
    write(days_ago=200)
    application.execute("SELECT set_config('zone.purge', 'on', true)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application.execute("DELETE FROM zone_auditentry")


def test_what_the_application_writes_is_sealed(application):
    application.execute(
        "INSERT INTO zone_auditentry (action, by_name, door, model, object_id, object_name, "
        "parent, changes, why, detail) SELECT 'CREATED', '', 'SYSTEM', '', '', '', '', '{}', '', "
        "'{}' FROM generate_series(1, 3)"
    )
    application.commit()
    assert AuditLink.objects.count() == 3
    assert audit_chain.first_fault() is None


def test_a_sealing_function_goes_on_no_table_of_somebody_else(application):
    """Even where the application may make tables."""
    execute("CREATE SCHEMA theirs")
    execute("GRANT ALL ON SCHEMA theirs TO zone_app")
    application.execute("CREATE TABLE theirs.t (id bigint)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="zone_queue_link"):
        application.execute(
            "CREATE TRIGGER x AFTER INSERT ON theirs.t REFERENCING NEW TABLE AS new_rows "
            "EXECUTE FUNCTION zone_queue_link()"
        )
    application.rollback()
    execute("DROP SCHEMA theirs CASCADE")


def test_a_table_in_front_of_ours_takes_no_seal(application):
    execute(f"GRANT TEMPORARY ON DATABASE {connection.settings_dict['NAME']} TO zone_app")
    application.execute("CREATE TEMP TABLE zone_auditqueue (LIKE public.zone_auditqueue)")
    application.execute("CREATE TEMP TABLE zone_auditlink (LIKE public.zone_auditlink)")
    for table in ("zone_auditqueue", "zone_auditlink"):
        application.execute(f"GRANT ALL ON pg_temp.{table} TO PUBLIC")
    application.execute(
        "INSERT INTO zone_auditentry (action, by_name, door, model, object_id, object_name, "
        "parent, changes, why, detail) VALUES ('CREATED', '', 'SYSTEM', '', '', '', '', '{}', '', "
        "'{}')"
    )
    application.commit()
    execute(f"REVOKE TEMPORARY ON DATABASE {connection.settings_dict['NAME']} FROM zone_app")
    assert AuditLink.objects.count() == 1
    assert audit_chain.first_fault() is None


def test_granting_again_changes_nothing():
    grant()
    assert grant() == []


@pytest.mark.parametrize(
    "given",
    [
        "GRANT UPDATE, TRUNCATE ON zone_auditentry TO zone_app",
        "GRANT UPDATE (why) ON zone_auditentry TO zone_app",
        "GRANT DELETE ON zone_auditlink TO PUBLIC",
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        "GRANT INSERT ON django_migrations TO zone_app",
        "REVOKE SELECT ON crm_lead FROM zone_app",
    ],
)
def test_granting_mends_what_was_changed_by_hand(given):
    grant()
    execute(given)
    assert len(grant()) == 1
    assert grant() == []


def test_the_application_uses_a_table_that_is_made_later(application):
    execute("CREATE TABLE later (id bigint GENERATED ALWAYS AS IDENTITY, word text)")
    try:
        application.execute("INSERT INTO later (word) VALUES ('a')")
        application.execute("UPDATE later SET word = 'b'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute("TRUNCATE later")
        application.rollback()
    finally:
        execute("DROP TABLE later")


def test_migrate_grants_to_the_role_of_database_url(monkeypatch):
    grant()
    execute("REVOKE ALL ON crm_lead FROM zone_app")
    url = f"postgresql://{APPLICATION}@localhost/zone"
    monkeypatch.setenv("DATABASE_URL", url)
    call_command(Migrate(), verbosity=0)
    with logged_in() as opened:
        assert opened.execute("SELECT count(*) FROM crm_lead").fetchone() == (0,)
    assert grant() == []


def test_migrate_names_the_role_that_is_missing(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody_there@localhost/zone")
    with pytest.raises(CommandError, match="nobody_there"):
        call_command(Migrate(), verbosity=0)


@pytest.fixture
def in_its_role(transactional_db):
    with as_application():
        yield


def test_a_purge_asks_for_the_owners_login(in_its_role):
    assert not grants.owns_trail()
    with pytest.raises(CommandError, match="DATABASE_OWNER_URL"):
        call_command("purge_audit", before=today(), really=True)


def test_the_application_writes_leads_and_their_trail(in_its_role):
    make_lead()
    AuditEntry.objects.record_command("test")
    call_command("trim_feed", days=0, verbosity=0)
    assert audit_chain.first_fault() is None


# Which login a command gets

URLS = {
    "DATABASE_URL": "postgresql://app:a@h/crm",
    "DATABASE_OWNER_URL": "postgresql://owner:o@h/crm",
}


@pytest.mark.parametrize(
    ("command", "user"),
    [("migrate", "owner"), ("purge_audit", "owner"), ("work", "app"), ("load_zone", "app")],
)
def test_the_owner_logs_in_for_few_commands(command, user):
    environ = dict(URLS)
    database.log_in_as_owner(command, environ)
    assert database.connection_settings(environ)["USER"] == user
    assert database.application_role(environ) == "app"


def test_without_an_owner_there_is_one_login():
    environ = {"DATABASE_URL": URLS["DATABASE_URL"]}
    database.log_in_as_owner("migrate", environ)
    assert database.connection_settings(environ)["USER"] == "app"


def test_the_private_cluster_has_both():
    assert database.connection_settings({})["USER"] == APPLICATION
    assert database.connection_settings({database.AS_OWNER: "1"})["USER"] == NAME


def test_a_wrong_owner_url_is_named():
    environ = URLS | {"DATABASE_OWNER_URL": "mysql://x", database.AS_OWNER: "1"}
    with pytest.raises(database.StartProblem, match="DATABASE_OWNER_URL is not PostgreSQL"):
        database.connection_settings(environ)
