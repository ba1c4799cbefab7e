from datetime import timedelta

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from zone.feed.log import RETENTION_DAYS, trim
from zone.models import ApiReply, ApiUpload

REPLIES_STAY = timedelta(days=7)


class Command(BaseCommand):
    help = _("Remove what is past its time: the feed's log, kept answers of the interface.")

    def add_arguments(self, parser):
        parser.add_argument(
            "--days", type=int, default=RETENTION_DAYS, help=_("how many days stay")
        )

    def handle(self, *args, days, **options):
        now = timezone.now()
        lines = trim(now - timedelta(days=days))
        replies, _models = ApiReply.objects.filter(at__lt=now - REPLIES_STAY).delete()
        ApiUpload.objects.filter(finished_at__lt=now - REPLIES_STAY).delete()
        words = _("%(lines)d lines and %(replies)d kept answers removed.")
        self.stdout.write(words % {"lines": lines, "replies": replies})
