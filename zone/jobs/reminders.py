"""Notices of what is due, the morning digest, and the end of notices."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zone.calendar import local_date
from zone.jobs.periodic import PeriodicJob
from zone.models import ZoneSetting
from zone.models.notice_channels import Digest
from zone.models.notices import Notice
from zone.notices import digests
from zone.notices.due import tell_due

AT_ONCE = 1000  # notices removed in one statement


def remind() -> str:
    """Tell what is due, and forget what was read long ago."""
    now = timezone.now()
    tell_due(now)
    return _("%(number)d old notices removed") % {"number": forget(now)}


def forget(now) -> int:
    """Delete the notices that were read, and the digests of days, past the office's time."""
    (days,) = ZoneSetting.whole(ZoneSetting.Key.NOTICE_KEEP_DAYS)
    limit, removed = now - timedelta(days=days), 0
    Digest.objects.filter(on__lt=limit.date()).delete()
    while some := [*Notice.objects.read_before(limit).values_list("pk", flat=True)[:AT_ONCE]]:
        removed += Notice.objects.filter(pk__in=some).delete()[0]
    return removed


def digest() -> str:
    """Send the digest of the day, from its hour on; what is due is told first."""
    now = timezone.now()
    if not digests.is_time(now):
        return _("Not yet the hour of the digest.")
    if digests.missing(local_date(now)).exists():
        tell_due(now)
        digests.make(now)
    return _("%(number)d digests sent") % {"number": digests.send(now)}


JOBS = (
    PeriodicJob("remind", gettext_lazy("Notices of what is due"), remind, timedelta(hours=1)),
    PeriodicJob("digest", gettext_lazy("Morning digest"), digest, timedelta(minutes=1)),
)
