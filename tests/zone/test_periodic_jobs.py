"""Periodic jobs: made up once when missed, run by one worker, seen when they fail."""

from datetime import UTC, datetime, time, timedelta
from time import sleep

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.racing import at_once
from zone.jobs import periodic
from zone.jobs.periodic import PeriodicJob
from zone.models import AuditEntry, JobRun
from zone.models.job_runs import JobRunQuerySet
from zone.monitoring import health

HOUR = timedelta(hours=1)


@pytest.fixture
def ran(monkeypatch) -> list:
    """Have one job, hourly, in place of all; return when it ran."""
    found = []
    job = PeriodicJob("test", "试验", lambda: str(found.append(1) or len(found)), HOUR)
    monkeypatch.setattr(periodic, "jobs", lambda: {"test": job})
    return found


def run_of(**values) -> JobRun:
    return JobRun.objects.update_or_create(name="test", defaults=values)[0]


def test_each_name_is_given_once_and_has_a_translated_title():
    declared = [job for module in periodic.modules_of_apps("jobs") for job in module.JOBS]
    assert len(periodic.jobs()) == len(declared) >= 4
    assert all(str(job.title).isascii() is False for job in declared)


@pytest.mark.django_db
def test_a_new_job_is_due_at_once_and_then_after_its_pause(ran):
    assert periodic.step() is True
    run = JobRun.objects.get()
    assert (run.outcome, run.failures, run.fault) == ("1", 0, "")
    assert run.started_at <= run.succeeded_at
    assert abs(run.due_at - timezone.now() - HOUR) < timedelta(minutes=1)
    assert periodic.step() is False
    assert len(ran) == 1


@pytest.mark.django_db
def test_what_was_missed_for_days_is_made_up_once(ran):
    run_of(due_at=timezone.now() - timedelta(days=3))
    assert [periodic.step() for _ in range(3)] == [True, False, False]
    assert len(ran) == 1


@pytest.mark.parametrize(
    ("ended", "due"),
    [
        (datetime(2025, 3, 1, 1, tzinfo=UTC), datetime(2025, 3, 1, 16, 30, tzinfo=UTC)),
        (datetime(2025, 3, 1, 16, 30, tzinfo=UTC), datetime(2025, 3, 2, 16, 30, tzinfo=UTC)),
    ],
)
def test_a_daily_job_has_its_time_in_the_zone(ended, due):
    assert PeriodicJob("x", "", str, at=time(0, 30)).due_after(ended) == due


@pytest.mark.django_db
def test_a_failing_job_is_red_and_comes_again_after_growing_pauses(ran, monkeypatch, caplog):
    def fail():
        raise KeyError("13812345678")

    job = PeriodicJob("test", "试验", fail, HOUR)
    monkeypatch.setattr(periodic, "jobs", lambda: {"test": job})
    pauses = []
    for _ in range(8):
        run_of(due_at=timezone.now())
        with pytest.raises(KeyError):
            periodic.step()
        pauses.append(round((JobRun.objects.get().due_at - timezone.now()) / timedelta(minutes=1)))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    run = JobRun.objects.get()
    assert (run.failures, run.succeeded_at) == (8, None)
    assert "KeyError" in run.fault
    assert "13812345678" not in run.fault + caplog.text.split("Traceback")[0]
    check = health.jobs()
    assert (check.state, "test" in check.found) == (health.BAD, True)


@pytest.mark.django_db
def test_a_success_takes_the_fault_away(ran):
    run_of(due_at=timezone.now(), failures=3, fault="KeyError")
    periodic.step()
    run = JobRun.objects.get()
    assert (run.failures, run.fault) == (0, "")
    assert health.jobs().state == health.GOOD


@pytest.mark.django_db
def test_a_job_that_nobody_runs_is_told(ran):
    run_of(due_at=timezone.now() - timedelta(hours=2))
    assert health.jobs().state == health.WARNING


@pytest.mark.django_db
def test_looking_for_work_is_two_queries(ran):
    periodic.step()
    with CaptureQueriesContext(connection) as seen:
        periodic.step()
    assert len([query for query in seen if "SAVEPOINT" not in query["sql"]]) == 2


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_runs_it(ran):
    run_of(due_at=timezone.now())
    assert at_once(8, lambda n: periodic.step()).count(True) == 1
    assert len(ran) == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_many_run_it(ran, monkeypatch):
    """The negative control."""
    monkeypatch.setattr(JobRunQuerySet, "take", lambda rows, lease: rows.first())

    def slow() -> str:
        ran.append(1)
        sleep(0.2)
        return ""

    job = PeriodicJob("test", "试验", slow, HOUR)
    monkeypatch.setattr(periodic, "jobs", lambda: {"test": job})
    run_of(due_at=timezone.now())
    at_once(8, lambda n: periodic.step())
    assert len(ran) > 1


@pytest.mark.django_db
def test_a_run_that_was_killed_comes_again_once_its_lease_is_over(ran):
    run_of(due_at=timezone.now())
    assert JobRun.objects.take(HOUR).name == "test"  # and its process is gone
    assert periodic.step() is False
    JobRun.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert periodic.step() is True
    assert len(ran) == 1


@pytest.mark.django_db
def test_a_worker_that_is_ended_lets_go_of_its_job(ran, monkeypatch):
    def end():
        raise SystemExit

    job = PeriodicJob("test", "试验", end, HOUR)
    monkeypatch.setattr(periodic, "jobs", lambda: {"test": job})
    run_of(due_at=timezone.now())
    with pytest.raises(SystemExit):
        periodic.step()
    run = JobRun.objects.get()
    assert (run.held_until, run.failures) == (None, 0)
    assert run.due_at <= timezone.now()


# In the admin


@pytest.fixture
def admin_(db):
    return factories.make_user("system_admin")


def test_administrators_see_jobs_and_run_them_now(as_user, admin_, ran):
    run = run_of(due_at=timezone.now() + HOUR, outcome="退回 3 条")
    client = as_user(admin_)
    assert "退回 3 条" in client.get(reverse("admin:zone_jobrun_changelist")).text
    address = reverse("admin:zone_jobrun_run", args=[run.pk])
    assert client.get(address).status_code == 200
    assert JobRun.objects.get().due_at > timezone.now()
    assert client.post(address).status_code == 302
    assert JobRun.objects.get().due_at <= timezone.now()
    assert AuditEntry.objects.of(run).get().by_name == admin_.name_and_account
    assert periodic.step() is True


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "sees"), [("security_admin", True), ("office", False), ("specialist", False)]
)
def test_others_run_none(as_user, ran, role, sees):
    run = run_of(due_at=timezone.now() + HOUR)
    client = as_user(factories.make_user(role))
    listed = client.get(reverse("admin:zone_jobrun_changelist")).status_code == 200
    done = client.post(reverse("admin:zone_jobrun_run", args=[run.pk])).status_code
    assert (listed, done in (403, 404)) == (sees, True)
