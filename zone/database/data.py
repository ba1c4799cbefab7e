import contextlib
import os
import secrets
import shutil
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from zone.database.binaries import Runner
from zone.database.checkout import StartProblem, make_folder, write_private

NAME = "zone"  # the database and the role that owns it
APPLICATION = "zone_app"  # the role that the application runs as
SUPERUSER = "postgres"
# Where root's data lies when no other user can reach the checkout.
PLACE_FOR_ROOT = Path("/var/lib/zone-crm")


def find_home(root: Path) -> Path:
    """The folder that holds the data: `root`, or the place that is remembered there."""
    try:
        return Path((root / "place").read_text().strip())
    except (FileNotFoundError, NotADirectoryError):
        return root


def settle(root: Path) -> None:
    """As root, choose a place where the user that PostgreSQL runs as can reach the data."""
    make_folder(root)
    runner = Runner.for_data(root / "data")
    settled = (root / "place").exists() or (root / "data").exists()
    if os.geteuid() != 0 or settled or runner.can_reach(root):
        return
    # The random name keeps a new clone away from the data of one that was here before.
    home = PLACE_FOR_ROOT / secrets.token_hex(8)
    with contextlib.suppress(OSError):
        make_folder(home)
    if not runner.can_reach(home):
        raise StartProblem(
            f"PostgreSQL cannot run as root and no other user can reach {root} or {home}: start "
            "as an ordinary user, or set DATABASE_URL."
        )
    write_private(root / "place", str(home))


def version(data: Path) -> int | None:
    """The major version that made the data; None when there is none."""
    try:
        return int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def refuse_foreign(data: Path, runner: Runner) -> None:
    if data.exists() and (owner := data.stat().st_uid) != runner.uid:
        raise StartProblem(
            f"{data} belongs to the user with id {owner}: start as that user or as root, or move "
            f"{data.parent} away to begin with empty data."
        )


def make(data: Path, programs: Path, runner: Runner, password: str, *, sync: bool) -> None:
    """Run initdb beside the final place, so that a kill leaves no half-made data in it."""
    draft, secret = data.with_name("data.new"), data.with_name("initdb.password")
    shutil.rmtree(draft, ignore_errors=True)
    make_folder(draft, 0o700)
    write_private(secret, password)
    runner.own(draft, secret)
    # With LC_CTYPE=C, pg_trgm finds nothing in Chinese; the wheels have no ICU collations.
    done = subprocess.run(
        [programs / "initdb", "-D", draft, "-U", SUPERUSER, "--pwfile", secret,
         "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8",
         "--text-search-config=simple", "--no-instructions", *([] if sync else ["--no-sync"])],
        capture_output=True, text=True, **runner.arguments(),
    )  # fmt: skip
    secret.unlink()
    if done.returncode:
        raise StartProblem(f"initdb could not make {draft}: {cause(done.stderr)}")
    draft.replace(data)


def set_password(data: Path, programs: Path, runner: Runner, password: str) -> None:
    """Give data whose password file was lost a new one, as only the data's owner can."""
    done = subprocess.run(
        [programs / "postgres", "--single", "-D", data, "postgres"],
        input=f"ALTER ROLE {SUPERUSER} PASSWORD '{password}';\n",
        capture_output=True, text=True, **runner.arguments(),
    )  # fmt: skip
    if done.returncode:
        raise StartProblem(f"PostgreSQL's password could not be replaced: {cause(done.stderr)}")


def make_database(connection: psycopg.Connection, password: str, run_password: str) -> None:
    """Neither role is a superuser, as in production; the owner may make test databases."""
    known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
    for role, secret in ((NAME, password), (APPLICATION, run_password)):
        if role not in known:
            connection.execute(f"CREATE ROLE {role} LOGIN")
        connection.execute(sql.SQL(f"ALTER ROLE {role} PASSWORD {{}}").format(secret))
    connection.execute(f"ALTER ROLE {NAME} CREATEDB")
    connection.execute(f"GRANT pg_read_all_settings TO {NAME}")
    if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [NAME]).fetchall():
        connection.execute(f"CREATE DATABASE {NAME} OWNER {NAME}")


def cause(output: str) -> str:
    """The line of a program's output that tells why it failed."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    causes = [line for line in lines if "FATAL" in line or "error:" in line or "PANIC" in line]
    return (causes or lines or ["it said nothing"])[-1]
