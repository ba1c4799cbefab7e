"""A streaming standby of the tests' own server, from the same programs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from tests.database import FOLDER, THROWAWAY
from zone.database.binaries import Runner
from zone.database.checkout import make_folder
from zone.database.cluster import HOST, OPTIONS, Cluster, free_port
from zone.database.data import SUPERUSER

ALIAS = "standby"
START_LIMIT = CATCH_UP_LIMIT = 30  # seconds


class Standby:
    """A copy of the tests' cluster that follows it."""

    def __init__(self, primary: Cluster):
        self.primary = primary
        self.runner = Runner.for_data(primary.data)
        self.programs = primary.programs(self.runner)
        self.data = primary.data.with_name("standby")
        self.port = free_port()

    def start(self):
        make_folder(self.data, 0o700)
        self.runner.own(self.data)
        arguments = self.runner.arguments()
        arguments["env"] = arguments["env"] | {"PGPASSWORD": self.primary.password}
        subprocess.run(
            [self.programs / "pg_basebackup", "-D", self.data, "-h", HOST,
             "-p", str(self.primary.port), "-U", SUPERUSER, "-R", "-c", "fast", "-X", "stream",
             "--no-sync"],
            check=True, capture_output=True, **arguments,
        )  # fmt: skip
        options = OPTIONS | THROWAWAY | {"hot_standby_feedback": "on"}
        flags = [f"--{name}={value}" for name, value in options.items()]
        self.server = subprocess.Popen(
            [self.programs / "postgres", "-D", self.data, "-p", str(self.port), *flags],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            **self.runner.arguments(),
        )  # fmt: skip
        self.wait_until_it_answers()

    def wait_until_it_answers(self):
        deadline = time.monotonic() + START_LIMIT
        while True:
            try:
                with self.connect() as session:
                    assert session.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
                    return
            except psycopg.OperationalError:
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=HOST, port=self.port, user=SUPERUSER, dbname="postgres", autocommit=True,
            password=self.primary.password,
        )  # fmt: skip

    def catch_up(self):
        """Wait until everything that the primary has written has arrived."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_wal_insert_lsn()")
            wanted = cursor.fetchone()[0]
        deadline = time.monotonic() + CATCH_UP_LIMIT
        with self.connect() as session:
            query = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
            while not session.execute(query, [wanted]).fetchone()[0]:
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def promote(self):
        with self.connect() as session:
            session.execute("SELECT pg_promote()")

    def remove(self):
        if server := getattr(self, "server", None):
            server.send_signal(signal.SIGINT)
            server.wait(30)
        shutil.rmtree(self.data, ignore_errors=True)


@contextmanager
def allowed() -> Iterator[None]:
    """Let the tests reach the standby: Django knows only of what the settings name."""
    guarded = BaseDatabaseWrapper.ensure_connection

    def ensure(wrapper):
        if wrapper.alias != ALIAS:
            guarded(wrapper)
        elif wrapper.connection is None:
            with wrapper.wrap_database_errors:
                wrapper.connect()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseWrapper, "ensure_connection", ensure)
        yield


@contextmanager
def standby() -> Iterator[Standby]:
    """Have a standby behind the database alias ``standby``."""
    roots = list(FOLDER.glob(f"{os.getpid()}-*"))
    if not roots:
        pytest.skip("the server of TEST_DATABASE_URL is not ours to copy")
    found = Standby(Cluster(roots[0], THROWAWAY))
    if not (found.programs / "pg_basebackup").exists():
        pytest.skip("no pg_basebackup")
    try:
        found.start()
        connections.databases[ALIAS] = connections.databases["default"] | {
            "NAME": connection.settings_dict["NAME"],
            "PORT": str(found.port),
        }
        with allowed():
            yield found
            connections[ALIAS].close()
            del connections[ALIAS]
    finally:
        connections.databases.pop(ALIAS, None)
        found.remove()
