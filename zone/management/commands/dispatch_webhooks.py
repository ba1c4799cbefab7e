"""manage.py dispatch_webhooks: tell other systems what has changed, until told to stop."""

import signal
from threading import Event

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from zone.webhooks.dispatch import PAUSE, run, step


class Command(BaseCommand):
    help = "Send webhook messages of what has changed; ends in good order on SIGTERM."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="send what is due now, then end")
        parser.add_argument("--pause", type=float, default=PAUSE, metavar="SECONDS")

    def handle(self, *, once, pause, **options):
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_caught: stop.set())
        if not once:
            self.stdout.write(_("Webhook messages are sent from now on; SIGTERM ends this."))
            self.stdout.flush()
            run(stop, pause=pause)
            return
        done = 0
        while not stop.is_set() and (now_done := step(timezone.now(), stop=stop)):
            done += now_done
        self.stdout.write(_("%(number)d messages handled.") % {"number": done})
