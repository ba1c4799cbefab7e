"""What this checkout keeps beside its code: the folder var/, its private files and its locks."""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Callable, Mapping, MutableMapping
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VAR = ROOT / "var"
MARKER = VAR / "production"
# Whoever sets one of these means production, unless DEBUG=1 stands beside it.
PRODUCTION = (
    "DATABASE_OWNER_URL", "SECRET_KEY", "CONTACT_KEY", "API_PEPPER", "AUDIT_KEY", "AUDIT_ANCHORS",
    "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "STATIC_ROOT", "UPLOADS", "DATABASE_BEHIND_PGBOUNCER",
)  # fmt: skip
OWN_MACHINE = "OWN_MACHINE"


class StartProblem(Exception):
    """Something stands in the way of starting; the message is one line that says what to do."""


def make_folder(path: Path, mode: int = 0o755) -> Path:
    """Make a folder and its parents; the mode holds whatever the umask is."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        path.chmod(mode)
    return path


def refusal_of(error: OSError) -> str:
    """Return what to do when var/ cannot be read or written; empty when it is something else."""
    path = Path(error.filename or ROOT)
    if isinstance(error, FileNotFoundError) or not path.is_relative_to(VAR):
        return ""
    return (
        f"Cannot use {path} ({error.strerror}): give yourself the right to, for instance with "
        f"chown -R $USER {VAR}, and start again."
    )


def private_text(path: Path, make: Callable[[], str]) -> str:
    """Read a file that only its owner may read; made on the first call."""
    if path.exists() and (text := path.read_text().strip()):
        return text
    text = make()
    write_private(path, text)
    return text


def write_private(path: Path, text: str) -> None:
    """Replace a file at one go, so that a kill half-way leaves the old one."""
    make_folder(path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
    draft.replace(path)


def says_debug(environ: Mapping[str, str]) -> bool:
    return environ.get("DEBUG", "").strip().lower() in {"1", "true", "yes"}


def refuse_second_database(environ: MutableMapping[str, str], command: str) -> None:
    """Stop a command that lost production's environment before it makes a database of its own.

    ``start`` is for one's own machine and says so to the commands that it starts; so does DEBUG=1.
    """
    if environ.get("DATABASE_URL", "").strip():
        return
    if command == "start":
        environ[OWN_MACHINE] = "1"
    if environ.get(OWN_MACHINE) == "1" or says_debug(environ):
        return
    cure = "load production's environment first, for instance with: set -a; . /etc/zone.env"
    named = [name for name in PRODUCTION if environ.get(name, "").strip()]
    if "DEBUG" in environ or named:
        raise StartProblem(
            f"{(named or ['DEBUG'])[0]} is set and DATABASE_URL is not: {cure}; on a developer's "
            "machine set DEBUG=1."
        )
    if since := production_since():
        raise StartProblem(
            f"This checkout serves production ({since}) and DATABASE_URL is not set: {cure}; if "
            f"it does so no more, delete {MARKER}."
        )


def production_since() -> str:
    """Return what the marker says; empty without one."""
    try:
        return MARKER.read_text().strip() or "marked"
    except (FileNotFoundError, NotADirectoryError):
        return ""


def mark_production(environ: Mapping[str, str]) -> None:
    """Leave word for commands without an environment, such as those of a forgotten cron job."""
    if not environ.get("DATABASE_URL", "").strip() or says_debug(environ) or MARKER.exists():
        return
    if environ.get(OWN_MACHINE) == "1":
        return
    # A server that may not write here has nothing to lose by it.
    with contextlib.suppress(OSError):
        write_private(MARKER, f"since {datetime.now().astimezone().isoformat(' ', 'seconds')}")
        MARKER.chmod(0o644)


def own_machine_defaults(environ: MutableMapping[str, str], command: str) -> None:
    """Let a checkout on one's own machine run without an environment.

    Only `start` may fill gaps beside a DATABASE_URL: elsewhere that means production, where a
    forgotten SECRET_KEY has to stop the start.
    """
    named = {"DATABASE_URL", "SECRET_KEY", "DEBUG"} & environ.keys()
    if named and command != "start":
        return
    environ.setdefault("DEBUG", "1")
    for name in ("SECRET_KEY", "CONTACT_KEY"):
        if not environ.get(name):
            environ[name] = private_text(VAR / name.lower(), lambda: secrets.token_urlsafe(50))


class Lock:
    """An advisory lock that the kernel lets go of, however its holder ends."""

    def __init__(self, path: Path) -> None:
        make_folder(path.parent)
        self.handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def share(self) -> None:
        fcntl.flock(self.handle, fcntl.LOCK_SH)

    def alone(self) -> bool:
        """Take it for oneself, unless another process holds it too."""
        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        os.close(self.handle)

    def __enter__(self) -> "Lock":
        fcntl.flock(self.handle, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
