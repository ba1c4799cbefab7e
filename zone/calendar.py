"""Dates in the zone's own time, and the pace a year's target is held to."""

from calendar import monthrange
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import timezone

SHANGHAI = ZoneInfo("Asia/Shanghai")


def today() -> date:
    """Return today's date in the zone, whatever the server's or the request's time zone."""
    return timezone.now().astimezone(SHANGHAI).date()


def local_date(moment: datetime) -> date:
    return moment.astimezone(SHANGHAI).date()


def time_progress(year: int, on: date) -> Decimal:
    """Return the share (0 to 1) of ``year`` that has gone by at the end of ``on``.

    ``((month − 1) + day / days in month) / 12``, so a month's end is exactly m/12 as the
    published 序时进度 tables have it; 0 before the year and 1 after it.
    """
    if on.year != year:
        return Decimal(int(on.year > year))
    days = monthrange(on.year, on.month)[1]
    return (Decimal(on.month - 1) + Decimal(on.day) / days) / 12
