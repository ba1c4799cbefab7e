"""The feed can be taken out of a database and put back."""

import pytest
from django.core.checks import run_checks
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from crm.models import Contact, Enterprise
from tests import factories
from tests.feed.log import Watch
from zone.feed import triggers
from zone.feed.synced import Synced
from zone.sync.checks import SYNC_CHECK

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
BEFORE = [
    ("projects", "0007_roles"),
    ("crm", "0007_contact_keys"),
    ("zone", "0009_security_alerts"),
]
LEFT = """
SELECT (SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'feed\\_%'),
  (SELECT count(*) FROM pg_proc WHERE proname LIKE 'feed\\_%' OR proname LIKE 'zone\\_feed%'),
  (SELECT count(*) FROM pg_class WHERE relname LIKE 'feed\\_%' OR relname = 'zone_change')
"""


def left() -> tuple:
    with connection.cursor() as cursor:
        cursor.execute(LEFT)
        return cursor.fetchone()


def test_the_migrations_go_back_and_forth():
    there = left()
    executor = MigrationExecutor(connection)
    latest = executor.loader.graph.leaf_nodes()
    try:
        executor.migrate(BEFORE)
        assert left() == (0, 0, 0)
        factories.make_lead()
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(latest)
    assert left() == there
    assert run_checks(tags=[SYNC_CHECK], databases=["default"]) == []
    watch = Watch()
    factories.make_park()
    assert len(watch.events()) == 1


BODIES = """
SELECT tgrelid::regclass::text, tgname, prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = tgfoid
WHERE tgname LIKE 'feed\\_%' ORDER BY 1, 2
"""


def bodies() -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(BODIES)
        return cursor.fetchall()


def test_an_older_database_gets_the_triggers_of_a_fresh_one(monkeypatch):
    """Contacts were once seen by the chain of their enterprise, and both tables told of it."""
    fresh = bodies()
    with monkeypatch.context() as patch, connection.cursor() as cursor:
        wider = ("enterprise__chain", "entered_by", "leads__chain")
        patch.setattr(Contact, "SYNC", Synced(7, "contacts", paths=wider))
        for model in (Contact, Enterprise):
            cursor.execute(triggers.install(model))
    assert bodies() != fresh
    executor = MigrationExecutor(connection)
    latest = executor.loader.graph.leaf_nodes()
    executor.migrate([("crm", "0010_one_index_each")])
    assert bodies() != fresh
    MigrationExecutor(connection).migrate(latest)
    assert bodies() == fresh
    assert run_checks(tags=[SYNC_CHECK], databases=["default"]) == []
