"""Large files are the worker's: shared out, resumed, given up; killed it leaves all or nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection

from crm.models import Enterprise, Lead
from crm.models import enterprises as enterprises_module
from tests.imports.workbooks import lead, leads, states, taken, written
from tests.racing import at_once, held_up
from zone.importing import running
from zone.importing.running import work_next
from zone.models import ImportRun

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("folder"),
]


@pytest.fixture
def run(specialist, chain, monkeypatch) -> ImportRun:
    """A file for the worker, taken in and not looked at."""
    monkeypatch.setattr(running, "AT_ONCE", 0)
    return taken(Lead, leads(*(lead(f"企业{n}有限公司") for n in range(3))), specialist)


def fresh(run: ImportRun) -> ImportRun:
    return ImportRun.objects.get(pk=run.pk)


def test_the_worker_checks_and_writes(run, as_user, specialist):
    client = as_user(specialist)
    address = f"/admin/zone/importrun/{run.pk}/state/"
    assert client.get(address).json() == {"at_work": True, "done": 0, "rows": 3}
    assert work_next()
    assert client.get(address).json() == {"at_work": False, "done": 3, "rows": 3}
    written(fresh(run))
    assert (fresh(run).state, Lead.objects.count()) == ("WRITING", 0)
    assert work_next()
    assert (fresh(run).state, Lead.objects.count(), work_next()) == ("DONE", 3, False)


def test_no_two_work_on_one_file(run):
    work_next()
    running.decide(fresh(run), "ALL", by=run.by)
    assert sorted(at_once(4, lambda _n: work_next())) in ([False] * 3 + [True], [True] * 4)
    assert (Lead.objects.count(), fresh(run).state) == (3, "DONE")


def test_what_fails_again_and_again_is_given_up_and_nothing_is_written(run, monkeypatch):
    work_next()
    running.decide(fresh(run), "ALL", by=run.by)
    monkeypatch.setattr(running, "keep_lines", lambda *_a, **_k: 1 / 0)
    for _try in range(ImportRun.TRIES):
        assert work_next()
    assert not work_next()
    assert (fresh(run).state, Lead.objects.count()) == ("STOPPED", 0)


def test_whoever_may_not_import_any_more_writes_nothing(run, specialist):
    work_next()
    running.decide(fresh(run), "ALL", by=specialist)
    specialist.appointments.all().delete()
    work_next()
    assert (fresh(run).state, Lead.objects.count()) == ("STOPPED", 0)


def test_of_two_files_with_one_new_enterprise_one_is_told(specialist, other_specialist, chain):
    runs = [taken(Lead, leads(lead()), one) for one in (specialist, other_specialist)]
    at_once(2, lambda n: written(runs[n]))
    found = sorted(fresh(run).state for run in runs)
    assert (found, Lead.objects.count(), Enterprise.objects.count()) == (["DONE", "READY"], 1, 1)


def test_without_the_lock_of_names_both_would_be_written(
    specialist, other_specialist, chain, monkeypatch
):
    """The negative control: like names, which no constraint of the database tells apart."""
    import crm.imports.leads
    import crm.models.courting

    runs = [
        taken(Lead, leads(lead(name)), one)
        for name, one in (
            ("长治材料有限公司", specialist),
            ("长治材料股份有限公司", other_specialist),
        )
    ]
    for module in (crm.imports.leads, enterprises_module, crm.models.courting):
        monkeypatch.setattr(module, "lock_names", lambda keys: None)
    write = running.write

    def slowly(batch):
        write(batch)
        time.sleep(1)

    monkeypatch.setattr(running, "write", slowly)
    at_once(2, lambda n: written(runs[n]))
    assert [fresh(run).state for run in runs] == ["DONE", "DONE"]


def test_with_the_lock_of_names_one_of_two_like_ones_is_asked(
    specialist, other_specialist, chain, monkeypatch
):
    runs = [
        taken(Lead, leads(lead(name)), one)
        for name, one in (
            ("长治材料有限公司", specialist),
            ("长治材料股份有限公司", other_specialist),
        )
    ]
    write = running.write

    def slowly(batch):
        write(batch)
        time.sleep(1)

    monkeypatch.setattr(running, "write", slowly)
    at_once(2, lambda n: written(runs[n]))
    assert sorted(fresh(run).state for run in runs) == ["DONE", "READY"]


def test_many_names_and_few_wait_for_one_another(specialist, chain, monkeypatch):
    monkeypatch.setattr(enterprises_module, "MOST_LOCKS", 1)
    from django.db import transaction

    from crm.models.enterprises import lock_names

    with transaction.atomic():
        lock_names(["一", "二"])
        begun = held_up(lambda: _locked(["三"]))
    assert begun.result(timeout=20) is None


def _locked(names):
    from django.db import transaction

    from crm.models.enterprises import lock_names

    with transaction.atomic():
        lock_names(names)


def test_nobody_decides_while_another_writes(run, specialist):
    from django.db import transaction

    work_next()
    with transaction.atomic():
        assert fresh(run).take()

        def meanwhile(_n):
            try:
                running.decide(fresh(run), "ALL", by=specialist)
            except ValidationError as refusal:
                return refusal.code

        assert at_once(1, meanwhile) == ["busy"]


KILLED = """
import sys, os, signal, django
django.setup()
from zone.importing import running
keep = running.keep_lines
def die(*args, **kwargs):
    keep(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
running.keep_lines = die
running.work_next()
"""


@pytest.mark.slow
def test_killed_in_the_middle_it_leaves_nothing_and_comes_again(run):
    work_next()
    running.decide(fresh(run), "ALL", by=run.by)
    found = connection.settings_dict
    url = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**found)
    environ = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "zone.settings",
        "UPLOADS": str(settings.MEDIA_ROOT),
        "DEBUG": "1",
    }
    ended = subprocess.run(
        [sys.executable, "-c", KILLED], cwd=settings.BASE_DIR, env=environ, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    assert (fresh(run).state, fresh(run).tries, Lead.objects.count()) == ("WRITING", 1, 0)
    assert work_next()
    assert (fresh(run).state, Lead.objects.count(), states(fresh(run))) == ("DONE", 3, ["NEW"] * 3)
