"""A pytest plugin: a throw-away PostgreSQL, up before pytest-django reads the settings.

addopts loads it with -p. TEST_DATABASE_URL names a server of one's own instead.
"""

import os
import secrets
from pathlib import Path

import psycopg
import pytest

from zone.database.checkout import VAR, Lock
from zone.database.cluster import Cluster
from zone.database.data import APPLICATION, NAME, find_home

FOLDER = VAR / "tests"
NOWHERE = "postgres://nobody@127.0.0.1:1/nothing"
THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # At times a worker holds a transaction, and with it the change feed, for a moment.
    "autovacuum": "off",
}


class Database:
    """The server behind this run, with the lock that shows the next run that it is in use."""

    def __init__(self) -> None:
        with Lock(FOLDER / "mutex"):
            remove_leftovers()
            self.root = FOLDER / f"{os.getpid()}-{secrets.token_hex(3)}"
            self.lock = Lock(self.root / "run")
            self.lock.alone()
        self.cluster = Cluster(self.root, THROWAWAY)
        self.cluster.start()
        self.check_that_it_is_ours()
        with self.cluster.connect() as connection:
            # The suite works as owner; where it matters it takes the application's part.
            connection.execute(f"GRANT {APPLICATION} TO {NAME}")

    def check_that_it_is_ours(self) -> None:
        with psycopg.connect(self.cluster.url) as connection:
            found = Path(connection.execute("SHOW data_directory").fetchone()[0])
        assert found.resolve() == self.cluster.data.resolve(), f"not the tests' server: {found}"
        assert find_home(self.root) in found.parents

    def remove(self) -> None:
        self.cluster.remove()
        self.lock.close()


def remove_leftovers() -> None:
    """Clear away the servers of runs that were killed: nobody holds their lock."""
    for root in FOLDER.glob("*-*"):
        lock = Lock(root / "run")
        if lock.alone():
            Cluster(root).remove()
        lock.close()


def begin(*, serving: bool) -> Database | None:
    """Set what the settings read; with ``serving`` start the server behind them."""
    # Production's settings ask for these; a developer's environment must not decide a test.
    os.environ["SECRET_KEY"] = "for-tests-only-" + "x" * 50
    os.environ["DEBUG"] = "1"
    # What serves as in production here makes no production of the checkout.
    os.environ["OWN_MACHINE"] = "1"
    os.environ["UPLOADS"] = str(FOLDER / "uploads")
    os.environ["AUDIT_ANCHORS"] = str(FOLDER / f"anchors-{os.getpid()}")
    given = os.environ.get("TEST_DATABASE_URL")
    os.environ["DATABASE_URL"] = given or NOWHERE
    if given or not serving:
        return None
    database = Database()
    os.environ["DATABASE_URL"] = database.cluster.url
    os.environ["UPLOADS"] = str(database.root / "uploads")
    os.environ["AUDIT_ANCHORS"] = str(database.root / "anchors")
    return database


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start before pytest-django's hook of the same name, which reads the settings."""
    options = early_config.known_args_namespace
    if options.help or options.version:
        return
    # With -n the workers run the tests. Each has a server of its own: what can be read in the
    # change feed waits for the oldest transaction of a whole server.
    hands_out = getattr(options, "numprocesses", None) and "PYTEST_XDIST_WORKER" not in os.environ
    if database := begin(serving=not hands_out):
        early_config.add_cleanup(database.remove)


def pytest_report_header() -> str:
    where = "TEST_DATABASE_URL" if os.environ.get("TEST_DATABASE_URL") else "throw-away PostgreSQL"
    return f"database: {where}"
