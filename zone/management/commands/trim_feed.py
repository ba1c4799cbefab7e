from datetime import timedelta

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from zone.database import remembered
from zone.feed.log import RETENTION_DAYS, trim
from zone.models import ApiReply, ApiUpload, SentForm, Throttle, WebhookDelivery

REPLIES_STAY = timedelta(days=7)
FORMS_STAY = timedelta(days=1)


class Command(BaseCommand):
    help = _(
        "Remove what is past its time: the feed's log, kept answers of the interface, old messages."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--days", type=int, default=RETENTION_DAYS, help=_("how many days stay")
        )

    def handle(self, *args, days, **options):
        now = timezone.now()
        lines = trim(now - timedelta(days=days))
        replies, _models = ApiReply.objects.filter(at__lt=now - REPLIES_STAY).delete()
        ApiUpload.objects.filter(finished_at__lt=now - REPLIES_STAY).delete()
        Throttle.objects.filter(at__lt=now - settings.LOGIN_FAILURES_WITHIN).delete()  # full by now
        remembered.forget(now)
        SentForm.objects.filter(at__lt=now - FORMS_STAY).delete()
        messages = WebhookDelivery.objects.forget(now)
        words = _(
            "%(lines)d lines, %(replies)d kept answers and %(messages)d webhook messages removed."
        )
        counts = {"lines": lines, "replies": replies, "messages": messages}
        self.stdout.write(words % counts)
