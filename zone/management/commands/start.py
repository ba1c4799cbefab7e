"""What `make start` runs: database, facts, demo data, server; Ctrl-C ends them all."""

import contextlib
import importlib
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connections, transaction
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer

from zone.database import connection as database
from zone.database.checkout import ROOT, VAR, Lock, make_folder
from zone.models import User

HOST = "127.0.0.1"
WAIT_FOR_THE_DEAD = 5  # seconds; the workers of a killed server notice it within two
# Before a dead background worker is started again; doubled while it lives less than a minute.
WORKER_PAUSE, WORKER_LONGEST_PAUSE, WORKER_LIVED = 1, 30, 60
WORKER_END_LIMIT = 20  # seconds; a webhook that is under way takes up to 15


class Server(BaseApplication):
    """gunicorn inside this process: one Ctrl-C, one process to kill."""

    def __init__(
        self, port: int, ready: Callable[[], object], cluster: database.Cluster | None
    ) -> None:
        self.port, self.ready, self.cluster = port, ready, cluster
        super().__init__()

    def load_config(self) -> None:
        settings = {
            "bind": f"{HOST}:{self.port}",
            "worker_class": "gthread",
            "workers": 2,
            "threads": 4,
            "timeout": 120,
            "graceful_timeout": 5,
            "loglevel": "warning",
            "preload_app": True,
            "control_socket_disable": True,
            "logger_class": "zone.privacy.logs.ServerLogger",
            "when_ready": lambda _: self.ready(),
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Callable:
        return importlib.import_module("zone.wsgi").application

    def run(self) -> None:
        ForegroundArbiter(self).run()


class ForegroundArbiter(Arbiter):
    """Ends with PostgreSQL, and when the terminal is closed: gunicorn would reload instead."""

    def handle_hup(self) -> None:
        raise StopIteration

    def murder_workers(self) -> None:
        """gunicorn calls this once a second."""
        super().murder_workers()
        if self.app.cluster and not self.app.cluster.postmaster():
            raise HaltServer("PostgreSQL is gone: run make start again.", 1)


class Command(BaseCommand):
    help = "Bring up the database, load what is missing and serve; Ctrl-C stops everything."

    def handle(self, **options: object) -> None:
        port = read_port(os.environ.get("PORT", ""))
        with database.running() as cluster, self.only_one(cluster, port):
            refuse_taken(port)
            self.prepare(cluster)
            # Workers are forked from here: a shared connection would mix up their answers.
            connections.close_all()
            with Supervisor(worker_command(), self.stderr.write):
                Server(port, lambda: self.greet(port), cluster).run()

    @contextlib.contextmanager
    def only_one(self, cluster: database.Cluster | None, port: int) -> Iterator[None]:
        """Refuse a second server on the same private data: nobody would know which is meant."""
        if cluster is None:
            yield
            return
        path = VAR / "serving"
        lock = Lock(path)
        if not take(lock, path):
            first = path.read_text()
            raise CommandError(f"Already running: {first}. Stop that one first, or use it.")
        path.write_text(f"process {os.getpid()} serves http://{HOST}:{port}/")
        try:
            yield
        finally:
            lock.close()

    def prepare(self, cluster: database.Cluster | None) -> None:
        where = f"own PostgreSQL on port {cluster.port}" if cluster else "DATABASE_URL"
        self.say(1, f"Database: {where}")
        refuse_silent_database()
        self.say(2, "Migrations ...")
        migrate()
        self.say(3, "The zone's facts ...")
        call_command("load_zone", verbosity=0)
        # Nobody can log in to a database without people: that is a first run.
        if User.objects.exists():
            self.say(4, "Demo data: not needed, there are people already")
        else:
            self.say(4, "Demo data (first run only) ...")
            with transaction.atomic():
                call_command("load_demo", verbosity=0)
        make_folder(VAR / "static")
        self.say(5, "Web server ...")

    def say(self, step: int, what: str) -> None:
        self.stdout.write(f"{step}/5 {what}")
        self.stdout.flush()

    def greet(self, port: int) -> None:
        for line in demo_accounts():
            self.stdout.write(line)
        connections.close_all()
        self.stdout.write(self.style.SUCCESS(f"Ready: http://{HOST}:{port}/ (Ctrl-C stops it)"))
        self.stdout.flush()


def migrate() -> None:
    """Run ``manage.py migrate``, which logs in as the database's owner; nothing else here does."""
    command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--no-input", "-v0"]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    os.environ.pop(database.OWNER_URL, None)
    if done.returncode:
        sys.stderr.write(done.stderr)
        raise CommandError("The migrations failed: see above.")


class Supervisor:
    """Has ``manage.py work`` beside the server, starts it anew when it dies, ends it at the end."""

    def __init__(self, command: list[str], say: Callable[[str], object]) -> None:
        self.command, self.say = command, say
        self.owner = os.getpid()
        self.lock, self.leaving = threading.Lock(), threading.Event()
        self.process: subprocess.Popen | None = None
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self) -> "Supervisor":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # A forked worker of the server passes here as well, and must end nothing of its parent's.
        if os.getpid() != self.owner:
            return
        with self.lock:
            self.leaving.set()
            if self.process:
                end(self.process)
        self.thread.join()

    def run(self) -> None:
        pause = WORKER_PAUSE
        while process := self.spawn():
            begun = time.monotonic()
            # gunicorn collects every child of this process, so the exit code may be lost.
            process.wait()
            if self.leaving.is_set():
                return
            if time.monotonic() - begun > WORKER_LIVED:
                pause = WORKER_PAUSE
            self.say(f"The background worker has died; starting it again in {pause} s ...")
            self.leaving.wait(pause)
            pause = min(2 * pause, WORKER_LONGEST_PAUSE)

    def spawn(self) -> subprocess.Popen | None:
        """Start the worker; None once it is the end."""
        with self.lock:
            if self.leaving.is_set():
                return None
            # Out of reach of the terminal's Ctrl-C: it is ended when the server has ended.
            self.process = subprocess.Popen(self.command, process_group=0)
            return self.process


def worker_command() -> list[str]:
    """It ends with this process, however that ends."""
    return [sys.executable, str(ROOT / "manage.py"), "work", "--parent", str(os.getpid()), "-v0"]


def end(process: subprocess.Popen) -> None:
    """End a process in order; by force if it does not."""
    process.terminate()
    try:
        process.wait(WORKER_END_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def read_port(value: str) -> int:
    value = value.strip() or "8000"
    if not (value.isdecimal() and 0 < int(value) < 65536):
        raise CommandError(f"PORT={value!r}: use a number from 1 to 65535, as in PORT=8001.")
    return int(value)


def refuse_taken(port: int) -> None:
    """Say so before the work rather than after it."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except PermissionError:
            cure = f"Port {port} is kept for root: choose another, as in PORT=8001 make start."
            raise CommandError(cure) from None
        except OSError:
            cure = f"Port {port} is taken: stop what uses it, or PORT={port % 65535 + 1} make start"
            raise CommandError(cure) from None


def refuse_silent_database() -> None:
    try:
        connections["default"].ensure_connection()
    except OperationalError as error:
        reason = " ".join(str(error).split())
        raise CommandError(f"The database does not answer, see DATABASE_URL: {reason}") from None


def take(lock: Lock, path: Path) -> bool:
    """Workers outlive a killed server for a moment, and hold its lock for it."""
    deadline = time.monotonic() + WAIT_FOR_THE_DEAD
    while not lock.alone():
        owner = re.search(r"process (\d+)", path.read_text())
        if owner and is_alive(int(owner[1])) or time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    return True


def demo_accounts() -> list[str]:
    """The accounts to try the product with, each with its roles; none without demo data."""
    people = User.objects.filter(is_demo=True, is_active=True).prefetch_related("appointments")
    password = demo_password()
    if not password or not people:
        return []
    lines = [
        f"  {', '.join(post.role.lower() for post in person.appointments.all()) or '-':<16}"
        f" {person.username:<16} {person.display_name}"
        for person in people.order_by("date_joined", "username")
    ]
    if not people[0].check_password(password):
        password = "as it was when the demo data was loaded"
    return [f"Demo accounts (role, user name, name), password {password}", *sorted(lines)]


def demo_password() -> str:
    try:
        return importlib.import_module("zone.login.demo").DEMO_PASSWORD
    except (ImportError, AttributeError):
        return ""
