"""The tests' own PostgreSQL: thrown away, also when a run is killed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import database
from tests.faults.conftest import processes_in
from zone.database.checkout import ROOT
from zone.database.cluster import Cluster

PLUGIN = ["-p", "tests.database", "-p", "no:django", "-p", "no:cacheprovider"]
DIES = """
import os, signal
def test_dies(): os.kill(os.getpid(), signal.SIGKILL)
"""
PASSES = """
import os, psycopg
def test_passes():
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("off",)
"""


def run(checkout: Path, environment: dict[str, str], code: str) -> int:
    (checkout / "tests" / "test_it.py").write_text(code)
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir=.", *PLUGIN]
    command.append("tests/test_it.py")
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
    return done.returncode


@pytest.mark.slow
def test_the_next_run_clears_away_what_a_killed_one_left(checkout, clean_environment):
    (checkout / "tests").mkdir()
    for name in ("__init__.py", "database.py"):
        shutil.copy(ROOT / "tests" / name, checkout / "tests")

    assert run(checkout, clean_environment, DIES) == -9
    left = [Cluster(root) for root in (checkout / "var" / "tests").glob("*-*")]
    assert [cluster.answers() for cluster in left] == [True]

    assert run(checkout, clean_environment, PASSES) == 0
    assert [processes_in(cluster.data) for cluster in left] == [[]]
    assert list((checkout / "var" / "tests").glob("*-*")) == []


def test_a_server_of_ones_own_is_used_as_it_is(monkeypatch):
    names = "TEST_DATABASE_URL DATABASE_URL SECRET_KEY DEBUG UPLOADS AUDIT_ANCHORS"
    for name in names.split():
        monkeypatch.setenv(name, os.environ.get(name, ""))
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://somebody@example.invalid/theirs")
    assert database.begin(serving=True) is None
    assert os.environ["DATABASE_URL"] == "postgresql://somebody@example.invalid/theirs"
