"""Lockout after wrong passwords: what is counted, for how long, and the message.

A browser that has logged in to the account before (``zone.login.devices``) is counted by itself.
All others are counted by name and address (by axes, which locks them), by address and all together.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import chain

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from psycopg.errors import LockNotAvailable

from zone import identifiers
from zone.access.origin import client_address
from zone.access.throttling import Limit
from zone.login import devices, sessions
from zone.login.hashing import RETRY_AFTER, Busy
from zone.models import AuditEntry, SecurityAlert, User

Action = AuditEntry.Action
NETWORK = 64  # bits of an IPv6 address that tell one line from another; the rest is the caller's


def plain(username: str) -> str:
    """Return a name without case, blanks, width and what nobody sees."""
    return "".join(identifiers.half_width(username).casefold().split())


def fingerprint(request: HttpRequest, credentials: dict | None = None) -> str:
    """Return what axes counts by (``AXES_USERNAME_CALLABLE``): not readable, for people type
    passwords into the wrong field, and what they typed is kept nowhere.
    """
    name = plain((credentials or request.POST).get("username") or "")
    subject = f"{name} {devices.known_as(request, name)}".rstrip()
    return salted_hmac("zone.lockout", subject, algorithm="sha256").hexdigest()


def place(request: HttpRequest) -> str | None:
    """Return the address that a stranger is counted by, of IPv6 its network."""
    address = client_address(request)
    if address is None:
        return None
    address = ipaddress.ip_address(address)
    address = getattr(address, "ipv4_mapped", None) or address
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, NETWORK), strict=False).network_address)


def place_of_strangers(request: HttpRequest) -> str | None:
    """Return what axes counts by besides the name (``AXES_CLIENT_IP_CALLABLE``).

    A known browser is the same one wherever it comes from.
    """
    name = plain(request.POST.get("username", ""))
    return None if devices.known_as(request, name) else place(request)


def try_password(request: HttpRequest, username: str, password: str) -> User | None:
    """Return whose password it is, None if it is wrong, or refuse who has to wait.

    A try is counted before its hash is computed: so the refused cost nothing, and many at once
    get no further than one after another. It counts no longer if it was right or never computed.
    """
    limits = () if devices.known_as(request, plain(username)) else strangers(request)
    buckets = _take(request, limits)
    try:
        with _alone(request, username):
            user = authenticate(request, username=username, password=password)
    except Busy:
        _give_back(buckets)
        raise ValidationError(BUSY, code="busy", params={"wait": RETRY_AFTER}) from None
    if user is not None:
        if user.may_enter:  # whoever holds no post uses tries up like any stranger
            _give_back(buckets)
        return user
    _record_failure(request, username, buckets)
    if request.axes_locked_out:
        raise refusal(locked_until(request, username))
    return None


def strangers(request: HttpRequest) -> tuple[Limit, ...]:
    """Return the limits that all share who have not logged in with their browser before."""
    within = settings.LOGIN_FAILURES_WITHIN
    return (
        Limit("address", place(request) or "", settings.LOGIN_FAILURES_AN_ADDRESS, within),
        Limit("site", "", settings.LOGIN_FAILURES_OF_ALL, within),
    )


def _take(request: HttpRequest, limits: tuple[Limit, ...]) -> dict:
    buckets = {}
    for limit in limits:
        bucket = limit.take()
        if not bucket.is_open:
            _give_back(buckets)
            raise refusal(bucket.until, FULL[limit.kind])
        buckets[limit] = bucket
    return buckets


def _give_back(buckets: dict):
    for limit in buckets:
        limit.give_back()


@contextmanager
def _alone(request: HttpRequest, username: str) -> Iterator[None]:
    """Let one try at a time be judged for a name: axes counts only what has failed.

    Wherever it comes from: nobody fills the turns of the hashers with one account.
    """
    who = fingerprint(request, {"username": username})
    subject = salted_hmac("zone.lockout.turn", plain(username)).hexdigest()
    patience = f"{settings.PASSWORD_HASH_PATIENCE // timedelta(milliseconds=1)}ms"
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [patience])
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [subject])
            trust_no_future(AccessAttempt.objects.filter(username=who), "attempt_time")
            yield
    except OperationalError as fault:
        if isinstance(fault.__cause__, LockNotAvailable):
            raise Busy from fault
        raise


def trust_no_future(rows: QuerySet, mark: str):
    """Set times that lie in the future, after a clock was set back, to now.

    A lock would otherwise last as long as the clock had been ahead.
    """
    now = timezone.now()
    rows.filter(**{f"{mark}__gt": now + settings.CLOCK_TOLERANCE}).update(**{mark: now})


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


def _record_failure(request: HttpRequest, username: str, buckets: dict):
    record_failure(request, username, locked=request.axes_locked_out)
    # Axes counts no further once it is locked: only the entry that locked carries a count.
    if request.axes_locked_out and request.axes_failures_since_start:
        until = locked_until(request, username)
        record(request, Action.LOCKED_OUT, username, until=until.isoformat())
    for limit, bucket in buckets.items():
        if bucket.left == 0:
            until = bucket.until.isoformat()
            record(request, Action.LOCKED_OUT, username, step=limit.kind, until=until)


def record_failure(request: HttpRequest, username: str, **detail):
    record(request, Action.LOGIN_FAILED, username, **detail)


def record(request: HttpRequest, action: str, username: str, **detail):
    """Write a line about an account; a name that is none may be a password and is not kept."""
    account = User.objects.filter(username=username).first()
    AuditEntry.objects.record(
        action,
        of=account,
        origin=request.origin,
        username=account.username if account else "unknown",
        **detail,
    )


def try_old_password(person: User, password: str) -> bool:
    """Whether this is the password of who is logged in: somebody at an unlocked machine guesses.

    The failure that uses up the tries, and each further try, is refused with code "guessed":
    the caller ends the session. A login gives the tries back.
    """
    limit = old_password_limit(person)
    bucket = limit.take()
    if not bucket.is_open:
        raise ValidationError(sessions.WHY["guessed"], code="guessed")
    try:
        right = person.check_password(password)
    except Busy:
        limit.give_back()
        raise
    if right:
        limit.reset()
        return True
    record_guess(person, "old password", locked_until=None if bucket.left else bucket.until)
    if bucket.left == 0:
        raise ValidationError(sessions.WHY["guessed"], code="guessed")
    return False


@transaction.atomic
def record_guess(person: User, step: str, *, locked_until: datetime | None):
    """Write that a wrong password or code came out of this person's session."""
    AuditEntry.objects.record(Action.LOGIN_FAILED, by=person, of=person, step=step)
    if locked_until is not None:
        until = locked_until.isoformat()
        AuditEntry.objects.record(Action.LOCKED_OUT, by=person, of=person, step=step, until=until)
        SecurityAlert.objects.note_anew(SecurityAlert.Kind.GUESSES, person)


def old_password_limit(person: User) -> Limit:
    return Limit(
        "old password", str(person.pk), settings.AXES_FAILURE_LIMIT, settings.AXES_COOLOFF_TIME
    )


def refusal(until: datetime, text=None) -> ValidationError:
    """Return what a locked-out person reads, at the password and at the code alike."""
    wait = max(1, math.ceil((until - timezone.now()).total_seconds()))
    moment = timezone.localtime(until).strftime("%H:%M:%S" if wait < 60 else "%H:%M")
    text = text or (WAIT if wait < 60 else LOCKED)
    return ValidationError(text, code="locked", params={"until": moment, "wait": wait})


def with_status(response: HttpResponse) -> HttpResponse:
    """Give the page of a form that has to wait its status, and say when to come back."""
    for error in _errors(response):
        if error.code in STATUS:
            response.status_code = STATUS[error.code]
            response.headers["Retry-After"] = str(error.params["wait"])
    return response


def answer(request: HttpRequest, response: HttpResponse, credentials: dict) -> HttpResponse:
    """Let the login page itself say it (``AXES_LOCKOUT_CALLABLE``)."""
    return response


def is_guessed(response: HttpResponse) -> bool:
    """Whether the form of this page refused one password too many of an open session."""
    return any(error.code == "guessed" for error in _errors(response))


def _errors(response: HttpResponse) -> list[ValidationError]:
    form = (getattr(response, "context_data", None) or {}).get("form")
    errors = form.errors.as_data() if form is not None and form.is_bound else {}
    return list(chain.from_iterable(errors.values()))


STATUS = {"locked": 429, "busy": 503}
WAIT = _("That was wrong; to keep guessers out, the next try is possible from %(until)s on.")
LOCKED = _(
    "Too many wrong entries in a row: locked until %(until)s. Please try again then; a forgotten "
    "password is the system administrator's business, a lost phone the security administrator's."
)
FULL = {
    "address": _(
        "Too many wrong entries from your network. Please try again from %(until)s on, or use a "
        "browser in which you have logged in before: it is not affected."
    ),
    "site": _(
        "Somebody is trying passwords in great number. Please try again from %(until)s on, or use "
        "a browser in which you have logged in before: it is not affected."
    ),
}
BUSY = _(
    "Too many people are logging in at this moment, so nothing was checked. Please try again in a "
    "few seconds."
)
