import contextlib
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from zone.database import binaries
from zone.database import data as cluster_data
from zone.database.binaries import Runner
from zone.database.checkout import Lock, StartProblem, private_text, write_private
from zone.database.data import APPLICATION, NAME, SUPERUSER

HOST = "127.0.0.1"
PORTS = range(10_000, 32_768)  # above, the kernel takes those of outgoing connections
START_LIMIT = 120  # seconds; after a crash the log is replayed first
RESTART_LIMIT = 10  # the same inside a running server, when one of its backends was killed
# The backends of a killed postmaster end with the query at hand, and keep a new server out so long.
BACKENDS_LIMIT = 10
# PostgreSQL's fast and immediate shutdown, then by force, with the seconds that each may take.
SHUTDOWN = ((signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 5))

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


class Cluster:
    """A private PostgreSQL: one data folder and the server on it, shared by all processes.

    `root` keeps what belongs to us (locks, passwords, port, log). The data lies there too, unless
    we are root and the user that PostgreSQL runs as cannot reach it.
    """

    def __init__(self, root: Path, options: dict[str, str] | None = None) -> None:
        self.root = root
        self.log = root / "server.log"
        self.options = OPTIONS | (options or {})
        self.server: subprocess.Popen | None = None

    @property
    def data(self) -> Path:
        return cluster_data.find_home(self.root) / "data"

    @property
    def password(self) -> str:
        """What the owner of the database and the superuser log in with."""
        return private_text(self.root / "password", secrets.token_urlsafe)

    @property
    def application_password(self) -> str:
        return private_text(self.root / "application_password", secrets.token_urlsafe)

    @property
    def port(self) -> int | None:
        """The port of the last start; None before the first."""
        try:
            return int((self.root / "port").read_text())
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None

    @property
    def url(self) -> str:
        """The address for the owner of the database."""
        return f"postgresql://{NAME}:{self.password}@{HOST}:{self.port}/{NAME}"

    @property
    def application_url(self) -> str:
        login = f"{APPLICATION}:{self.application_password}"
        return f"postgresql://{login}@{HOST}:{self.port}/{NAME}"

    @contextlib.contextmanager
    def in_use(self) -> Iterator["Cluster"]:
        """Keep the server up inside the block; the last process to leave stops it.

        Everyone inside holds a shared lock. The kernel drops that of a killed process, so whoever
        comes next takes its server over.
        """
        mine = os.getpid()
        users = Lock(self.root / "users")
        try:
            with self.mutex():
                users.share()
                self.start()
            yield self
        finally:
            # A forked worker passes here as well, and must not stop its parent's server.
            if os.getpid() == mine:
                with self.mutex():
                    if users.alone():
                        self.stop()
                    users.close()

    def mutex(self) -> Lock:
        """Held while a server is started or stopped."""
        return Lock(self.root / "mutex")

    def postmaster(self) -> int | None:
        """The process number of the living server on this data.

        A number in its file proves nothing: another program may have it after a crash, and a
        killed process stays in the list, without a command line, until its parent asks for it.
        """
        if self.server and self.server.poll() is None:
            return self.server.pid
        try:
            # A lone backend, which set_password runs, writes its number with a minus.
            pid = abs(int(self.pid_file.read_text().split("\n", 1)[0]))
            os.kill(pid, 0)
        except (OSError, ValueError):
            return None
        with contextlib.suppress(FileNotFoundError):  # a system without /proc
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            return pid if os.fsencode(self.data) in words else None
        return pid

    @property
    def pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    def comes_up(self, seconds: float) -> bool:
        """Whether there is a server and it answers in time."""
        deadline = time.monotonic() + seconds
        while self.postmaster() and time.monotonic() < deadline:
            if self.answers():
                return True
            time.sleep(0.03)
        return False

    def answers(self) -> bool:
        """Whether our server, and not another one on the same port, answers."""
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

    def start(self) -> None:
        """Make the data if there is none, and return when the server answers."""
        cluster_data.settle(self.root)
        runner = Runner.for_data(self.data)
        cluster_data.refuse_foreign(self.data, runner)
        # In this order: to connect makes a password if there is none.
        if not (self.root / "password").exists() or not self.comes_up(RESTART_LIMIT):
            self.stop()
            self.launch(runner)
        with self.connect() as connection:
            cluster_data.make_database(connection, self.password, self.application_password)

    def programs(self, runner: Runner) -> Path:
        chosen = binaries.choose(cluster_data.version(self.data))
        return binaries.reachable(chosen, runner, self.data.parent)

    def launch(self, runner: Runner) -> None:
        programs = self.programs(runner)
        # Of a killed server: PostgreSQL would wait for whoever has its number now. Against what
        # still works in the folder it has a second guard, in the shared memory.
        self.pid_file.unlink(missing_ok=True)
        self.prepare_data(programs, runner)
        deadline = time.monotonic() + BACKENDS_LIMIT
        while cause := self.spawn(programs, runner):
            backends = "shared memory block" in cause
            passes = backends or "could not bind" in cause
            if not passes or time.monotonic() > deadline:
                cure = f"more in {self.log}"
                if backends:
                    cure = f"end what is left of the last server: kill -9 {working_in(self.data)}"
                raise StartProblem(f"PostgreSQL did not start: {cause} ({cure})")
            time.sleep(0.2)

    def prepare_data(self, programs: Path, runner: Runner) -> None:
        if cluster_data.version(self.data) is None:
            sync = self.options.get("fsync") != "off"
            cluster_data.make(self.data, programs, runner, self.password, sync=sync)
        elif not (self.root / "password").exists():
            password = secrets.token_urlsafe()
            cluster_data.set_password(self.data, programs, runner, password)
            write_private(self.root / "password", password)

    def spawn(self, programs: Path, runner: Runner) -> str:
        """Start the process and wait until it answers; return why it does not."""
        write_private(self.root / "port", str(free_port(self.port)))
        write_private(self.log, "")
        settings = [f"--{name}={value}" for name, value in self.options.items()]
        with self.log.open("ab") as log:
            self.server = subprocess.Popen(
                [programs / "postgres", "-D", self.data, "-p", str(self.port), *settings],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, **runner.arguments(),
            )  # fmt: skip
        if self.comes_up(START_LIMIT):
            return ""
        if self.postmaster():
            return f"it did not answer for {START_LIMIT} s"
        return cluster_data.cause(self.log.read_text(errors="replace"))

    def stop(self) -> None:
        """Stop the server in order, else by force; nothing to do when there is none."""
        for number, seconds in SHUTDOWN:
            if pid := self.postmaster():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            deadline = time.monotonic() + seconds
            while self.postmaster() and time.monotonic() < deadline:
                time.sleep(0.02)

    def remove(self) -> None:
        """Stop the server and delete its data: for the tests' throw-away clusters."""
        self.stop()
        for folder in (self.data.parent, self.root):
            shutil.rmtree(folder, ignore_errors=True)


def working_in(folder: Path) -> str:
    """The numbers of the processes that work in a folder, as all of PostgreSQL's do in its data."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.readlink(process / "cwd") == str(folder.resolve()):
                found.append(process.name)
    return " ".join(found)


def free_port(preferred: int | None = None) -> int:
    """The port of the last time if it may be, or another free one."""
    chosen = random.sample(PORTS, 50)
    if preferred in PORTS:
        chosen.insert(0, preferred)
    for port in chosen:
        with contextlib.suppress(OSError), socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, port))
            return port
    raise StartProblem(f"No free port from {PORTS[0]} to {PORTS[-1]} was found: start once more.")
