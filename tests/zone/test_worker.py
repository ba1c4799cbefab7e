"""The loops of the worker: no step starves another, and what hangs or is gone ends the process."""

import os
import subprocess
import sys
import threading
import time

import pytest
from django.db import OperationalError

from zone.database.checkout import ROOT
from zone.jobs import worker
from zone.models import WorkerBeat

Loop = WorkerBeat.Loop


@pytest.fixture
def stop(monkeypatch):
    monkeypatch.setattr(worker.connections, "close_all", lambda: None)  # the test's own
    monkeypatch.setattr(worker, "close_old_connections", lambda: None)
    return threading.Event()


def fail():
    raise KeyError("of our own")


@pytest.mark.django_db
def test_a_step_that_fails_is_counted_and_starves_no_other(stop, caplog):
    done = []
    loop = worker.Loop(Loop.STEPS, {"bad": fail, "good": lambda: done.append(1)}, stop)
    for _ in range(3):
        assert loop.turn() is False
    assert (len(done), loop.faults) == (3, 3)
    assert "bad failed" in caplog.text
    loop.next_beat = 0
    loop.turn()
    assert WorkerBeat.objects.get().faults == 3
    loop.leave()
    assert not WorkerBeat.objects.exists()


@pytest.mark.django_db
def test_a_database_that_is_away_is_waited_for_and_told_in_one_line(stop, caplog, monkeypatch):
    monkeypatch.setattr(worker, "AFTER_AN_OUTAGE", 0.01)

    def away():
        raise OperationalError("connection\n\trefused")

    loop = worker.Loop(Loop.STEPS, {"step": away}, stop)
    assert loop.turn() is False
    assert [record.exc_info for record in caplog.records] == [None]
    assert "connection refused" in caplog.text


@pytest.mark.django_db
def test_the_beat_comes_from_the_loop_and_says_what_it_begins(stop, monkeypatch):
    seen = []
    step = lambda: seen.append(WorkerBeat.objects.get().step)  # noqa: E731
    worker.Loop(Loop.STEPS, {"upload": step}, stop).turn()
    assert seen == ["upload"]


def test_a_step_that_takes_too_long_is_trouble_and_waiting_is_none(stop, settings):
    settings.WORKER_STEP_LIMIT = 1
    loop = worker.Loop(Loop.STEPS, {}, stop)
    assert loop.trouble() == ""
    loop.step, loop.began = "upload", time.monotonic() - 2
    assert loop.trouble() == "upload takes longer than 1 s"
    loop.began = None
    assert loop.trouble() == ""


PROGRAM = """
import sys, threading, time, django
django.setup()
from zone.jobs import worker
from zone.webhooks import dispatch
worker.Loop.show = lambda *_: None
worker.PAUSE = 0.1
def step(*_):
    if sys.argv[1] == "hang":
        time.sleep(600)
    sys.exit(7)  # ends its own thread and nothing else
stop = threading.Event()
loops = [worker.Loop("STEPS", {"wait": lambda: stop.wait(0.1)}, stop)]
loops.append(worker.Loop("WEBHOOKS", {"webhooks": step}, stop))
worker.Loop.leave = lambda *_: None
loops[1].start()
worker.watch(*loops)
loops[0].run()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "why"),
    [("hang", "webhooks takes longer than 1 s"), ("gone", "the loop WEBHOOKS is gone")],
)
def test_a_loop_that_hangs_or_is_gone_ends_the_process(monkeypatch, how, why):
    monkeypatch.setenv("WORKER_STEP_LIMIT", "1")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "zone.settings")
    command = [sys.executable, "-c", PROGRAM, how]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert why in done.stderr


@pytest.mark.slow
def test_it_ends_with_its_parent_also_while_the_database_is_away():
    """Each step says that it begins before it does so: none was reached, and it lived for good."""
    nowhere = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", "work", "--parent", "1", "-v0"],
        env=os.environ | nowhere,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
