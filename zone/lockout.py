"""Too many wrong passwords: what axes counts, how long it lasts, and how we say it."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _


def fingerprint(request: HttpRequest, credentials: dict | None = None) -> str:
    """Return what axes counts by: the name without case, blanks and width, and not readable.

    People type passwords into the wrong field; what they typed is kept nowhere.
    """
    typed = (credentials or request.POST).get("username") or ""
    name = "".join(unicodedata.normalize("NFKC", typed).casefold().split())
    return salted_hmac("zone.lockout", name, algorithm="sha256").hexdigest()


def answer(request: HttpRequest, response: HttpResponse, credentials: dict) -> HttpResponse:
    """Let the login page itself say it (``AXES_LOCKOUT_CALLABLE``), with the fitting status."""
    response.status_code = 429
    return response


def is_locked(request: HttpRequest, username: str) -> bool:
    return AxesProxyHandler.is_locked(request, {"username": username})


def locked_until(request: HttpRequest, username: str) -> datetime:
    """Return when so many of the failures are out of date that the next try is allowed."""
    rows = AccessAttempt.objects.filter(
        username=fingerprint(request, {"username": username}),
        ip_address=request.axes_ip_address,
        attempt_time__gte=timezone.now() - settings.AXES_COOLOFF_TIME,
    )
    rows = rows.order_by("attempt_time").values_list("attempt_time", "failures_since_start")
    left = sum(failures for _at, failures in rows)
    for at, failures in rows:
        left -= failures
        if left < settings.AXES_FAILURE_LIMIT:
            return at + settings.AXES_COOLOFF_TIME
    return timezone.now()


def refusal(until: datetime) -> ValidationError:
    """Return what a locked-out person reads, at the password and at the code alike."""
    moment = timezone.localtime(until)
    seconds = (until - timezone.now()).total_seconds() < 60
    return ValidationError(
        WAIT if seconds else LOCKED,
        code="locked",
        params={"until": moment.strftime("%H:%M:%S" if seconds else "%H:%M")},
    )


WAIT = _("That was wrong; to keep guessers out, the next try is possible from %(until)s on.")
LOCKED = _(
    "Too many wrong entries in a row: locked until %(until)s. Please try again then; a forgotten "
    "password is the system administrator's business, a lost phone the security administrator's."
)
