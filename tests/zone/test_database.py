import pytest
from django.db import connection

from zone import gunicorn
from zone.database.checkout import StartProblem
from zone.database.connection import connection_settings


def settings(url: str, **more: str) -> dict:
    return connection_settings({"DATABASE_URL": url, **more})


def test_a_url_becomes_django_settings():
    found = settings("postgresql://zone:s%40cret@db.example:5433/crm?sslmode=verify-full")
    assert found["ENGINE"] == "django.db.backends.postgresql"
    assert found["HOST"] == "db.example"
    assert found["PORT"] == "5433"
    assert found["USER"] == "zone"
    assert found["PASSWORD"] == "s@cret"
    assert found["NAME"] == "crm"
    assert found["OPTIONS"]["sslmode"] == "verify-full"
    assert found["OPTIONS"]["application_name"] == "zone"
    assert found["CONN_MAX_AGE"] == 60
    assert found["CONN_HEALTH_CHECKS"] is True


def test_several_hosts_are_kept_for_a_fail_over():
    found = settings("postgresql://u@one:5432,two:5433/crm?target_session_attrs=read-write")
    assert (found["HOST"], found["PORT"]) == ("one,two", "5432,5433")
    assert found["OPTIONS"]["target_session_attrs"] == "read-write"


def test_a_forgotten_transaction_ends_by_itself():
    options = settings("postgresql://u@h/crm")["OPTIONS"]
    assert options["options"] == "-c idle_in_transaction_session_timeout=60s"


def test_pgbouncer_gets_no_start_up_options_and_no_server_side_cursors():
    found = settings("postgresql://u@h/crm", DATABASE_BEHIND_PGBOUNCER="1")
    assert "options" not in found["OPTIONS"]
    assert found["DISABLE_SERVER_SIDE_CURSORS"] is True


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:hidden@h/crm",
        "postgresql://u:hidden@h:http/crm",
        "postgresql://u:hidden@h:70000/crm",
        "postgresql://u:hidden@h",
        "postgresql://u:hidden@h/crm?nonsense=1",
        "postgresql://u:hidden@[h/crm",
        "nonsense",
    ],
)
def test_a_wrong_url_stops_with_one_line_without_the_password(url):
    with pytest.raises(StartProblem, match="DATABASE_URL") as caught:
        settings(url)
    assert "\n" not in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_a_wrong_switch_stops_with_one_line():
    with pytest.raises(StartProblem, match="DATABASE_BEHIND_PGBOUNCER='yes'"):
        settings("postgresql://u@h/crm", DATABASE_BEHIND_PGBOUNCER="yes")


def test_without_a_url_it_is_the_private_cluster_on_loopback():
    found = connection_settings({})
    assert (found["HOST"], found["NAME"], found["USER"]) == ("127.0.0.1", "zone", "zone_app")
    assert found["PORT"].isdecimal()


@pytest.mark.django_db(transaction=True)
def test_workers_are_forked_from_what_is_loaded_without_its_connections():
    connection.ensure_connection()
    gunicorn.pre_fork(None, None)
    assert (gunicorn.preload_app, connection.connection) == (True, None)
