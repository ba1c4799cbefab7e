"""A person's calendar (RFC 5545): all-day events, UIDs that stay, nothing about contacts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Model
from django.utils.translation import gettext as _

from zone.apps import modules_of_apps
from zone.navigation import record_url

BACK, AHEAD = timedelta(days=90), timedelta(days=365)
LONGEST = 75  # bytes of a line, its end not counted
HEAD = (
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//zone-crm//calendar//ZH",
    "CALSCALE:GREGORIAN",
    "METHOD:PUBLISH",
    "X-WR-TIMEZONE:Asia/Shanghai",
    "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
    "X-PUBLISHED-TTL:PT1H",
)


class Event(NamedTuple):
    """A day on which a row asks for something; it changes when the row does."""

    row: Model
    on: date
    words: str
    changed_at: datetime


def calendar(person, on: date, address) -> str:
    """Return the feed of ``person`` as it is on a day; ``address`` makes a path a whole URL."""
    found = [
        event
        for module in modules_of_apps("reminding")
        for read in module.EVENTS
        for event in read(person, on - BACK, on + AHEAD)
    ]
    name = escaped(_("Investment promotion: %(person)s") % {"person": person})
    lines = [*HEAD, f"X-WR-CALNAME:{name}", *_all(found, address), "END:VCALENDAR"]
    return "".join(f"{folded(line)}\r\n" for line in lines)


def _all(events: Iterable[Event], address) -> Iterable[str]:
    for event in events:
        yield from _lines(event, address(record_url(type(event.row), event.row.pk)))


def _lines(event: Event, url: str) -> Iterable[str]:
    moment = f"{event.changed_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield "BEGIN:VEVENT"
    yield f"UID:{event.row._meta.model_name}-{event.row.pk}@zone-crm"
    # Not the moment of asking: an unchanged feed is the same to the last byte.
    yield f"DTSTAMP:{moment}"
    yield f"LAST-MODIFIED:{moment}"
    yield f"DTSTART;VALUE=DATE:{event.on:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{event.on + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{escaped(event.words)}"
    yield f"URL:{url}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def escaped(text: str) -> str:
    """Return a text without what would end its value or its line."""
    for sign in ("\\", ";", ","):
        text = text.replace(sign, f"\\{sign}")
    return "\\n".join(text.splitlines())


def folded(line: str) -> str:
    """Return a line in pieces of 75 bytes at most, none cut within a character."""
    pieces, piece, size = [], "", 0
    for sign in line:
        width = len(sign.encode())
        if size + width > LONGEST:
            pieces.append(piece)
            piece, size = " ", 1
        piece, size = piece + sign, size + width
    return "\r\n".join([*pieces, piece])
