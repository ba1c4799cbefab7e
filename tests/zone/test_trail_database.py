"""The database refuses to change the trail, and proves that nobody did."""

from datetime import datetime, timedelta

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tests.trail import execute, opened, write
from zone.calendar import SHANGHAI
from zone.database.data import SUPERUSER
from zone.models import AuditEntry

pytestmark = pytest.mark.django_db

STATEMENTS = (
    "UPDATE zone_auditentry SET why = 'x'",
    "DELETE FROM zone_auditentry",
    "TRUNCATE zone_auditentry",
    "UPDATE zone_auditlink SET hash = 'x'",
    "DELETE FROM zone_auditlink",
    "TRUNCATE zone_auditlink",
)


def refused(statement: str) -> bool:
    try:
        with transaction.atomic():
            execute(statement)
    except IntegrityError as error:
        return "audit trail" in str(error)
    return False


@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_trail_is_never_changed(statement):
    write()
    assert refused(statement)


@pytest.fixture
def superuser(transactional_db):
    """Return a connection as the superuser of the tests' cluster."""
    values = {**connection.get_connection_params(), "user": SUPERUSER}
    values = {key: values[key] for key in ("host", "port", "user", "password", "dbname")}
    try:
        opened = psycopg.connect(**values)
    except psycopg.OperationalError:
        pytest.skip("the tests' server is not ours")
    yield opened
    opened.close()


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize("statement", STATEMENTS)
def test_nor_by_the_clusters_superuser_who_says_he_replicates(superuser, statement, role):
    write()
    superuser.execute(f"SET session_replication_role = {role}")
    with pytest.raises(psycopg.errors.RestrictViolation, match="audit trail"):
        superuser.execute(statement)


def test_a_trigger_that_is_not_always_on_does_not_stop_a_replica(superuser):
    """The negative control: what ENABLE ALWAYS is for."""
    write()
    superuser.execute("ALTER TABLE zone_auditentry ENABLE TRIGGER refuse_change")
    superuser.execute("SET session_replication_role = replica")
    assert superuser.execute("UPDATE zone_auditentry SET why = 'x'").rowcount == 1
    superuser.rollback()


@pytest.mark.parametrize("statement", STATEMENTS)
def test_without_the_triggers_it_would_be(statement):
    """The negative control: it is the triggers that refuse."""
    write()
    with opened():
        assert not refused(statement)


def test_the_rows_of_the_orm_are_refused_too():
    entry = write()[0]
    for change in (lambda: entry.save(), lambda: entry.delete()):
        with (
            pytest.raises(IntegrityError, match="append-only|keeps 183 days"),
            transaction.atomic(),
        ):
            change()
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEntry.objects.update(why="x")


def test_an_old_line_goes_only_with_the_word_of_the_purge():
    entry = write(days_ago=184)[0]
    delete = f"DELETE FROM zone_auditentry WHERE id = {entry.pk}"
    assert refused(delete)
    execute("SELECT set_config('zone.purge', 'on', true)")
    assert not refused(delete)


@pytest.mark.parametrize("days", [0, 183])
def test_a_young_line_stays_even_with_the_word(days):
    entry = write(days_ago=days)[0]
    execute("SELECT set_config('zone.purge', 'on', true)")
    assert refused(f"DELETE FROM zone_auditentry WHERE id = {entry.pk}")
    assert refused(f"DELETE FROM zone_auditlink WHERE entry_id = {entry.pk}")


def test_nobody_dates_a_line_back():
    entry = AuditEntry(action="CREATED", door="SYSTEM", at=datetime(2020, 1, 1, tzinfo=SHANGHAI))
    entry.save()
    entry.refresh_from_db()
    assert timezone.now() - entry.at < timedelta(minutes=1)
