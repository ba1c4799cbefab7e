from datetime import timedelta

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from zone.feed.log import RETENTION_DAYS, trim


class Command(BaseCommand):
    help = _("Remove what is older than the retention from the log of the change feed.")

    def add_arguments(self, parser):
        parser.add_argument(
            "--days", type=int, default=RETENTION_DAYS, help=_("how many days stay")
        )

    def handle(self, *args, days, **options):
        lines = trim(timezone.now() - timedelta(days=days))
        self.stdout.write(_("%(lines)d lines removed.") % {"lines": lines})
