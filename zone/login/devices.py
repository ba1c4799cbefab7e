"""Which browsers have logged in before, and to which accounts.

Whoever guesses passwords has no such cookie: what guessers at the same address or all over the
site have used up concerns no browser that is known for the name typed.
"""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import get_random_string, salted_hmac

SALT = "zone.devices"
MOST_ACCOUNTS = 5  # colleagues who share one machine


def known_as(request: HttpRequest, name: str) -> str:
    """Return the mark of this browser for an account, "" where it has not logged in to it."""
    return _marks(request).get(_label(name), "")


def remember(request: HttpRequest, response: HttpResponse, name: str):
    """Let the browser show, for half a year from this login on, that it knows the account."""
    marks, label = _marks(request), _label(name)
    mark = marks.pop(label, "") or get_random_string(16)
    latest = dict([*marks.items(), (label, mark)][-MOST_ACCOUNTS:])
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps(latest, salt=SALT),
        max_age=settings.DEVICE_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def _marks(request: HttpRequest) -> dict[str, str]:
    cookie = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
    try:
        return signing.loads(cookie, salt=SALT, max_age=settings.DEVICE_COOKIE_AGE)
    except signing.BadSignature:
        return {}


def _label(name: str) -> str:
    return salted_hmac(SALT, name, algorithm="sha256").hexdigest()[:32]
