"""Rows that are kept are the table's own at any moment, whoever writes it and however."""

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from projects.models import Credit, Project
from tests import factories
from tests.racing import at_once
from zone.database import remembered

pytestmark = pytest.mark.django_db(transaction=True)


def total() -> int:
    return sum(
        wan for (wan,) in remembered.rows(Project.objects.values_list("total_investment_wan"))
    )


def reads() -> int:
    """Return how often the projects were read to answer."""
    with CaptureQueriesContext(connection) as seen:
        total()
    return sum('FROM "projects_project"' in query["sql"] for query in seen)


def elsewhere(work):
    """Return what ``work`` returned in a connection of its own."""
    return at_once(1, lambda _n: work())[0]


@pytest.fixture
def project(chain):
    return factories.make_project(chain=chain, total_investment_wan=100)


def test_what_nobody_wrote_is_not_read_again(project):
    assert total() == 100
    assert reads() == 0
    factories.make_enterprise()
    assert reads() == 0


def add(project):
    factories.make_project(total_investment_wan=11)
    return 111


def save(project):
    project.total_investment_wan = 7
    project.save()
    return 7


def update(project):
    Project.objects.update(total_investment_wan=8)
    return 8


def remove(project):
    Project.objects.all().delete()
    return 0


def run(statement, expected=0):
    def work(project):
        with connection.cursor() as cursor:
            cursor.execute(statement)
        return expected

    return work


WAYS = {
    "add": add,
    "save": save,
    "update": update,
    "remove": remove,
    "by SQL": run("UPDATE projects_project SET total_investment_wan = 9", 9),
    "truncate": run("TRUNCATE projects_project CASCADE"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("where", [elsewhere, lambda work: work()], ids=["elsewhere", "here"])
def test_every_way_of_writing_is_seen(project, way, where):
    total()
    expected = where(lambda: WAYS[way](project))
    assert total() == expected


def test_what_hangs_on_a_row_is_seen(project, specialist):
    credits = Credit.objects.values_list("specialist")
    factories.make_credit(project=project, specialist=specialist)
    assert remembered.rows(credits) == [(specialist.pk,)]
    elsewhere(lambda: project.credits.all().delete())
    assert remembered.rows(credits) == []


def test_a_writer_that_ends_after_the_reading_is_seen(project):
    """Its number is older than that of a writer who ended before the reading."""

    def slow_writer():
        with transaction.atomic():
            Project.objects.update(total_investment_wan=5)
            elsewhere(factories.make_enterprise)  # a younger one that ends first
            assert elsewhere(total) == 100  # kept while the older one goes on

    elsewhere(slow_writer)
    assert total() == 5


def test_what_is_rolled_back_is_kept_for_nobody(project):
    total()
    with transaction.atomic():
        save(project)
        assert total() == 7
        project.total_investment_wan = 6
        project.save()
        assert total() == 6
        transaction.set_rollback(True)
    assert total() == 100


def test_rows_of_a_table_without_notes_are_refused(db):
    with pytest.raises(ImproperlyConfigured, match="django_session"):
        remembered.rows(Session.objects.values_list("pk"))


def test_old_notes_are_removed(project):
    remembered.forget(timezone.now() + remembered.WRITES_STAY)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {remembered.WRITES}")
        assert cursor.fetchone() == (0,)
