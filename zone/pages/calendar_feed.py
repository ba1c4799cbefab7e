"""The calendar feed: opened by its token alone, for the calendars of phones and computers."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from math import ceil

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response, quote_etag
from django.views.decorators.http import require_safe

from zone.access.throttling import BucketState, Limit
from zone.calendar import today
from zone.models.calendar_tokens import CalendarToken
from zone.notices.ics import calendar

LONGEST = 100  # characters of a token
MOST_WRONG, MOST = 20, 60  # tries with dead tokens from an address, and reads of one feed
WITHIN = timedelta(minutes=10)


@login_not_required
@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """Return the calendar; a dead token finds nothing, and asking too often waits.

    The token stands in the query, which no log keeps (``zone.privacy.logs``).
    """
    wrong = Limit("calendar.wrong", request.origin.address or "", MOST_WRONG, WITHIN)
    token = request.GET.get("token", "")[:LONGEST]
    person = CalendarToken.objects.holder(token)
    if person is None:
        state = wrong.take()
        if state.is_open:
            raise Http404
        return _wait(state)
    state = Limit("calendar", str(person.pk), MOST, WITHIN).take()
    return _answer(request, person) if state.is_open else _wait(state)


def _answer(request: HttpRequest, person) -> HttpResponse:
    text = calendar(person, today(), request.build_absolute_uri)
    etag = quote_etag(hashlib.sha256(text.encode()).hexdigest())
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="calendar.ics"'
    response["Cache-Control"] = "private, max-age=300"
    response["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=response)


def _wait(state: BucketState) -> HttpResponse:
    seconds = (state.until - timezone.now()).total_seconds()
    return HttpResponse(status=429, headers={"Retry-After": str(max(1, ceil(seconds)))})
