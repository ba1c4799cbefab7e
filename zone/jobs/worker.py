"""The loops of ``manage.py work``, and the watch over them.

A step that fails is logged and its turn comes again; no other step waits for it. A step that
hangs, or a loop that is gone, ends the whole process: whoever started it (``manage.py start``,
systemd) starts a new one, and what was under way is done again or set aside by its own rules.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import close_old_connections, connections

from zone.database.outages import in_one_line, is_outage
from zone.models import WorkerBeat

logger = logging.getLogger(__name__)
PAUSE = 1  # seconds between two turns when nothing was to do
AFTER_AN_OUTAGE = 5
BEAT_EVERY = 5
LOG_LIMIT = 2

Step = Callable[[], object]


class Loop:
    """Steps repeated in turn; a step returns whether it found work."""

    def __init__(self, name: str, steps: dict[str, Step], stop: threading.Event):
        self.name, self.steps, self.stop = name, steps, stop
        self.faults = 0
        self.step, self.began = "", None  # what it is at, and since when
        self.limit = settings.WORKER_STEP_LIMIT
        self.beat = WorkerBeat.of_this_process(name)
        self.next_beat = 0.0
        self.thread = threading.current_thread()

    def start(self) -> threading.Thread:
        """Run in a thread of its own."""
        self.thread = threading.Thread(target=self.run, name=self.name)
        self.thread.start()
        return self.thread

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                if not self.turn():
                    self.stop.wait(PAUSE)
        finally:
            self.leave()

    def turn(self) -> bool:
        """Do each step once; whether any found work, so that more may wait."""
        close_old_connections()
        # Each has its turn, whatever the one before it found.
        return bool(sum(self.do(name, step) for name, step in self.steps.items()))

    def do(self, name: str, step: Step) -> bool:
        self.limit = getattr(step, "limit", settings.WORKER_STEP_LIMIT)
        self.step, self.began = name, time.monotonic()
        try:
            self.show(name)
            return bool(step())
        except Exception as fault:
            self.faults += 1
            connections.close_all()
            if is_outage(fault):
                logger.warning("%s waits for the database: %s", name, in_one_line(fault))
                self.began = None
                self.stop.wait(AFTER_AN_OUTAGE)
            else:
                logger.exception("%s failed; it comes again", name)
            return False
        finally:
            self.began = None

    def show(self, step: str) -> None:
        if time.monotonic() >= self.next_beat:
            self.beat.beat(step, self.faults)
            self.next_beat = time.monotonic() + BEAT_EVERY

    def leave(self) -> None:
        try:
            self.beat.end()
        except Exception as fault:
            logger.warning("the worker's row stays: %s", in_one_line(fault))
        connections.close_all()

    def trouble(self) -> str:
        """Say what is wrong with the loop; "" while it runs."""
        began = self.began
        if not (self.stop.is_set() or self.thread.is_alive()):
            return f"the loop {self.name} is gone"
        if began is not None and time.monotonic() - began > self.limit:
            return f"{self.step} takes longer than {self.limit} s"
        return ""


def watch(*loops: Loop, parent: int | None = None) -> threading.Thread:
    """End the process when one of the loops hangs, also at the end, or is gone.

    With ``parent`` in order when that process is gone, whether the database answers or not.
    """
    thread = threading.Thread(target=_watch, args=(loops, parent), daemon=True)
    thread.start()
    return thread


def _watch(loops: tuple[Loop, ...], parent: int | None) -> None:
    while True:
        time.sleep(PAUSE)
        if parent and os.getppid() != parent:
            for loop in loops:
                loop.stop.set()
        if trouble := next(filter(None, (loop.trouble() for loop in loops)), ""):
            end_process(trouble)


def end_process(why: str) -> None:
    """End at once, without the cleaning up that would wait for what hangs."""
    # The log itself may be what hangs.
    words = ("the worker ends itself: %s; it is for its supervisor to start a new one", why)
    saying = threading.Thread(target=logger.critical, args=words, daemon=True)
    saying.start()
    saying.join(LOG_LIMIT)
    os._exit(1)
