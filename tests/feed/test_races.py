"""A child is added while its parent moves: whoever wins, nobody keeps what is no longer theirs.

Real sessions against real PostgreSQL, in both orders, with negative controls that lose a row
without the lock and without the index.
"""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import date

import pytest
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.utils import NotSupportedError

from crm.models import Enterprise, Lead
from projects.models import Agreement, Occupancy, Project
from tests import factories
from tests.feed.following import Replica
from tests.feed.world import seen
from zone.feed import triggers
from zone.feed.scope import Scope
from zone.schema import following

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
HOLD = 0.2  # seconds after which a step is taken to wait for the other transaction


class Session:
    """A transaction in a thread of its own, one step at a time; a step may have to wait."""

    def __init__(self):
        self.thread = ThreadPoolExecutor(1)
        self.atomic = transaction.atomic()

    def do(self, step) -> Future:
        return self.thread.submit(step)

    def begin(self) -> Future:
        return self.do(self.atomic.__enter__)

    def number(self):
        """Get the transaction its number, as its first write would."""
        return self.do(lambda: sql("SELECT pg_current_xact_id()"))

    def commit(self) -> Future:
        def end():
            self.atomic.__exit__(None, None, None)
            connection.close()

        return self.do(end)


def sql(statement: str):
    with connection.cursor() as cursor:
        cursor.execute(statement)


class Meeting:
    """A project of one chain, with replicas of both chains' clients."""

    def __init__(self):
        self.old, self.new = factories.make_chain(), factories.make_chain("equipment")
        self.project = factories.make_project(chain=self.old)
        self.elsewhere = factories.make_project(chain=None)
        self.agreement = factories.make_agreement(project=self.elsewhere)
        scopes = [Scope(chains=frozenset({chain.pk})) for chain in (self.old, self.new)]
        self.replicas = [Replica(scope) for scope in scopes]
        for replica in self.replicas:
            replica.copy(seen(replica.scope))

    def move(self):
        Project.objects.filter(pk=self.project.pk).update(chain=self.new)

    def add(self):
        day = self.agreement.signed_on
        Agreement.objects.create(project=self.project, kind="FORMAL", signed_on=day, amount_wan=1)

    def bring(self):
        Agreement.objects.filter(pk=self.agreement.pk).update(project=self.project)

    def take(self):
        self.project.agreements.update(project=self.elsewhere)

    def remove(self):
        self.project.agreements.all().delete()

    def meet(self, first, second, *, numbered_first=0, ends_first=0):
        """Let two transactions do one step each, clients reading after each commit.

        Which of them got the lower number and which one ends first is said apart; one that has
        to wait for the other ends after it.
        """
        sessions = [Session(), Session()]
        for session in sessions:
            session.begin().result()
        for place in (numbered_first, 1 - numbered_first):
            sessions[place].number().result()
        sessions[0].do(first).result()
        step = sessions[1].do(second)
        waited = not wait([step], HOLD).done
        order = [0, 1] if waited else [ends_first, 1 - ends_first]
        for place in order:
            if place:
                step.result()
            sessions[place].commit().result()
            self.drain()
        return waited

    def drain(self):
        for replica in self.replicas:
            replica.drain()

    def wrong(self) -> list:
        """Return what some client holds and should not, or should and does not."""
        return [
            key
            for replica in self.replicas
            for key in replica.rows.keys() ^ seen(replica.scope).keys()
        ]


def race(name: str, mover_first: bool, **order) -> list:
    meeting = Meeting()
    change = getattr(meeting, name)
    if name in ("take", "remove"):
        meeting.add()
        meeting.drain()
    pair = (meeting.move, change) if mover_first else (change, meeting.move)
    meeting.meet(*pair, **order)
    return meeting.wrong()


ORDERS = [{"numbered_first": a, "ends_first": b} for a in (0, 1) for b in (0, 1)]


@pytest.mark.parametrize("mover_first", [True, False])
@pytest.mark.parametrize("name", ["add", "bring", "take", "remove"])
def test_a_part_and_its_project_change_at_once(name, mover_first):
    assert [race(name, mover_first, **order) for order in ORDERS] == [[]] * 4


def any_loss(name: str) -> bool:
    return any(race(name, first, **order) for first in (True, False) for order in ORDERS)


@contextmanager
def replaced(statements: str):
    """Break the triggers of agreements and projects, and mend them afterwards."""
    sql(statements)
    try:
        yield
    finally:
        with transaction.atomic():
            assert following.install_objects()


def test_without_the_index_a_client_keeps_a_row_that_has_gone():
    """Negative control: the move takes no lock that the child's would wait for."""
    with replaced("DROP INDEX feed_projects_project_key"):
        assert all(any_loss(name) for name in ("add", "bring", "take", "remove"))


def test_without_the_lock_a_client_keeps_a_row_that_has_gone(monkeypatch):
    """Negative control: a part that leaves has no foreign key to wait for at its commit."""
    with monkeypatch.context() as patch:
        patch.setattr(triggers, "locked_parents", lambda model: [])
        broken = ";".join(one.sql for one in triggers.of_model(Agreement) if one.kind == "function")
    with replaced(broken):
        assert all(any_loss(name) for name in ("take", "remove"))


@contextmanager
def repeatable_read():
    with transaction.atomic():
        sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def test_moving_under_an_old_snapshot_is_refused():
    """Its triggers would not see the parts that were added while it waited."""
    meeting = Meeting()
    with pytest.raises(NotSupportedError, match="READ COMMITTED"), repeatable_read():
        meeting.move()
    with repeatable_read():
        Project.objects.filter(pk=meeting.project.pk).update(name="改名")


def test_only_moves_of_a_parent_wait():
    """The price of the lock: an edit of the project waits for nobody."""
    meeting = Meeting()
    edited = Project.objects.filter(pk=meeting.project.pk)
    assert meeting.meet(meeting.add, meeting.move) is True
    assert meeting.meet(meeting.add, lambda: edited.update(content="改过")) is False


def test_occupancies_follow_their_enterprise_at_once():
    """The same rule one floor below: an enterprise moves while it is given a space."""
    for order in ORDERS:
        meeting = Meeting()
        space, enterprise = factories.make_space(), factories.make_enterprise(chain=meeting.old)
        moved = Enterprise.objects.filter(pk=enterprise.pk)
        meeting.meet(
            lambda space=space, row=enterprise: Occupancy.objects.create(
                space=space, enterprise=row, period=DateRange(date(2025, 1, 1), None)
            ),
            lambda rows=moved, chain=meeting.new: rows.update(chain=chain),
            **order,
        )
        assert meeting.wrong() == []


def test_contacts_follow_their_lead_at_once():
    """A contact has no chain of its own: it comes and goes with the leads that name it."""
    for order in ORDERS:
        meeting = Meeting()
        contact = factories.make_contact()
        lead = factories.make_lead(chain=meeting.old, enterprise=contact.enterprise)
        meeting.drain()
        leads = Lead.objects.filter(pk=lead.pk)
        meeting.meet(
            lambda rows=leads, row=contact: rows.update(contact=row),
            lambda rows=leads, chain=meeting.new: rows.update(chain=chain),
            **order,
        )
        assert meeting.wrong() == []
