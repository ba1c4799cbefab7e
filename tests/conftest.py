"""Personas: who knocks at the door in the tests."""

import pytest
from django.db.backends.postgresql.operations import DatabaseOperations

from tests import factories
from zone import trail_triggers


@pytest.fixture
def chain(db):
    return factories.make_chain()


@pytest.fixture
def office(db):
    return factories.make_office(username="office", display_name="招商办")


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
def folder(settings, tmp_path):
    """Return a folder of uploads of the test's own."""
    settings.MEDIA_ROOT = tmp_path / "uploads"
    return settings.MEDIA_ROOT


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """Return a context in which what waits for the commit happens at the end."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def as_user(client):
    """Return a function that logs a persona in and gives back the client."""

    def login(user):
        client.force_login(user)
        return client

    return login


@pytest.fixture(autouse=True, scope="session")
def _emptied_past_the_trail():
    """Let the tests that commit be cleaned up by TRUNCATE, which the trail refuses."""
    plain = DatabaseOperations.execute_sql_flush

    def execute(operations, sql_list):
        tables = (trail_triggers.ENTRIES, trail_triggers.LINKS)
        opened = [f"ALTER TABLE {table} DISABLE TRIGGER refuse_change" for table in tables]
        closed = [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER refuse_change" for table in tables]
        return plain(operations, [*opened, *sql_list, *closed])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", execute)
        yield
