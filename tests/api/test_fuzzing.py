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
from zone.api_scopes import all_scopes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
CASES, SEED = 2_000, 20_250_303
# What a check takes for a refusal; 2xx to nonsense is a fault, 5xx always is.
SETTINGS = """
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "409", "411", "412", "413", "415", "422", "428"]
[checks.missing_required_header]
expected-statuses = ["400", "403", "404", "428"]
"""
# A value of the right form may still name no row: most good data is refused by a rule.
LEFT_OUT = "positive_data_acceptance"


def fuzz(address: str, key: str, folder: Path, *options: str) -> tuple[int, str]:
    """Run schemathesis; return how many cases it sent, and what it says if anything is wrong."""
    (folder / "schemathesis.toml").write_text(SETTINGS)
    report = folder / "report.json"
    command = [Path(sys.executable).parent / "schemathesis", "--config-file", "schemathesis.toml"]
    command += ["run", f"{address}{V1}schema/", f"--header=Authorization: Bearer {key}"]
    command += [f"--exclude-checks={LEFT_OUT}", f"--seed={SEED}", "--continue-on-failure"]
    command += ["--report=json", f"--report-json-path={report}", *options]
    names = {"SCHEMATHESIS_HOOKS": "tests.api.fuzz_hooks", "PYTHONPATH": str(settings.BASE_DIR)}
    done = subprocess.run(
        command, cwd=folder, env=os.environ | names, capture_output=True, text=True, check=False
    )
    assert report.exists(), done.stdout + done.stderr
    found = json.loads(report.read_text())
    return found, "" if done.returncode == 0 else done.stdout + done.stderr


def test_two_thousand_cases_meet_no_fault_and_nothing_unpublished(
    live_server, api, tmp_path, monkeypatch
):
    monkeypatch.setattr(settings, "API_REQUESTS_A_MINUTE", 1_000_000)
    World().build()
    caller = api(*all_scopes())
    found, wrong = fuzz(live_server.url, caller.key, tmp_path, "--max-examples=12")
    print(json.dumps(found)[:3000])
    assert wrong == ""
