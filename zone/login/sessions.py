"""Limits of a session: idle time and total time (``SESSION_…`` in the settings)."""

from __future__ import annotations

import time
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from zone.calendar import limit_in_words
from zone.models import AuditEntry

STARTED, SEEN = "started_at", "seen_at"
VERIFIED = "second_factor"  # when the code was given; "" for who has no second factor
REFRESH = 60  # seconds; the mark is not written on every request
WHY = {
    "idle": format_lazy(
        _("Nothing was done for {time}, so you were logged out. Please log in again."),
        time=limit_in_words("SESSION_IDLE"),
    ),
    "longest": format_lazy(
        _("You had been logged in for {time}. Please log in again."),
        time=limit_in_words("SESSION_LONGEST"),
    ),
    "clock": _(
        "The server's clock was set back, so nobody can say how long you had been logged in. "
        "Please log in again."
    ),
    "guessed": _(
        "The old password was wrong too often, so you were logged out. Please log in again; a "
        "forgotten password is the system administrator's business."
    ),
    "ended": _(
        "This login was ended: the password was changed, somebody signed you out, or the account "
        "was closed. Please log in again; if that fails, ask the system administrator."
    ),
    "no_post": _(
        "You hold no post today, so nothing opens for you. Please ask the promotion office or the "
        "system administrator to appoint you."
    ),
}


def begin(request: HttpRequest):
    """Start counting, in a session with a new key that has proved nothing but the password."""
    request.session.cycle_key()
    request.session.pop(VERIFIED, None)
    request.session[STARTED] = request.session[SEEN] = time.time()


def is_open_to_all(request: HttpRequest, view) -> bool:
    """Whether a view asks for no login (``login_not_required``): login page, health, language."""
    return not getattr(view, "login_required", True)


class SessionLimitsMiddleware:
    """Ends what has lasted too long or lost its right, and says why on the login page."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if is_open_to_all(request, view) or SESSION_KEY not in request.session:
            return None
        why = why_over(request)
        if not why:
            prolong(request)
            return None
        if is_script(request):
            # The reason is kept for the page the person opens next.
            return HttpResponse(status=401)
        return end(request, why)


def end(request: HttpRequest, why: str) -> HttpResponse:
    """Log out whoever is here and lead to the login page, which says why (a key of ``WHY``)."""
    if request.user.is_authenticated:
        person = request.user
        AuditEntry.objects.record(AuditEntry.Action.LOGOUT, by=person, of=person, step=why)
        logout(request)
    request.session.flush()
    return to_login(request, why)


def why_over(request: HttpRequest) -> str:
    """Return the key in ``WHY`` of what ends this session now, "" while it lasts; write nothing."""
    if not request.user.is_authenticated:
        return "ended"
    if not request.user.may_enter:
        return "no_post"
    now = time.time()
    started, seen = started_and_seen(request)
    if max(started, seen) - now > settings.CLOCK_TOLERANCE.total_seconds():
        return "clock"
    if now - started > settings.SESSION_LONGEST.total_seconds():
        return "longest"
    if now - seen > settings.SESSION_IDLE.total_seconds():
        return "idle"
    return ""


def started_and_seen(request: HttpRequest) -> tuple[float, float]:
    started = request.session.get(STARTED) or time.time()
    return started, request.session.get(SEEN, 0) or started


def prolong(request: HttpRequest):
    """Count the idle time anew; the mark is written once a minute at most."""
    now, session = time.time(), request.session
    session.setdefault(STARTED, now)
    if now - session.get(SEEN, 0) > REFRESH:
        session[SEEN] = now


def seconds_left(request: HttpRequest) -> int:
    """Return how long the session lasts if nothing more is done."""
    started, seen = started_and_seen(request)
    idle, longest = settings.SESSION_IDLE, settings.SESSION_LONGEST
    end = min(seen + idle.total_seconds(), started + longest.total_seconds())
    return max(0, int(end - time.time()))


def is_script(request: HttpRequest) -> bool:
    return request.headers.get("X-Requested-With") == "XMLHttpRequest"


def to_login(request: HttpRequest, why: str) -> HttpResponse:
    return send_to(request, reverse("admin:login"), why=why)


def send_to(request: HttpRequest, page: str, **query: str) -> HttpResponse:
    """Lead to a page that must come first; a script is told by status, not by a foreign page."""
    if is_script(request):
        return HttpResponse(status=401)
    piece = bool(request.headers.get("HX-Request"))  # htmx asks for pieces of pages
    whole = request.get_full_path() if request.method == "GET" else request.path
    address = f"{page}?{urlencode({**query, 'next': '/' if piece else whole})}"
    if piece:
        return HttpResponse(status=401, headers={"HX-Redirect": address})
    return redirect(address)


def where_to(request: HttpRequest) -> str:
    """Return the page somebody was on their way to, if it is one of ours, else the first page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else "/"
