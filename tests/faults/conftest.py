"""Clusters and copies of the checkout that a test may break."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from zone.database.checkout import OWN_MACHINE, PRODUCTION, ROOT
from zone.database.cluster import Cluster

LEFT_OUT = {"var", "tests"}
SYSTEM_PYTHON = "/usr/bin/python3"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A private cluster as in production, fsync included, not yet started."""
    cluster = Cluster(tmp_path / "postgres")
    yield cluster
    # Also a backend that a failed test has left stopped.
    for pid in processes_in(cluster.data):
        os.kill(pid, signal.SIGKILL)
    cluster.remove()


def folder_for_all() -> Path:
    """Make a folder that every user may reach; pytest's tmp_path is closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="zone-faults-"))
    folder.chmod(0o755)
    return folder


@pytest.fixture
def open_folder() -> Iterator[Path]:
    folder = folder_for_all()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def processes_in(folder: Path) -> list[int]:
    """Return the processes whose current folder lies there, as for all of PostgreSQL's."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if Path(os.readlink(f"/proc/{name}/cwd")).is_relative_to(folder):
                found.append(int(name))
    return found


def checked_out(copy: Path) -> Path:
    """Copy the code, without data of its own."""
    copy.mkdir()
    for source in ROOT.iterdir():
        if source.name in LEFT_OUT or source.name.startswith("."):
            continue
        if source.is_dir():
            shutil.copytree(source, copy / source.name)
        else:
            shutil.copy2(source, copy)
    return copy


@pytest.fixture
def checkout(open_folder: Path) -> Iterator[Path]:
    """A copy of the code with a var/ of its own."""
    copy = checked_out(open_folder / "checkout")
    yield copy
    Cluster(copy / "var" / "postgres").remove()


@pytest.fixture
def nobody() -> dict:
    """What subprocess needs to run as an ordinary user."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@pytest.fixture
def anyones_python(nobody: dict) -> list[str]:
    """A Python of this version that an ordinary user may run, with our packages."""
    version = "import sys; print(sys.version_info[:2])"
    for python in (sys.executable, SYSTEM_PYTHON):
        command = [
            python,
            "-c",
            f"import sys; sys.path[:0] = {sys.path!r}; import psycopg, django; {version}",
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, cwd="/", **nobody)
        except OSError:
            continue
        if done.stdout.strip() == str(sys.version_info[:2]):
            return [python]
    pytest.skip("no Python that an ordinary user may run")


@pytest.fixture(scope="session")
def clean_environment() -> dict[str, str]:
    """The environment of somebody who set nothing."""
    dropped = {"PORT", "DEBUG", "DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
    dropped |= {OWN_MACHINE, *PRODUCTION}
    packages = [path for path in sys.path if path.endswith("site-packages")]
    return {
        **{name: value for name, value in os.environ.items() if name not in dropped},
        "PYTHONPATH": os.pathsep.join(packages),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
