"""`make start` as people use it: refused in one line, stopped by Ctrl-C, killed, taken over."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Collection, Iterator
from itertools import product
from pathlib import Path

import psycopg
import pytest

from tests.database import THROWAWAY
from tests.faults.conftest import checked_out, folder_for_all, processes_in
from zone.database.cluster import Cluster, free_port

pytestmark = pytest.mark.slow
LIMIT = 90  # seconds; the first start makes the data and the demo


class Started:
    """A running `manage.py start` in a checkout."""

    def __init__(
        self, checkout: Path, environment: dict[str, str], python: str = sys.executable, **how
    ) -> None:
        self.checkout = checkout
        self.cluster = Cluster(checkout / "var" / "postgres")
        self.port = free_port()
        self.log = checkout.parent / f"start-{self.port}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [python, "manage.py", "start"],
                cwd=checkout, env=environment | {"PORT": str(self.port)},
                stdout=log, stderr=log, start_new_session=True, **how,
                # A job in the background has Ctrl-C ignored, and hands that on.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )  # fmt: skip

    def ready(self) -> "Started":
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError):
                if self.get("/readyz")[0] == 200:
                    return self
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def wait_for(self, text: str, times: int = 1) -> None:
        deadline = time.monotonic() + LIMIT
        while self.log.read_text().count(text) < times:
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def get(self, path: str) -> tuple[int, str]:
        address = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status, answer.read().decode()

    def stop(self, number: int = signal.SIGINT) -> None:
        """End it as a terminal does, by its whole group of processes; nothing may be left."""
        os.killpg(self.process.pid, number)
        self.process.wait(30)
        assert processes_in(self.cluster.data) == []
        assert wait_until_empty(self.checkout) == []

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def wait_until_empty(folder: Path, seconds: float = 15) -> list[int]:
    deadline = time.monotonic() + seconds
    while processes_in(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    return processes_in(folder)


@pytest.fixture
def start(checkout: Path, clean_environment: dict[str, str]) -> Iterator[Callable[..., Started]]:
    started: list[Started] = []

    def go(python: str = sys.executable, url: str = "", **how) -> Started:
        environment = clean_environment | ({"DATABASE_URL": url} if url else {})
        started.append(Started(checkout, environment, python, **how))
        return started[-1]

    yield go
    for one in started:
        one.end()


@pytest.fixture(scope="session")
def data(clean_environment: dict[str, str]) -> Iterator[Path]:
    """What a first start leaves in var/, stopped: to make it takes most of a test's time."""
    folder = folder_for_all()
    server = Started(checked_out(folder / "checkout"), clean_environment)
    try:
        server.ready().stop()
        yield server.checkout / "var"
    finally:
        server.end()
        server.cluster.remove()
        shutil.rmtree(folder)


@pytest.fixture
def with_data(checkout: Path, data: Path) -> Path:
    """A checkout that was started before."""
    subprocess.run(["cp", "--archive", data, checkout / "var"], check=True)
    return checkout


def refused(checkout: Path, environment: dict[str, str], command: str = "start", **how) -> str:
    """Run a command that must fail; return the one line it says."""
    done = subprocess.run(
        [*how.pop("python", [sys.executable]), "manage.py", command],
        cwd=checkout, env=environment, capture_output=True, text=True, timeout=LIMIT, **how,
    )  # fmt: skip
    assert done.returncode != 0
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_and_its_kin_leave_no_process(start, with_data, number):
    server = start().ready()
    assert processes_in(server.cluster.data) != []
    server.stop(number)


def test_ctrl_c_half_way_through_the_first_start_leaves_no_process(start, checkout):
    server = start()
    server.wait_for("2/5")
    server.stop()
    start().ready()


def kill_main(server: Started) -> None:
    """Its workers have to notice by themselves."""
    server.process.kill()


def kill_all(server: Started) -> None:
    for pid in processes_in(server.checkout):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("kill", [kill_main, kill_all])
def test_the_next_start_comes_up_after_a_kill(start, with_data, kill):
    server = start().ready()
    with psycopg.connect(server.cluster.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    before = server.cluster.postmaster()
    kill(server)
    server.process.wait()
    assert server.cluster.answers() == (kill is kill_main)

    second = start().ready()
    assert (second.cluster.postmaster() == before) == (kill is kill_main)
    with psycopg.connect(second.cluster.url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (1,)
    second.stop()


def test_a_killed_postmaster_ends_the_server_which_says_so(start, with_data):
    server = start().ready()
    os.kill(server.cluster.postmaster(), signal.SIGKILL)
    assert server.process.wait(30) == 1
    server.wait_for("PostgreSQL is gone: run make start again.")
    assert wait_until_empty(with_data) == []
    start().ready()


def web_workers(server: Started, killed: Collection[int] = ()) -> set[int]:
    """Return both worker processes, once there are two that live.

    The first may answer before the second is forked, and a killed one stands there until the
    main process has looked.
    """
    main = server.process.pid
    # Only the main thread forks workers: the background worker belongs to another thread.
    children = Path(f"/proc/{main}/task/{main}/children")
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        workers = set(map(int, children.read_text().split())) - {server.cluster.postmaster()}
        if len(workers) == 2 and not workers & set(killed):
            return workers
        time.sleep(0.02)
    raise AssertionError(server.log.read_text())


def test_killed_workers_are_replaced(start, with_data):
    server = start().ready()
    killed = web_workers(server)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    server.ready()
    web_workers(server, killed)


def background(server: Started) -> int:
    """Return the process number of the background worker, once it says that it lives."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        for pid in processes_in(server.checkout):
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if b"work" in words and server.get("/readyz")[1].endswith("worker: ok"):
                    return pid
        time.sleep(0.05)
    raise AssertionError(server.log.read_text())


def test_a_killed_background_worker_is_started_again_and_ends_with_the_server(start, with_data):
    server = start().ready()
    killed = []
    for seconds in (1, 2):
        killed.append(background(server))
        os.kill(killed[-1], signal.SIGKILL)
        while Path(f"/proc/{killed[-1]}/cwd").exists():
            time.sleep(0.01)
        server.wait_for(f"The background worker has died; starting it again in {seconds} s")
    assert background(server) not in killed
    server.stop()
    assert server.log.read_text().count("The background worker has died") == 2


def test_beside_a_server_a_second_is_refused_and_another_command_works(
    start, with_data, clean_environment
):
    server = start().ready()
    line = refused(with_data, clean_environment | {"PORT": str(free_port())})
    assert f"process {server.process.pid} serves http://127.0.0.1:{server.port}/" in line
    manage(with_data, clean_environment, "migrate", "--check")
    server.ready()


def test_a_taken_port_is_refused_in_one_line(checkout, clean_environment):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = refused(checkout, clean_environment | {"PORT": str(port)})
    assert f"Port {port} is taken" in line
    assert "make start" in line
    assert wait_until_empty(checkout) == []


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_wrong_port_is_refused_in_one_line(checkout, clean_environment, port):
    assert "use a number from 1 to 65535" in refused(checkout, clean_environment | {"PORT": port})


def test_a_folder_of_somebody_else_is_refused_in_one_line(
    checkout, clean_environment, nobody, anyones_python
):
    if not nobody:
        checkout.chmod(0o555)
    line = refused(checkout, clean_environment, python=anyones_python, **nobody)
    assert "Cannot use" in line
    assert "chown" in line


@pytest.mark.skipif(os.geteuid() != 0, reason="only root leaves files that others cannot read")
def test_after_root_an_ordinary_user_is_told_in_one_line(
    checkout, clean_environment, nobody, anyones_python
):
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--plan"],
        cwd=checkout, env=clean_environment, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    keyed = clean_environment | {"SECRET_KEY": "x" * 50, "DEBUG": "1"}
    for environment, command in product((clean_environment, keyed), ("start", "check", "migrate")):
        assert "chown" in refused(checkout, environment, command, python=anyones_python, **nobody)


def test_an_ordinary_user_starts_and_stops(start, checkout, nobody, anyones_python):
    if nobody:
        for path in [checkout, *checkout.rglob("*")]:
            os.chown(path, nobody["user"], nobody["group"])
    start(*anyones_python, **nobody).ready().stop()


@pytest.fixture
def external(tmp_path: Path) -> Iterator[Cluster]:
    """A server of one's own, for DATABASE_URL."""
    cluster = Cluster(tmp_path / "external", THROWAWAY)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()


def test_a_server_of_ones_own_is_used_and_left_alone(start, checkout, external):
    server = start(url=external.url).ready()
    assert not (checkout / "var" / "postgres").exists()
    server.stop()
    assert external.answers()


def test_a_server_that_does_not_answer_is_refused_in_one_line(checkout, clean_environment):
    url = f"postgresql://zone:secret@127.0.0.1:{free_port()}/zone"
    environment = clean_environment | {"DATABASE_URL": url, "PORT": str(free_port())}
    line = refused(checkout, environment)
    assert "does not answer" in line
    assert "secret" not in line


def test_without_a_secret_key_production_does_not_start(checkout, clean_environment):
    assert "SECRET_KEY" in refused(checkout, clean_environment | {"DEBUG": "0"}, command="check")


PRODUCTION = {"SECRET_KEY": "s" * 50, "CONTACT_KEY": "c" * 40, "ALLOWED_HOSTS": "crm.example.org"}


@pytest.mark.parametrize(
    "environment",
    [{"DEBUG": "0"}, *({name: value} for name, value in PRODUCTION.items()), {"STATIC_ROOT": "/x"}],
    ids=str,
)
def test_half_an_environment_of_production_makes_no_second_database(
    checkout, clean_environment, environment
):
    line = refused(checkout, clean_environment | environment, "clearsessions")
    assert "DATABASE_URL" in line
    assert "set -a" in line
    assert not (checkout / "var" / "postgres").exists()


def test_nor_does_no_environment_where_production_ran(checkout, clean_environment, external):
    production = clean_environment | PRODUCTION | {"DEBUG": "0"}
    production |= {"DATABASE_URL": external.application_url}
    manage(checkout, production | {"DATABASE_OWNER_URL": external.url}, "migrate", "-v0")
    for command in ("clearsessions", "load_demo", "verify_audit"):
        assert "serves production (since 20" in refused(checkout, clean_environment, command)
    assert not (checkout / "var" / "postgres").exists()
    manage(checkout, production, "clearsessions")
    manage(checkout, clean_environment | {"DEBUG": "1"}, "showmigrations")
    assert (checkout / "var" / "postgres").exists()


def manage(checkout: Path, environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=checkout, env=environment, capture_output=True, text=True, timeout=LIMIT,
    )  # fmt: skip
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


def test_the_check_of_the_feed_finds_the_private_database(checkout, with_data, clean_environment):
    manage(checkout, clean_environment, "check", "--database", "default", "--tag", "sync")
