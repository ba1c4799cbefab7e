import os
import signal
import threading
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from zone.sync.mirror import Refused, mirror


class Command(BaseCommand):
    help = _("Keep a copy of what a key sees of another instance, in an SQLite file.")
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("url", help=_("where the other instance is, such as https://crm.zone"))
        parser.add_argument("file", type=Path, help=_("the SQLite file; made when it is not there"))
        parser.add_argument("--key-file", type=Path, help=_("holds the key; else CRM_KEY does"))
        parser.add_argument("--entities", help=_("only these, such as leads,projects"))
        parser.add_argument("--once", action="store_true", help=_("end when all is copied"))
        parser.add_argument("--interval", type=float, default=2, help=_("seconds between looks"))

    def handle(self, *args, url, file, key_file, entities, once, interval, **options):
        key = key_file.read_text().strip() if key_file else os.environ.get("CRM_KEY", "").strip()
        if not key:
            raise CommandError(_("Name the key: --key-file FILE, or CRM_KEY in the environment."))
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        names = entities.split(",") if entities else None
        try:
            mirror(
                url, key, file, once=once, interval=interval, entities=names, ended=ended,
                say=self.say,
            )  # fmt: skip
        except Refused as refusal:
            if not ended.is_set():
                raise CommandError(str(refusal)) from refusal

    def say(self, line: str):
        self.stdout.write(line)
        self.stdout.flush()
