"""Two people do the same thing at once: exactly one wins, the other is told.

Real threads against real PostgreSQL; each with a negative control that shows the race is real.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from crm import jobs
from crm.models import Lead, LeadOwnerChange, pool
from projects.models import Agreement, Credit, Occupancy, Project
from projects.signing import convert
from tests.factories import (
    build,
    make_agreement,
    make_enterprise,
    make_follow_up,
    make_lead,
    make_project,
    make_screening,
    make_space,
    make_user,
)
from zone.calendar import today
from zone.models import User, ZoneSetting
from zone.models.audit import AuditEntryQuerySet

THREADS, ROUNDS = 16, 5

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def at_once(work, threads: int = THREADS) -> list[str]:
    """Run ``work(n)`` in ``threads`` threads at the same moment; return what became of each."""
    barrier = Barrier(threads)

    def run(number: int) -> str:
        try:
            barrier.wait()
            work(number)
        except (ValidationError, IntegrityError) as refusal:
            return type(refusal).__name__
        finally:
            connection.close()
        return "won"

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


def screened_lead(user) -> Lead:
    lead = make_lead(owner=user)
    make_screening(lead=lead)
    lead.advance(by=user)
    return lead


def test_a_lead_is_claimed_by_one():
    people = [make_user("specialist") for _ in range(THREADS)]
    for _ in range(ROUNDS):
        lead = make_lead()
        results = at_once(lambda n, pk=lead.pk: Lead.objects.get(pk=pk).claim(by=people[n]))
        assert results.count("won") == 1
        assert results.count("ValidationError") == THREADS - 1
        assert lead.owner_changes.count() == 1


def test_a_lead_becomes_one_project():
    user = make_user()
    for _ in range(ROUNDS):
        lead = screened_lead(user)
        results = at_once(lambda n, pk=lead.pk: convert(Lead.objects.get(pk=pk), by=user))
        assert results.count("won") == 1
        assert results.count("ValidationError") == THREADS - 1
        assert Project.objects.filter(lead=lead).count() == 1


def test_without_the_lock_a_lead_is_claimed_twice():
    """The negative control: look first, write then, as a naive claim does."""
    people = [make_user() for _ in range(THREADS)]

    def naive(n, pk):
        lead = Lead.objects.get(pk=pk)
        if lead.owner_id is not None:
            raise ValidationError("taken")
        lead.owner = people[n]
        lead.save(update_fields=["owner"])

    wins = 0
    for _ in range(ROUNDS):
        lead = make_lead()
        wins = max(wins, at_once(lambda n, pk=lead.pk: naive(n, pk)).count("won"))
    assert wins > 1


def test_of_two_formal_agreements_one_is_recognised():
    office = make_user()
    for _ in range(ROUNDS):
        project = make_project()
        rows = [make_agreement(project=project) for _ in range(THREADS)]
        results = at_once(
            lambda n, rows=rows: Agreement.objects.get(pk=rows[n].pk).recognise(by=office)
        )
        assert results.count("won") == 1
        assert results.count("ValidationError") == THREADS - 1
        assert project.agreements.counted_projects().count() == 1


def test_shares_of_a_project_stay_within_100():
    people = [make_user() for _ in range(THREADS)]

    def add(n, project):
        with transaction.atomic():
            Credit.objects.create(project=project, specialist=people[n], share=Decimal(60))

    for _ in range(ROUNDS):
        project = make_project()
        results = at_once(lambda n, project=project: add(n, project))
        assert results.count("won") == 1
        assert results.count("IntegrityError") == THREADS - 1


def test_a_space_is_given_once():
    tenants = [make_enterprise() for _ in range(THREADS)]
    for _ in range(ROUNDS):
        space = make_space()
        results = at_once(
            lambda n, space=space: Occupancy.objects.create(
                space=space,
                enterprise=tenants[n],
                period=DateRange(date(2025, 1, 1 + n), date(2026, 1, 1)),
            )
        )
        assert results.count("won") == 1
        assert space.occupancies.count() == 1


def test_project_numbers_are_given_once():
    enterprise = make_enterprise()
    results = at_once(lambda n: Project.objects.create(name=f"项目{n}", enterprise=enterprise))
    assert results == ["won"] * THREADS
    assert Project.objects.values("code").distinct().count() == THREADS


def test_without_the_lock_project_numbers_collide():
    """The negative control: the same numbering, without taking turns."""

    enterprise = make_enterprise()

    def number(n):
        codes = Project.objects.filter(code__startswith="CZGX-2025-").values_list("code", flat=True)
        last = max((int(code[10:]) for code in codes), default=0)
        Project.objects.create(
            name=f"项目{n}", enterprise=enterprise, code=f"CZGX-2025-{last + 1:04d}"
        )

    assert "IntegrityError" in at_once(number)


def test_at_the_limit_one_of_several_claims_of_one_person_wins():
    """Each of another lead, so that the leads' own locks keep nobody waiting."""
    ZoneSetting.objects.create(key="HOLD_LIMIT", value=1)
    for _ in range(ROUNDS):
        person = make_user("specialist")
        leads = [make_lead().pk for _ in range(THREADS)]
        results = at_once(
            lambda n, leads=leads, person=person: Lead.objects.get(pk=leads[n]).claim(by=person)
        )
        assert results.count("won") == 1
        assert results.count("ValidationError") == THREADS - 1
        assert Lead.objects.held_by(person).count() == 1


def test_without_the_persons_lock_more_are_claimed_than_one_may_hold(monkeypatch):
    """The negative control."""
    ZoneSetting.objects.create(key="HOLD_LIMIT", value=1)
    monkeypatch.setattr(User.objects, "select_for_update", lambda **_options: User.objects.all())
    most = 0
    for _ in range(ROUNDS):
        person = make_user("specialist")
        leads = [make_lead().pk for _ in range(THREADS)]
        at_once(
            lambda n, leads=leads, person=person: Lead.objects.get(pk=leads[n]).claim(by=person)
        )
        most = max(most, Lead.objects.held_by(person).count())
    assert most > 1


def test_of_two_jobs_at_once_each_lead_is_returned_once(monkeypatch):
    monkeypatch.setattr(pool, "AT_ONCE", 7)
    owner = make_user()
    for _ in range(60):
        make_lead(owner=owner, protected_until=date(2025, 1, 1))
    assert at_once(lambda n: jobs.return_unprotected(), 4) == ["won"] * 4
    assert Lead.objects.pool().count() == 60
    assert LeadOwnerChange.objects.count() == 60


def test_a_follow_up_that_comes_while_the_job_runs_keeps_the_lead():
    """The job passes over a lead that somebody else has locked, and looks again afterwards."""
    owner = make_user()
    lead = make_lead(owner=owner, protected_until=date(2025, 1, 1))
    with transaction.atomic():
        lead.lock()
        with ThreadPoolExecutor(1) as other:
            other.submit(closing(jobs.return_unprotected)).result(20)
        make_follow_up(lead=lead, by=owner, kind="CALL", happened_on=today())
    jobs.return_unprotected()
    assert Lead.objects.get().owner == owner


def test_a_job_that_is_killed_in_the_middle_is_resumed(monkeypatch):
    """What a batch has committed stays done; the next run does the rest."""
    monkeypatch.setattr(pool, "AT_ONCE", 10)
    owner, batches = make_user(), []
    for _ in range(35):
        make_lead(owner=owner, protected_until=date(2025, 1, 1))
    plain = AuditEntryQuerySet.record_all_states

    def dying(self, *args, **kwargs):
        batches.append(1)
        if len(batches) == 3:
            raise SystemExit
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(AuditEntryQuerySet, "record_all_states", dying)
    with pytest.raises(SystemExit):
        jobs.return_unprotected()
    assert Lead.objects.pool().count() == LeadOwnerChange.objects.count() == 20
    jobs.return_unprotected()
    assert Lead.objects.pool().count() == LeadOwnerChange.objects.count() == 35


def closing(work):
    def run():
        try:
            return work()
        finally:
            connection.close()

    return run


def test_two_follow_ups_at_once_both_count():
    owner, days = make_user(), [date(2025, 3, 1 + n) for n in range(THREADS)]
    for _ in range(ROUNDS):
        lead = make_lead(owner=owner)
        at_once(
            lambda n, lead=lead: make_follow_up(
                lead=Lead.objects.get(pk=lead.pk), by=owner, happened_on=days[n]
            )
        )
        lead.refresh_from_db()
        assert (lead.first_contact_on, lead.last_contact_on) == (days[0], days[-1])


def test_a_lead_reopened_and_one_registered_at_once_do_not_both_court():
    office = make_user(is_superuser=True)
    for _ in range(ROUNDS):
        lost = make_lead(owner=office)
        lost.close(by=office, to="LOST", reason="未谈成")

        def either(n, lost=lost):
            if n % 2:
                Lead.objects.get(pk=lost.pk).reopen(by=office, reason="重启")
            else:
                build(Lead, enterprise=lost.enterprise, chain=lost.chain).register(by=office)

        assert at_once(either).count("won") == 1
        assert Lead.objects.open().filter(enterprise=lost.enterprise).count() == 1
