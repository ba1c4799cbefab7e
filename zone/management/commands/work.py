import os
import signal
import threading
from importlib import import_module

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from zone.database import connection as database
from zone.jobs import periodic
from zone.jobs.worker import Loop, watch
from zone.models import WorkerBeat
from zone.webhooks import dispatch
from zone.webhooks.guard import Guard


class Command(BaseCommand):
    help = _(
        "Do what waits: uploads of the interface, webhooks, periodic jobs. "
        "As many may run as you like."
    )

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
        due = {"jobs": periodic.step}
        sending = {"webhooks": lambda: dispatch.step(timezone.now(), guard, ended)}
        if once:
            loop = Loop(WorkerBeat.Loop.STEPS, own | due | sending, ended)
            watch(loop)
            while loop.turn():
                pass
            loop.leave()
            if loop.faults:
                raise CommandError(_("Something failed and is not done; see the log."))
        else:
            loop = Loop(WorkerBeat.Loop.STEPS, own, ended)
            # Neither a receiver that hangs nor a long job is to keep anything else waiting.
            others = [
                Loop(WorkerBeat.Loop.WEBHOOKS, sending, ended),
                Loop(WorkerBeat.Loop.JOBS, due, ended),
            ]
            threads = [other.start() for other in others]
            watch(loop, *others, parent=parent)
            try:
                loop.run()
            finally:
                ended.set()
            for thread in threads:
                thread.join()
