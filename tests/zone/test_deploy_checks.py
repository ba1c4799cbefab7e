"""What `check --deploy` refuses: demo accounts and demo mode where DEBUG is off."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.db import OperationalError, ProgrammingError
from django.db.models.query import QuerySet

from tests.factories import make_user
from zone.demo import DEMO_PASSWORD

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def served(settings):
    settings.DEBUG = settings.DEMO = False


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


def test_the_readmes_order_holds_checked_before_the_first_migration():
    done = check()
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_an_unknown_role_in_the_setting_stops_the_start():
    done = check(SECOND_FACTOR_ROLES="OFICE")
    assert done.returncode == 1
    assert "SECOND_FACTOR_ROLES: OFICE is not known" in done.stderr
