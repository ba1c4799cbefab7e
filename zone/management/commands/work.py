import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from importlib import import_module

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from zone.audit import anchors
from zone.database import connection as database
from zone.database.checkout import StartProblem
from zone.jobs.worker import Loop, watch
from zone.models import ImportRun, WorkerBeat
from zone.webhooks import dispatch
from zone.webhooks.guard import Guard

UPKEEP_EVERY = 60 * 60  # seconds
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
        ended = threading.Event()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, lambda *_: ended.set())
        if options["verbosity"]:
            self.stdout.write(_("At work; Ctrl-C ends it in good order."))
            self.stdout.flush()
        import_module(settings.ROOT_URLCONF)  # makes the resources of the interface known
        guard = Guard()
        own = {name: import_string(name) for name in settings.WORK}
        own["anchor"] = Periodic(anchor, ANCHORED_EVERY, at_once=True)
        sending = {"webhooks": lambda: dispatch.step(timezone.now(), guard, ended)}
        if once:
            loop = Loop(WorkerBeat.Loop.STEPS, own | sending, ended)
            watch(loop)
            while loop.turn():
                pass
            loop.leave()
            if loop.faults:
                raise CommandError(_("Something failed and is not done; see the log."))
        else:
            own["upkeep"] = Periodic(upkeep, UPKEEP_EVERY)
            loop = Loop(WorkerBeat.Loop.STEPS, own, ended)
            # A receiver that hangs is not to keep anything else waiting.
            webhooks = Loop(WorkerBeat.Loop.WEBHOOKS, sending, ended)
            thread = webhooks.start()
            watch(loop, webhooks, parent=parent)
            try:
                loop.run()
            finally:
                ended.set()
            thread.join()


class Periodic:
    """Does ``work`` once in ``seconds``; after a long pause there may be much of it."""

    def __init__(self, work: Callable[[], object], seconds: int, *, at_once: bool = False):
        self.work, self.seconds = work, seconds
        self.limit = max(seconds, settings.WORKER_STEP_LIMIT)  # of the watch
        self.due = time.monotonic() + (0 if at_once else seconds)

    def __call__(self) -> None:
        if time.monotonic() >= self.due:
            self.due = time.monotonic() + self.seconds
            self.work()


def upkeep() -> None:
    """Remove what is past its time."""
    call_command("trim_feed", verbosity=0)
    WorkerBeat.objects.forget()
    ImportRun.objects.past_keeping().drop_files()


def anchor() -> None:
    """Write down where the audit trail stands; a trail that was cut off is told in the log."""
    try:
        anchors.write(if_due=True)
    except (anchors.AnchorFault, OSError, StartProblem) as fault:
        logger.error("The audit trail gets no anchor, see verify_audit: %s", fault)
