"""Dates in the zone's own time, spans in words, and the pace a year's target is held to."""

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import chinese_calendar
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

SHANGHAI = ZoneInfo("Asia/Shanghai")


def today() -> date:
    """Return today's date in the zone, whatever the server's or the request's time zone."""
    return timezone.now().astimezone(SHANGHAI).date()


def local_date(moment: datetime) -> date:
    return moment.astimezone(SHANGHAI).date()


def minute(moment: datetime) -> str:
    """Write a moment as tables do: 2025-09-30 14:05, in the zone's time."""
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"


def time_progress(year: int, on: date) -> Decimal:
    """Return the share (0 to 1) of ``year`` that has gone by at the end of ``on``.

    ``((month − 1) + day / days in month) / 12``, so a month's end is exactly m/12 as the
    published 序时进度 tables have it; 0 before the year and 1 after it.
    """
    if on.year != year:
        return Decimal(int(on.year > year))
    days = monthrange(on.year, on.month)[1]
    return (Decimal(on.month - 1) + Decimal(on.day) / days) / 12


def is_workday(day: date) -> bool:
    """Whether people work on ``day``: by the published holidays, else Monday to Friday."""
    try:
        return chinese_calendar.is_workday(day)
    except NotImplementedError:  # holidays of that year are not known
        return day.weekday() < 5


def due_date(start: date, days: int, *, workdays: bool = False) -> date:
    """Return the last day in time for what may take ``days`` from ``start`` on."""
    if not workdays:
        return start + timedelta(days=days)
    due = start
    for _day in range(days):
        due = _next_workday(due, 1)
    return due


def first_in_time(on: date, days: int, *, workdays: bool = False) -> date:
    """Return the earliest start that is not overdue on ``on``; whatever began before it is.

    ``due_date(start, days) < on`` turned round, so that the database compares a column.
    """
    if not workdays:
        return on - timedelta(days=days)
    for _day in range(days):
        on = _next_workday(on, -1)
    return on


def hours_before(now: datetime, hours: int, *, workdays: bool = False) -> datetime:
    """Return the moment since which ``hours`` have passed, of workdays alone if asked."""
    if not workdays:
        return now - timedelta(hours=hours)
    moment, left = now.astimezone(SHANGHAI), timedelta(hours=hours)
    while True:
        midnight = start_of(moment.date())
        passed = moment - midnight if is_workday(moment.date()) else timedelta(0)
        if passed >= left and passed:
            return moment - left
        left -= passed
        moment = midnight - timedelta(microseconds=1)


def start_of(day: date) -> datetime:
    """Return the first moment of ``day`` in the zone."""
    return datetime.combine(day, time(), SHANGHAI)


def _next_workday(day: date, step: int) -> date:
    day += timedelta(days=step)
    while not is_workday(day):
        day += timedelta(days=step)
    return day


def in_words(span: timedelta) -> str:
    """Return ``8 hours`` or ``30 minutes``."""
    minutes = span // timedelta(minutes=1)
    hours, rest = divmod(minutes, 60)
    if hours and not rest:
        return ngettext("%(number)d hour", "%(number)d hours", hours) % {"number": hours}
    return ngettext("%(number)d minute", "%(number)d minutes", minutes) % {"number": minutes}


WEEKDAYS = (
    pgettext_lazy("short weekday", "Mon"),
    pgettext_lazy("short weekday", "Tue"),
    pgettext_lazy("short weekday", "Wed"),
    pgettext_lazy("short weekday", "Thu"),
    pgettext_lazy("short weekday", "Fri"),
    pgettext_lazy("short weekday", "Sat"),
    pgettext_lazy("short weekday", "Sun"),
)


def short_day(day: date) -> str:
    """Write a day as people speak of a near one: ``11-10 周一``; of another year in full."""
    written = f"{day:%m-%d}" if day.year == today().year else f"{day:%Y-%m-%d}"
    return f"{written} {WEEKDAYS[day.weekday()]}"


def days_ago(day: date, on: date | None = None) -> str:
    """Write a past day with its distance: ``2025-10-22, 13 days ago``."""
    days = ((on or today()) - day).days
    if days == 0:
        return _("%(day)s, today") % {"day": day}
    words = ngettext("%(day)s, %(days)d day ago", "%(day)s, %(days)d days ago", days)
    return words % {"day": day, "days": days}


# For a text made before a language is chosen: ``limit_in_words("SESSION_IDLE")``.
limit_in_words = lazy(lambda setting: in_words(getattr(settings, setting)), str)


def not_in_future(day: date) -> None:
    """Refuse a day that is still to come; a validator for what has happened."""
    if day > today():
        raise ValidationError(_("The date cannot lie in the future."), code="future")
