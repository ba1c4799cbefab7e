"""The benches run to their end on a small database, and leave none behind."""

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

from crm.models import Lead
from projects.management.benching import insert
from tests import factories, serving
from zone.models import IndustryChain

SMALL = {
    "bench": ("--leads=100", "--rounds=1"),
    "bench_feed": ("--rows=100", "--lines=1000"),
    "bench_api": ("--rows=20", "--rounds=1", "--seconds=1"),
}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)  # none is held open meanwhile
@pytest.mark.parametrize("command", SMALL)
def test_the_bench_ends_well_and_drops_its_database(command):
    found = databases()
    run_bench(command, *SMALL[command])
    assert databases() == found


def run_bench(command: str, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, settings.BASE_DIR / "manage.py", command, *options],
        env=os.environ | {"DATABASE_URL": serving.url()},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)  # none is held open meanwhile
def test_a_phone_loads_the_files_once_and_then_the_page_alone():
    found = databases()
    shown = run_bench("bench_phone", "--leads=2000", "--rounds=1")
    first, second = ([float(n) for n in row.split()[2:11]] for row in shown.splitlines()[-2:])
    html, css, js, font, other, kilobytes, requests, seconds, whole = first
    assert min(html, css, js, font, other, seconds) > 0
    assert html < whole <= 60
    assert kilobytes <= 350
    assert (second[1:5], second[6]) == ([0, 0, 0, 0], 1)
    assert second[5] <= 60
    assert requests > 10
    assert databases() == found


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)  # none is held open meanwhile
def test_several_clients_are_served_by_workers_that_share_their_memory():
    found = databases()
    shown = run_bench("bench_load", "--leads=100", "--clients=3", "--seconds=2")
    rows = [row.split() for row in shown.splitlines() if row.endswith("a second")]
    assert [row[0] for row in rows] == ["list", "form", "progress", "all"]
    assert all(float(row[1]) <= float(row[2]) and float(row[3]) > 0 for row in rows)
    assert 0 < int(re.search(r"(\d+) MB of memory", shown)[1]) < 100
    assert databases() == found


def databases() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)  # none is held open meanwhile
def test_a_seeded_row_holds_what_the_model_would_put_there():
    made = factories.make_lead()
    own = {"enterprise_id": f"'{made.enterprise_id}'", "chain_id": f"'{made.chain_id}'"}
    values = {"title": "'x'", "source": "'OWN'", "planned_investment_wan": "1"}
    with connection.cursor() as cursor:
        cursor.execute(insert(Lead, "", **own, **values))
    seeded = Lead.objects.get(title="x")
    seeded.full_clean()
    assert (seeded.stage, seeded.version, seeded.needs, seeded.owner) == ("NEW", 1, "", None)


def test_a_column_that_no_field_has_is_refused():
    with pytest.raises(ValueError, match="colour"):
        insert(IndustryChain, "", colour="'red'")
