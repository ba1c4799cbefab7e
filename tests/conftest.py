"""Personas: who knocks at the door in the tests."""

import gc

import pytest
from django.conf import settings
from django.core.management.commands import flush
from django.core.servers.basehttp import WSGIRequestHandler
from django.db import connection, transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test.testcases import LiveServerThread

from tests import factories
from tests.serving import DrainingServer, served
from zone.audit import triggers as audit_triggers
from zone.database.remembered import WRITES
from zone.models import ZoneSetting


@pytest.fixture
def chain(db):
    return factories.make_chain()


@pytest.fixture
def office(db):
    return factories.make_office(username="office", display_name="招商办")


@pytest.fixture
def colleague(db):
    return factories.make_office(username="office2", display_name="招商办乙")


@pytest.fixture
def specialist(chain):
    return factories.make_specialist(chain, username="specialist", display_name="专员甲")


@pytest.fixture
def other_specialist(chain):
    return factories.make_specialist(chain, username="other", display_name="专员乙")


@pytest.fixture
def leader(db):
    return factories.make_user("leadership", username="leader", display_name="管委会领导")


@pytest.fixture
def no_screening(db):
    """Let leads go on without a screening, for tests of what comes after it."""
    ZoneSetting.objects.create(key=ZoneSetting.Key.SCREENING_REQUIRED, value=0)


@pytest.fixture
def folder(settings, tmp_path):
    """Return a folder of uploads of the test's own."""
    settings.MEDIA_ROOT = tmp_path / "uploads"
    return settings.MEDIA_ROOT


@pytest.fixture(autouse=True)
def _anchors_of_one_test():
    """Each test has a trail of its own, and so its anchors."""
    yield
    settings.AUDIT_ANCHORS.unlink(missing_ok=True)


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """Return a context in which what waits for the commit happens at the end."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture(scope="session")
def server(django_db_setup):
    """Return ``host:port`` of a gunicorn on the tests' database, for tests that commit."""
    with served() as host:
        yield host


LiveServerThread.server_class = DrainingServer


@pytest.fixture(autouse=True)
def _answered(request, _live_server_helper):
    """See what the live server was asked to its end, before settings and tables are put back."""
    if "live_server" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("settings")  # set up before, and so put back after
    yield
    request.getfixturevalue("live_server").thread.httpd.drain()


@pytest.fixture
def as_user(client):
    """Return a function that logs a persona in and gives back the client."""

    def login(user):
        client.force_login(user)
        return client

    return login


@pytest.fixture(autouse=True, scope="session")
def _emptied_past_the_trail():
    """Empty the tables after a test that commits, past the triggers that would refuse or tell it.

    TRUNCATE makes every file of every table anew (200 ms); deleting a test's few rows takes 30.
    What a migration leaves behind, kinds of rows and the roles with their permissions, stays.
    """

    def sql_flush(operations, style, tables, **options):
        return [table for table in tables if table not in KEPT]

    def execute_sql_flush(operations, tables):
        filled = " UNION ALL ".join(f"SELECT '{t}' WHERE EXISTS (SELECT FROM {t})" for t in tables)
        with transaction.atomic(), connection.cursor() as cursor:
            found = [name for (name,) in cursor.execute(filled)]
            cursor.execute(";".join(f"ALTER TABLE {t} DISABLE TRIGGER USER" for t in found) or ";")
            cursor.execute(";".join(f"DELETE FROM {t}" for t in found) or ";")
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            note = f"INSERT INTO {WRITES} SELECT unnest(%s::regclass[]) ON CONFLICT DO NOTHING"
            cursor.execute(note, [found])
            cursor.execute(";".join(f"ALTER TABLE {t} ENABLE TRIGGER USER" for t in found) or ";")
            for one in audit_triggers.TRIGGERS:
                if one.table in found:
                    cursor.execute(f"ALTER TABLE {one.table} ENABLE ALWAYS TRIGGER {one.name}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        patch.setattr(DatabaseOperations, "execute_sql_flush", execute_sql_flush)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *options: None)
        yield


KEPT = {"django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}


# The test server sends an answer in pieces, and each but the first waits 40 ms for the receipt.
WSGIRequestHandler.disable_nagle_algorithm = True


def pytest_collection_finish():
    """Keep what is loaded by now out of the collector's way."""
    gc.freeze()
