"""What `check --deploy` refuses where DEBUG is off: demo accounts, a trail open to change."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.db import OperationalError, ProgrammingError
from django.db.models.query import QuerySet

from tests.application import act_as_application, grant
from tests.factories import make_user
from tests.trail import execute
from zone.login.demo import DEMO_PASSWORD

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def served(settings, db):
    settings.DEBUG = settings.DEMO = False
    act_as_application()


def found() -> dict[str, int]:
    """Return {id: level} of our own messages of plain `check --deploy`."""
    messages = run_checks(include_deployment_checks=True)
    return {message.id: message.level for message in messages if message.id.startswith("zone.")}


def make_demo(**fields):
    user = make_user("office", is_demo=True, **fields)
    user.set_password(DEMO_PASSWORD)
    user.save()
    return user


def test_nothing_is_said_of_real_people(db):
    make_user("office").set_password(DEMO_PASSWORD)
    assert found() == {}


def test_a_demo_account_is_an_error(db):
    make_demo()
    assert found() == {"zone.E102": 40}


@pytest.mark.parametrize("harmless", ["inactive", "no password", "DEBUG"])
def test_a_demo_account_that_opens_nothing_is_none(db, settings, harmless):
    user = make_demo(is_active=harmless != "inactive")
    if harmless == "no password":
        user.set_unusable_password()
        user.save()
    settings.DEBUG = harmless == "DEBUG"
    assert found() == {}


def test_demo_mode_is_an_error(db, settings):
    settings.DEMO = True
    assert found() == {"zone.E101": 40}


@pytest.mark.parametrize(
    ("error", "said"), [(OperationalError, {"zone.W101": 30}), (ProgrammingError, {})]
)
def test_a_silent_database_is_a_warning_and_an_empty_one_nothing(db, monkeypatch, error, said):
    def fail(rows):
        raise error

    monkeypatch.setattr(QuerySet, "count", fail)
    assert found() == said


def test_a_trail_that_the_application_owns_is_an_error():
    execute("RESET ROLE")
    assert found() == {"zone.E103": 40}


@pytest.mark.parametrize(
    "right",
    [
        "UPDATE ON zone_auditentry TO zone_app",
        "UPDATE (why) ON zone_auditentry TO zone_app",
        "TRIGGER ON zone_auditlink TO PUBLIC",
        "INSERT ON zone_auditlink TO zone_app",
        "TRUNCATE ON zone_auditqueue TO zone_app",
        "CREATE ON SCHEMA public TO zone_app",
    ],
)
def test_a_right_to_change_the_trail_is_an_error(right):
    execute("RESET ROLE")
    execute(f"GRANT {right}")
    execute("SET LOCAL ROLE zone_app")
    assert found() == {"zone.E104": 40}
    execute("RESET ROLE")
    grant()
    execute("SET LOCAL ROLE zone_app")
    assert found() == {}


def check(**environment) -> subprocess.CompletedProcess:
    named = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": os.environ["DATABASE_URL"],
        "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "ALLOWED_HOSTS": "crm.example.org",
        "CONTACT_KEY": "0123456789abcdefghijklmnopqrstuvwxyz",
        "CSRF_TRUSTED_ORIGINS": "https://crm.example.org",
        "DEBUG": "0",
    }
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=named | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_readmes_order_holds_checked_before_the_first_migration():
    done = check()
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_an_unknown_role_in_the_setting_stops_the_start():
    done = check(SECOND_FACTOR_ROLES="OFICE")
    assert done.returncode == 1
    assert "SECOND_FACTOR_ROLES: OFICE is not known" in done.stderr
