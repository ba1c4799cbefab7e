"""The private cluster's data folder: where it lies, how it is made, what is in it at first."""

import contextlib
import hashlib
import os
import secrets
import shutil
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from zone.database import binaries
from zone.database.binaries import Runner
from zone.database.checkout import StartProblem, make_folder, unwritable, write_private

NAME = "zone"  # the database and the role that owns it
APPLICATION = "zone_app"  # the role that the application runs as
SUPERUSER = "postgres"


def find_home(root: Path) -> Path:
    """The folder that holds the data: `root`, or the place that is remembered there."""
    try:
        return Path((root / "place").read_text().strip())
    except (FileNotFoundError, NotADirectoryError):
        return root
    except OSError as error:
        raise unwritable(root, error) from error


def settle(root: Path) -> None:
    """As root, choose a place where the user that PostgreSQL runs as can reach the data."""
    make_folder(root)
    if os.geteuid() != 0 or (root / "place").exists() or (root / "data").exists():
        return
    runner = Runner.for_data(root / "data")
    if runner.can("-x", root):
        return
    name = hashlib.sha256(str(root).encode()).hexdigest()[:8]
    for place in binaries.PLACES_FOR_ROOT:
        with contextlib.suppress(StartProblem):
            # The random end keeps a new clone away from the data of one that was here before.
            home = make_folder(place / f"{name}-{secrets.token_hex(4)}")
            if runner.can("-x", home):
                return write_private(root / "place", str(home))
    raise StartProblem(
        f"PostgreSQL cannot run as root and no other user can reach {root}: start as an "
        "ordinary user, or set DATABASE_URL."
    )


def version(data: Path) -> int | None:
    """The major version that made the data; None when there is none."""
    try:
        return int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unwritable(data, error) from error


def refuse_foreign(data: Path, runner: Runner) -> None:
    if data.exists() and (owner := data.stat().st_uid) != runner.uid:
        raise StartProblem(
            f"{data} belongs to the user with id {owner}: start as that user or as root, or move "
            f"{data.parent} away to begin with empty data."
        )


def make(data: Path, programs: Path, runner: Runner, password: str, *, sync: bool) -> None:
    """initdb beside the final place, so that a kill leaves no half-made data in it."""
    draft, secret = data.with_name("data.new"), data.with_name("initdb.password")
    shutil.rmtree(draft, ignore_errors=True)
    make_folder(draft, 0o700)
    runner.own(draft)
    write_private(secret, password)
    runner.own(secret)
    try:
        run_initdb(programs, runner, draft, secret, sync)
    finally:
        secret.unlink(missing_ok=True)
    draft.replace(data)


def run_initdb(programs: Path, runner: Runner, draft: Path, secret: Path, sync: bool) -> None:
    # With LC_CTYPE=C, pg_trgm finds nothing in Chinese; the wheels have no ICU collations.
    done = subprocess.run(
        [programs / "initdb", "-D", draft, "-U", SUPERUSER, "--pwfile", secret,
         "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8",
         "--text-search-config=simple", "--no-instructions", *([] if sync else ["--no-sync"])],
        capture_output=True, text=True, **runner.arguments(),
    )  # fmt: skip
    if done.returncode:
        shutil.rmtree(draft, ignore_errors=True)
        raise StartProblem(f"initdb could not make {draft}: {last_line(done.stderr)}")


def set_password(data: Path, programs: Path, runner: Runner, password: str) -> None:
    """Give data whose password file was lost a new one, as only the data's owner can."""
    change = "".join(f"ALTER ROLE {role} PASSWORD '{password}';\n" for role in (SUPERUSER, NAME))
    subprocess.run(
        [programs / "postgres", "--single", "-D", data, "postgres"],
        input=change.encode(), capture_output=True, **runner.arguments(),
    )  # fmt: skip


def make_database(connection: psycopg.Connection, password: str, run_password: str) -> None:
    """Neither role is a superuser, as in production; the owner may make test databases."""
    if not has_role(connection, NAME):
        role = sql.SQL("CREATE ROLE {} LOGIN CREATEDB IN ROLE pg_read_all_settings PASSWORD {}")
        connection.execute(role.format(sql.Identifier(NAME), sql.Literal(password)))
    if not has_role(connection, APPLICATION):
        connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(APPLICATION)))
    role = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}")
    connection.execute(role.format(sql.Identifier(APPLICATION), sql.Literal(run_password)))
    if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [NAME]).fetchall():
        connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(NAME)))


def has_role(connection: psycopg.Connection, name: str) -> bool:
    return bool(connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).fetchall())


def last_line(text: str) -> str:
    """The line of a program's output that tells the cause."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [line for line in lines if "FATAL" in line or "error:" in line or "PANIC" in line]
    return (causes or lines or ["it said nothing"])[-1]
