import os
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client, RequestFactory
from django.utils import timezone

from tests import factories
from zone.models import ApiUpload, WorkerBeat
from zone.models.worker_beats import SILENT_AFTER
from zone.monitoring import disks
from zone.monitoring import health as figures
from zone.pages import health

Loop = WorkerBeat.Loop


def get(view):
    return view(RequestFactory().get("/"))


def beat(ago=timedelta(0), loops=tuple(Loop)):
    for loop in loops:
        row = WorkerBeat.of_this_process(loop)
        row.beat("step", 0)
        WorkerBeat.objects.filter(pk=row.pk).update(beat_at=timezone.now() - ago)


def test_healthz_asks_nothing_of_the_database():
    # Without the django_db mark, any query here would be refused.
    answer = get(health.healthz)
    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.mark.django_db
def test_readyz_says_ok_once_every_migration_is_applied():
    beat()
    answer = get(health.readyz)
    assert (answer.status_code, answer.content) == (200, b"ok\nworker: ok")


@pytest.mark.django_db
def test_readyz_waits_for_a_migration_that_is_missing():
    MigrationRecorder.Migration.objects.filter(app="sessions").delete()
    answer = get(health.readyz)
    assert (answer.status_code, answer.content) == (503, b"not ready")


def test_readyz_keeps_the_error_to_itself(monkeypatch, caplog):
    def fail():
        raise OperationalError("password of zone at 10.0.0.1 refused")

    monkeypatch.setattr(health, "all_migrations_applied", fail)
    answer = get(health.readyz)
    assert (answer.status_code, answer.content) == (503, b"not ready")
    assert "does not answer" in caplog.text


def test_health_addresses_change_nothing():
    answer = health.healthz(RequestFactory().post("/"))
    assert answer.status_code == 405


@pytest.mark.django_db
def test_both_addresses_answer_without_logging_in():
    client = Client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db
def test_our_own_people_see_how_far_the_feed_is_behind_and_when_the_worker_last_beat(
    as_user, office
):
    beat(timedelta(seconds=7))
    assert b"feed" not in Client().get("/readyz").content
    assert as_user(office).get("/readyz").content.splitlines() == [
        b"ok",
        b"change feed: 0 ms behind",
        b"worker: last beat 7 s ago",
    ]


@pytest.mark.django_db
def test_a_silent_worker_is_told_and_pages_stay_open(as_user, office):
    assert Client().get("/readyz").content == b"ok\nworker: silent"
    assert as_user(office).get("/readyz").content.endswith(b"worker: silent, never seen")
    beat(SILENT_AFTER + timedelta(seconds=1))
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.content) == (200, b"ok\nworker: silent")
    assert b"worker: silent since 20" in as_user(office).get("/readyz").content


@pytest.mark.django_db
def test_one_loop_that_is_silent_makes_the_worker_silent():
    beat()
    beat(SILENT_AFTER * 2, [Loop.WEBHOOKS])
    assert Client().get("/readyz").content == b"ok\nworker: silent"
    factories.make_user()
    WorkerBeat.objects.create(host="other", pid=1, loop=Loop.WEBHOOKS, step="webhooks")
    assert Client().get("/readyz").content == b"ok\nworker: ok"


@pytest.mark.django_db
def test_rows_of_workers_long_gone_are_cleared():
    beat(timedelta(days=2), [Loop.STEPS])
    WorkerBeat.objects.create(host="other", pid=1, loop=Loop.STEPS, step="x")
    assert WorkerBeat.objects.forget() == 1
    assert WorkerBeat.objects.get().host == "other"


@pytest.mark.django_db
def test_a_new_process_with_the_number_of_a_killed_one_takes_its_row():
    first, second = (WorkerBeat.of_this_process(Loop.STEPS) for _ in range(2))
    first.beat("a", 0)
    second.beat("b", 0)
    second.beat("c", 3)
    row = WorkerBeat.objects.get()
    assert (row.pk, row.step, row.faults) == (second.pk, "c", 3)
    second.end()
    assert not WorkerBeat.objects.exists()


@pytest.mark.django_db
def test_a_disk_below_its_reserve_is_named_by_its_purpose_and_never_by_its_path(
    settings, folder, caplog
):
    settings.DISK_RESERVE_MB = 10**9
    answer = get(health.readyz)
    assert answer.status_code == 503
    said = ["not ready", "disk: uploads", "disk: temp", "worker: silent"]
    assert answer.content.decode().splitlines() == said
    assert f"disk: uploads, {folder.parent}: " in caplog.text
    assert "needed" in caplog.text


@pytest.mark.django_db
def test_our_own_people_see_where_and_how_much(settings, folder, as_user, office):
    settings.DISK_RESERVE_MB = 10**9
    answer = as_user(office).get("/readyz")
    assert f"disk: uploads, {folder.parent}: " in answer.text
    assert "MiB free" in answer.text


@pytest.mark.django_db
@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_named_to_an_ordinary_user(settings, tmp_path):
    tmp_path.chmod(0o500)
    settings.MEDIA_ROOT = tmp_path
    assert get(health.readyz).content == b"not ready\ndisk: uploads\nworker: silent"


@pytest.mark.django_db
def test_a_folder_that_cannot_be_written_is_named(settings):
    settings.MEDIA_ROOT = type(settings.MEDIA_ROOT)("/proc/1/task")
    answer = get(health.readyz)
    assert (answer.status_code, answer.content) == (
        503,
        b"not ready\ndisk: uploads\nworker: silent",
    )


def test_a_probe_leaves_nothing_behind(tmp_path):
    assert disks.look("uploads", tmp_path / "not" / "made").fault == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db
def test_readyz_takes_few_queries(django_assert_num_queries):
    get(health.readyz)
    with django_assert_num_queries(3):  # the table of migrations, its rows, the worker
        get(health.readyz)


# The page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "status"),
    [("system_admin", 200), ("security_admin", 200), ("office", 200)]
    + [(role, 403) for role in ("leadership", "specialist", "park_operator", "auditor")],
)
def test_the_health_page_is_for_those_who_can_act(as_user, role, status):
    client = as_user(factories.make_user(role))
    assert client.get("/admin/health/").status_code == status
    assert ("/admin/health/" in client.get("/admin/account/").text) == (status == 200)


@pytest.mark.django_db
def test_a_superuser_opens_the_health_page_and_a_stranger_does_not(client):
    assert client.get("/admin/health/").status_code == 302
    client.force_login(factories.make_user(username="root", is_superuser=True))
    assert client.get("/admin/health/").status_code == 200


def states() -> dict[str, str]:
    return {check.title: check.state for check in figures.checks()}


@pytest.mark.django_db
def test_each_line_has_a_state_in_words_and_what_to_do_when_it_is_bad(as_user, office):
    page = as_user(office).get("/admin/health/").text
    assert "■</span> 需立即处理" in page  # no worker
    assert "manage.py work" in page
    beat()
    lines = list(figures.checks())
    assert {line.title: line.state for line in lines if line.state != "GOOD"} == {}
    assert len(lines) == 10
    assert "■" not in as_user(office).get("/admin/health/").text


@pytest.mark.django_db
def test_what_waits_for_long_and_what_was_given_up_is_shown(settings):
    beat()
    upload = ApiUpload(client=factories.make_client(), resource="leads", source="oa", rows=1)
    upload.save()
    assert states()["待处理批量上传"] == "GOOD"
    now = timezone.now()
    ApiUpload.objects.update(at=now - timedelta(minutes=11))
    assert states()["待处理批量上传"] == "WARNING"
    ApiUpload.objects.update(at=now - timedelta(hours=2))
    endpoint = factories.make_endpoint()
    endpoint.issue_secret()
    endpoint.client.issue_key()
    factories.make_delivery(endpoint, next_at=now - timedelta(hours=7))
    factories.make_delivery(endpoint, dead_at=now)
    settings.DISK_RESERVE_MB = 10**9
    bad = {title: state for title, state in states().items() if state != "GOOD"}
    assert bad == {
        "磁盘：上传文件": "BAD",
        "磁盘：上传暂存": "BAD",
        "待处理批量上传": "BAD",
        "待发推送": "BAD",
        "放弃的推送": "WARNING",
    }


@pytest.mark.django_db
def test_the_health_page_takes_as_many_queries_for_30_as_for_1(
    as_user, office, django_assert_num_queries
):
    client = as_user(office)
    endpoint = factories.make_endpoint()
    client.get("/admin/health/")
    for number in (1, 30):
        for _ in range(number):
            factories.make_delivery(endpoint)
            ApiUpload(client=endpoint.client, resource="leads", source="oa").save()
        with django_assert_num_queries(14):
            client.get("/admin/health/")


def test_files_on_their_way_in_lie_where_readyz_looks():
    assert str(disks.folders()["temp"]) == django_settings.FILE_UPLOAD_TEMP_DIR
