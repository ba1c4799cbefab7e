import pytest
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client, RequestFactory

from zone.pages import health


def get(view):
    return view(RequestFactory().get("/"))


def test_healthz_asks_nothing_of_the_database():
    # Without the django_db mark, any query here would be refused.
    answer = get(health.healthz)
    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.mark.django_db
def test_readyz_says_ok_once_every_migration_is_applied():
    answer = get(health.readyz)
    assert (answer.status_code, answer.content) == (200, b"ok")


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
def test_our_own_people_see_how_far_the_feed_is_behind(as_user, office):
    assert b"feed" not in Client().get("/readyz").content
    assert as_user(office).get("/readyz").content == b"ok\nchange feed: 0 ms behind"
