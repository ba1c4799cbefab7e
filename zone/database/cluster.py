"""A private PostgreSQL for one checkout: started, shared, taken over, brought back and stopped."""

import contextlib
import os
import random
import secrets
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import psycopg

from zone.database import binaries
from zone.database import data as cluster_data
from zone.database.binaries import Runner
from zone.database.checkout import Lock, StartProblem, private_text, unwritable, write_private
from zone.database.data import APPLICATION, NAME, SUPERUSER
from zone.database.processes import FAST, IMMEDIATE, KILL, WAIT, Processes

HOST = "127.0.0.1"
START_LIMIT = 120  # seconds; after a crash the log is replayed first
STOP_LIMIT = 60
ORPHANS_LIMIT = 5  # backends notice the death of their postmaster within moments
LOG_LIMIT = 10_000_000  # bytes
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST_PORT = 10_000  # below, well-known services have theirs

OPTIONS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # a socket's path ends at 107 characters, a checkout's does not
    "timezone": "Asia/Shanghai",
    "log_timezone": "Asia/Shanghai",
    "idle_in_transaction_session_timeout": "60s",
    # Statements and details would carry people's names and numbers into the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # At times a worker holds a transaction, and with it the change feed, for a moment.
    "autovacuum": "off",
}


class Cluster:
    """One data folder and the server on it, found again by any process of this checkout.

    `root` keeps what belongs to us (locks, password, port, log). The data lies there too, unless
    we are root and the user that PostgreSQL runs as cannot reach it.
    """

    def __init__(self, root: Path, options: dict[str, str] | None = None) -> None:
        self.root = root
        self.options = OPTIONS | (options or {})
        self.server: subprocess.Popen | None = None
        self.leaving = threading.Event()

    @property
    def data(self) -> Path:
        return cluster_data.find_home(self.root) / "data"

    @property
    def processes(self) -> Processes:
        if self.server:
            self.server.poll()  # a dead child stays in the process list until it is asked for
        return Processes(self.data)

    @property
    def log(self) -> Path:
        return self.root / "server.log"

    @property
    def password(self) -> str:
        """What the owner of the database and the superuser log in with."""
        return private_text(self.root / "password", lambda: secrets.token_urlsafe(24))

    @property
    def application_password(self) -> str:
        return private_text(self.root / "application_password", lambda: secrets.token_urlsafe(24))

    @property
    def port(self) -> int | None:
        """The port of the last start; None before the first."""
        try:
            return int((self.root / "port").read_text())
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        except OSError as error:
            raise unwritable(self.root, error) from error

    @property
    def url(self) -> str:
        """The address for the owner of the database."""
        return f"postgresql://{NAME}:{self.password}@{HOST}:{self.port}/{NAME}"

    @property
    def application_url(self) -> str:
        login = f"{APPLICATION}:{self.application_password}"
        return f"postgresql://{login}@{HOST}:{self.port}/{NAME}"

    # Using it

    @contextlib.contextmanager
    def in_use(self) -> Iterator["Cluster"]:
        """Keep the server up inside the block; the last process to leave stops it.

        Everyone inside holds a shared lock. The kernel drops that of a killed process, so whoever
        comes next takes its server over.
        """
        mine = os.getpid()
        with self.mutex():
            users = Lock(self.root / "users").share()
            try:
                self.start()
            except BaseException:
                users.close()
                raise
        try:
            yield self
        finally:
            # A forked worker passes here as well, and must not stop its parent's server.
            if os.getpid() == mine:
                self.leave(users)

    def leave(self, users: Lock) -> None:
        self.leaving.set()
        with self.mutex():
            if users.alone():
                self.stop()
            users.close()

    def mutex(self) -> Lock:
        """Held while a server is started or stopped."""
        return Lock(self.root / "mutex")

    def watch(self, say: Callable[[str], object], pause: float = 0.5) -> threading.Thread:
        """Bring the server back, on its port, when it dies while we serve."""
        thread = threading.Thread(target=self.look, args=(say, pause), daemon=True)
        thread.start()
        return thread

    def look(self, say: Callable[[str], object], pause: float) -> None:
        while not self.leaving.wait(pause):
            if self.processes.postmaster():
                continue
            with self.mutex():
                if not self.leaving.is_set():
                    self.bring_back(say)

    def bring_back(self, say: Callable[[str], object]) -> None:
        try:
            say("PostgreSQL is gone; starting it again ...")
            self.start()
            say("PostgreSQL is back.")
        except StartProblem as problem:
            say(str(problem))
            self.leaving.wait(5)

    def answers(self) -> bool:
        """Whether our server, and not another one on the same port, answers.

        A pid file and `pg_ctl status` go on saying "running" for a while after a kill.
        """
        if not self.processes.postmaster():
            return False
        try:
            with self.connect() as connection:
                found = connection.execute("SHOW data_directory").fetchone()[0]
        except psycopg.OperationalError:
            return False
        return Path(found).resolve() == self.data.resolve()

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=HOST, port=self.port, user=SUPERUSER, dbname="postgres", password=self.password,
            connect_timeout=5, autocommit=True, sslmode="disable",
        )  # fmt: skip

    # Starting

    def start(self) -> None:
        """Make the data if there is none, and return when the server answers."""
        cluster_data.settle(self.root)
        runner = Runner.for_data(self.data)
        cluster_data.refuse_foreign(self.data, runner)
        password_lost = not (self.root / "password").exists()
        if self.answers():
            if not self.admits_application():
                self.make_database()
            return
        self.clear_remains()
        programs = self.programs(runner)
        if cluster_data.version(self.data) is None:
            sync = self.options.get("fsync") != "off"
            cluster_data.make(self.data, programs, runner, self.password, sync=sync)
        elif password_lost:
            cluster_data.set_password(self.data, programs, runner, self.password)
        self.launch(programs, runner)

    def admits_application(self) -> bool:
        try:
            psycopg.connect(self.application_url, connect_timeout=5, sslmode="disable").close()
        except psycopg.OperationalError:
            return False
        return True

    def programs(self, runner: Runner) -> Path:
        chosen = binaries.choose(cluster_data.version(self.data))
        return binaries.reachable(chosen, runner, self.data.parent)

    def launch(self, programs: Path, runner: Runner) -> None:
        """Start the server on a free port; whatever goes wrong, none is left behind."""
        try:
            for _ in range(5):
                seen = self.spawn(programs, runner)
                if self.wait_until_it_answers(seen):
                    break
            else:
                raise StartProblem("No free port was found for PostgreSQL: start once more.")
            self.make_database()
        except BaseException:
            self.stop()
            raise

    def make_database(self) -> None:
        with self.connect() as connection:
            cluster_data.make_database(connection, self.password, self.application_password)

    def spawn(self, programs: Path, runner: Runner) -> int:
        """Start the process; return how much the log held before."""
        port = free_port(self.port)
        write_private(self.root / "port", str(port))
        settings = [f"--{name}={value}" for name, value in self.options.items()]
        with open_log(self.log) as log:
            before = log.tell()  # the server writes by the same handle, and moves its end
            self.server = subprocess.Popen(
                [programs / "postgres", "-D", self.data, "-p", str(port), *settings],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, **runner.arguments(),
            )  # fmt: skip
        return before

    def wait_until_it_answers(self, seen: int) -> bool:
        """False when another program took the port in the meantime."""
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            if self.answers():
                return True
            if self.server.poll() is not None:
                said = self.log.read_bytes()[seen:].decode(errors="replace")
                if "could not bind" in said:
                    return False
                cause = cluster_data.last_line(said)
                raise StartProblem(f"PostgreSQL did not start: {cause} (more in {self.log})")
            time.sleep(0.03)
        raise StartProblem(f"PostgreSQL did not answer for {START_LIMIT} s: see {self.log}")

    # Stopping

    def stop(self) -> None:
        """Stop the server in order; nothing to do when there is none."""
        if self.server and not self.processes.postmaster():
            # Cut off before it wrote its pid file, it would be found by nobody later.
            with contextlib.suppress(ProcessLookupError):
                self.server.terminate()
                self.server.wait(STOP_LIMIT)
        if self.processes.postmaster():
            self.processes.end((FAST, STOP_LIMIT), (IMMEDIATE, 10), (KILL, 5))
        self.clear_remains()

    def clear_remains(self) -> None:
        """Wait for or end what a killed server left, so that a new one may start."""
        if self.processes.postmaster():
            # It lives but does not answer: let a start or a shutdown come to its end.
            self.processes.end((WAIT, 10), (FAST, STOP_LIMIT), (IMMEDIATE, 10), (KILL, 5))
        self.processes.end((WAIT, ORPHANS_LIMIT), (IMMEDIATE, 5), (KILL, 5))
        self.processes.forget()

    def remove(self) -> None:
        """Stop the server and delete its data: for the tests' throw-away clusters."""
        self.stop()
        for folder in (self.data.parent, self.root):
            shutil.rmtree(folder, ignore_errors=True)


def free_port(preferred: int | None = None) -> int:
    """The port of the last time, so that connections find the server again, or another free one.

    Never one that the kernel may give to an outgoing connection while the server is down.
    """
    ephemeral = ephemeral_ports()
    outside = [port for port in range(FIRST_PORT, 65536) if port not in ephemeral]
    chosen = random.sample(outside, min(len(outside), 50))
    if preferred and preferred not in ephemeral:
        chosen.insert(0, preferred)
    for port in chosen:
        with contextlib.suppress(OSError):
            return bound(port)
    return bound(0)


def ephemeral_ports() -> range:
    """The ports from which the kernel takes those of outgoing connections."""
    try:
        first, last = map(int, EPHEMERAL.read_text().split())
    except (OSError, ValueError):
        return range(32768, 65536)
    return range(first, last + 1)


def bound(port: int) -> int:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        return listener.getsockname()[1]


def open_log(path: Path) -> BinaryIO:
    """Append to the server's log; an overlong one is begun anew."""
    try:
        file = path.open("ab")
    except OSError as error:
        raise unwritable(path, error) from error
    path.chmod(0o600)
    if file.tell() > LOG_LIMIT:
        file.truncate(0)
    return file
