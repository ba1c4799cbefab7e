import logging
import os
import signal
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, close_old_connections, connections
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from zone import anchors, database
from zone.checkout import StartProblem
from zone.webhooks import dispatch

PAUSE = 1  # seconds between two looks when nothing was to do
AFTER_A_FAULT = 5
TRIMMED_EVERY = 60 * 60
ANCHORED_EVERY = 10 * 60  # the look alone; an anchor is written once in an hour
logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = _("Do what waits: uploads of the interface, webhooks. As many may run as you like.")

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help=_("end when nothing waits"))
        parser.add_argument("--parent", type=int, help=_("end with this process"))

    def handle(self, *args, once, parent, **options):
        if os.environ.get(database.OWNER_URL):
            raise CommandError(
                _("Please start it without DATABASE_OWNER_URL, which is for migrate alone.")
            )
        self.ended = threading.Event()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self.ended.set())
        if options["verbosity"]:
            self.stdout.write(_("At work; Ctrl-C ends it in good order."))
            self.stdout.flush()
        steps = [import_string(name) for name in settings.WORK]
        # A receiver that hangs is not to keep anything else waiting.
        sending = threading.Thread(target=dispatch.run, args=(self.ended,))
        if once:
            steps.append(lambda: bool(dispatch.step(timezone.now())))
        else:
            sending.start()
        trimmed, anchored = time.monotonic(), None
        while not self.ended.is_set():
            busy = self.go(steps)
            if anchored is None or time.monotonic() - anchored > ANCHORED_EVERY:
                self.go([anchor])
                anchored = time.monotonic()
            if (once and not busy) or (parent and os.getppid() != parent):
                break
            if time.monotonic() - trimmed > TRIMMED_EVERY:
                call_command("trim_feed", verbosity=0)
                trimmed = time.monotonic()
            if not busy:
                self.ended.wait(PAUSE)
        self.ended.set()
        if sending.ident:
            sending.join()
        connections.close_all()

    def go(self, steps: list[Callable[[], bool]]) -> bool:
        """Do each step once; whether any found something to do."""
        close_old_connections()
        try:
            # Every step has its turn, whatever the one before it found.
            return bool(sum(step() for step in steps))
        except OperationalError as fault:
            self.stderr.write(f"{fault}")
            connections.close_all()
            self.ended.wait(AFTER_A_FAULT)
            return True


def anchor() -> bool:
    """Write down where the audit trail stands; a trail that was cut off is told in the log."""
    try:
        anchors.write(if_due=True)
    except (anchors.AnchorFault, OSError, StartProblem) as fault:
        logger.error("The audit trail gets no anchor, see verify_audit: %s", fault)
    return False
