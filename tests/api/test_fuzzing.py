"""A fuzzer that reads the published schema calls a real server: no fault, nothing unpublished."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.api.conftest import V1
from tests.api.world import World
from zone.access.api_scopes import all_scopes

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ROOT, PROGRAM = settings.BASE_DIR, Path(sys.executable).parent / "schemathesis"
CASES, SEED = 2_000, 20_250_303
# What a check takes for a refusal; 2xx to nonsense is a fault, 5xx always is.
SETTINGS = """
[checks.negative_data_rejection]
expected-statuses = [
    "207", "400", "401", "403", "404", "409", "411", "412", "413", "415", "422", "428",
]
[checks.missing_required_header]
expected-statuses = ["400", "403", "404", "428"]
"""
# A value of the right form may still name no row: most good data is refused by a rule.
LEFT_OUT = "positive_data_acceptance"


@pytest.fixture
def fuzz(live_server, api, tmp_path, monkeypatch):
    """Return a function that runs schemathesis with a key for everything; nothing may be wrong."""
    monkeypatch.setattr(settings, "API_REQUESTS_A_MINUTE", 1_000_000)
    World().build()
    key = api(*all_scopes()).key
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)

    def run(*options: str) -> int:
        report = tmp_path / "report.json"
        command = [PROGRAM, "--config-file", "schemathesis.toml", "run"]
        command += [f"{live_server.url}{V1}schema/", f"--header=Authorization: Bearer {key}"]
        command += [f"--exclude-checks={LEFT_OUT}", f"--seed={SEED}", "--continue-on-failure"]
        command += ["--report=json", f"--report-json-path={report}", *options]
        names = {"SCHEMATHESIS_HOOKS": "tests.api.fuzz_hooks", "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, cwd=tmp_path, env=os.environ | names, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(report.read_text())["test_cases"]["generated"]

    return run


def test_two_thousand_cases_meet_no_fault_and_nothing_unpublished(fuzz):
    assert fuzz("--phases=examples,fuzzing", "--max-examples=12") >= CASES


def test_every_boundary_of_some_resources_meets_no_fault(fuzz):
    tags = [f"--include-tag={name}" for name in ("about", "changes", "leads")]
    assert fuzz("--phases=coverage", *tags) > 500
