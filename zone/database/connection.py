"""Where the data is: the database that DATABASE_URL names, or this checkout's own PostgreSQL.

Two roles log in there. The application's owns nothing, so that whoever gets hold of it cannot
switch off the triggers that guard the audit trail; the owner's is for ``OWNER_COMMANDS`` alone.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from zone.database.checkout import VAR, StartProblem
from zone.database.cluster import HOST, Cluster
from zone.database.data import APPLICATION, NAME

# The benches make databases of their own.
BENCHES = {"bench", "bench_api", "bench_feed", "bench_imports", "bench_load", "bench_phone"}
OWNER_COMMANDS = {"migrate", "purge_audit", *BENCHES}
OWNER_URL, AS_OWNER = "DATABASE_OWNER_URL", "DATABASE_AS_OWNER"
URL_SHAPE = "postgresql://user:password@host:5432/name"
CONN_MAX_AGE = 60  # seconds
# A transaction that somebody forgot holds locks on rows that others wait for.
SESSION_OPTIONS = "-c idle_in_transaction_session_timeout=60s"


def is_private(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the database is this checkout's own."""
    return not environ.get("DATABASE_URL", "").strip()


def private_cluster() -> Cluster:
    return Cluster(VAR / "postgres")


def anchors_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where anchors of the audit trail go by default; a private cluster's go with it."""
    folder = VAR if environ.get("DATABASE_URL", "").strip() else private_cluster().root
    return folder / "audit_anchors"


def connection_settings(environ: Mapping[str, str] = os.environ) -> dict:
    """Django's DATABASES["default"]; for the private cluster it may be asked before any start."""
    url = environ.get("DATABASE_URL", "").strip()
    pooled = read_switch(environ, "DATABASE_BEHIND_PGBOUNCER")
    as_owner = read_switch(environ, AS_OWNER)
    parts = url_parts(environ, as_owner) if url else private_parts(as_owner)
    options = {"application_name": NAME, "connect_timeout": 10} | parts.pop("OPTIONS")
    if url and not pooled:
        # PgBouncer refuses start-up options; the private cluster has this in its own settings.
        options.setdefault("options", SESSION_OPTIONS)
    return {
        "ENGINE": "django.db.backends.postgresql",
        **parts,
        "CONN_MAX_AGE": CONN_MAX_AGE,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": pooled,
        "OPTIONS": options,
    }


def url_parts(environ: Mapping[str, str], as_owner: bool) -> dict:
    parts = parts_of(environ["DATABASE_URL"].strip())
    owner_url = environ.get(OWNER_URL, "").strip()
    if not (as_owner and owner_url):
        return parts
    if not parts["USER"]:
        raise StartProblem(f"DATABASE_URL names no user beside {OWNER_URL}: write {URL_SHAPE}")
    return parts_of(owner_url, OWNER_URL)


def application_role(environ: Mapping[str, str] = os.environ) -> str:
    """Return as whom the application logs in; empty where DATABASE_URL leaves it open."""
    url = environ.get("DATABASE_URL", "").strip()
    return parts_of(url)["USER"] if url else APPLICATION


def log_in_as_owner(command: str, environ: MutableMapping[str, str] = os.environ) -> None:
    """Choose the login before the settings are read."""
    if command in OWNER_COMMANDS:
        environ[AS_OWNER] = "1"


def private_parts(as_owner: bool) -> dict:
    cluster = private_cluster()
    started = cluster.port is not None
    password = (cluster.password if as_owner else cluster.application_password) if started else ""
    return {
        "NAME": NAME,
        "USER": NAME if as_owner else APPLICATION,
        "PASSWORD": password,
        "HOST": HOST,
        # Before the first start nothing may answer: no other server on 5432 is meant.
        "PORT": str(cluster.port) if started else "1",
        "OPTIONS": {"sslmode": "disable"},
    }


def parts_of(url: str, name: str = "DATABASE_URL") -> dict:
    """Split a DATABASE_URL as libpq does: several hosts and its parameters are welcome.

    Messages never repeat the value, which holds a password.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise StartProblem(f"{name} is not PostgreSQL's: write {URL_SHAPE}")
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        reason = "it cannot be read" if "@" in str(error) else str(error).strip()
        raise StartProblem(f"{name} is wrong ({reason}): write {URL_SHAPE}") from None
    ports = str(parts.pop("port", ""))
    if not all(port.isdecimal() and 0 < int(port) < 65536 for port in ports.split(",") if port):
        raise StartProblem(f"{name} is wrong (its port is no port number): write {URL_SHAPE}")
    if not parts.get("dbname"):
        raise StartProblem(f"{name} names no database: write {URL_SHAPE}")
    return {
        "NAME": parts.pop("dbname"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": ports,
        "OPTIONS": parts,
    }


def read_switch(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name, "").strip() or "0"
    if value not in {"0", "1"}:
        raise StartProblem(f"{name}={value!r}: use 1 or 0.")
    return value == "1"


@contextlib.contextmanager
def running() -> Iterator[Cluster | None]:
    """Have a database inside the block: the private cluster, unless DATABASE_URL names one."""
    if not is_private():
        yield None
        return
    end_in_order()
    with private_cluster().in_use() as cluster:
        yield cluster


def end_in_order() -> None:
    """Let a kill and a closed terminal end like Ctrl-C: past the stop of PostgreSQL."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda received, _: sys.exit(128 + received))
