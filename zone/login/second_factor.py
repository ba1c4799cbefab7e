"""The code from the phone (TOTP) and the recovery codes beside it, on django-otp's devices."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Callable
from datetime import datetime, timedelta

import segno
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import get_random_string, salted_hmac
from django.utils.translation import gettext_lazy as _
from django_otp import verify_token
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from zone.identifiers import normal_form
from zone.login import lockout, sessions
from zone.models import AuditEntry, User

Action = AuditEntry.Action
NUMBER_OF_CODES = 10
FRESH = timedelta(minutes=10)
READABLE = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else
PHONE, RECOVERY = "code from the phone", "recovery code"


def verify(request: HttpRequest, code: str) -> str:
    """Use up a code of the person logged in and return its kind, or refuse and count it.

    Raises ``ValidationError`` with the cure. Each wrong code doubles the wait for the next try
    (django-otp's throttling); a code that has been used is wrong from then on.
    """
    person = request.user
    code = normal_form(code)
    kind = PHONE if code.isdecimal() and len(code) == 6 else RECOVERY
    device = phone_of(person) if kind == PHONE else recovery_of(person)
    if device is None:
        raise ValidationError(WRONG, code="wrong")
    _refuse_while_throttled(device)
    if not verify_token(person, device.persistent_id, code if kind == PHONE else sealed(code)):
        _note_failure(person, device)
        raise ValidationError(WRONG, code="wrong")
    return kind


WRONG = _(
    "This code is wrong or has been used. Please type the one your phone shows now, or one of your "
    "recovery codes."
)


def _refuse_while_throttled(device):
    lockout.trust_no_future(
        type(device).objects.filter(pk=device.pk), "throttling_failure_timestamp"
    )
    device.refresh_from_db()
    allowed, why = device.verify_is_allowed()
    if not allowed:
        raise lockout.refusal(why["locked_until"])


def _note_failure(person: User, device):
    device.refresh_from_db()
    until = None
    if device.throttling_failure_count == settings.AXES_FAILURE_LIMIT:
        _allowed, why = device.verify_is_allowed()
        until = why["locked_until"] if why else timezone.now()
    lockout.record_guess(person, "second factor", locked_until=until)


def pass_gate(request: HttpRequest, kind: str):
    """Mark the session as proved, under a new key."""
    request.session.cycle_key()
    request.session[sessions.VERIFIED] = timezone.now().isoformat()
    AuditEntry.objects.record(Action.LOGIN, by=request.user, of=request.user, step=kind)


def is_fresh(request: HttpRequest) -> bool:
    """Whether a code was given a few minutes ago: asked before the phone or the codes change."""
    verified = request.session.get(sessions.VERIFIED)
    return bool(verified) and abs(timezone.now() - datetime.fromisoformat(verified)) < FRESH


def phone_of(person: User) -> TOTPDevice | None:
    return person.totpdevice_set.filter(confirmed=True).first()


def recovery_of(person: User) -> StaticDevice | None:
    return person.staticdevice_set.first()


def codes_left(person: User) -> int:
    device = recovery_of(person)
    return device.token_set.count() if device else 0


def device_to_enrol(person: User) -> TOTPDevice:
    """Return the key that is being set up: the same one until its first code is typed."""
    with transaction.atomic():
        # Two pages opened at once must not make two keys.
        User.objects.select_for_update().get(pk=person.pk)
        device = person.totpdevice_set.filter(confirmed=False).first()
        return device or TOTPDevice.objects.create(user=person, confirmed=False, name="phone")


@transaction.atomic
def enrol(person: User, device: TOTPDevice) -> list[str]:
    """Make ``device`` the person's phone, end the other sessions and return recovery codes."""
    person.totpdevice_set.exclude(pk=device.pk).delete()
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    person.end_sessions()
    AuditEntry.objects.record(Action.SECOND_FACTOR, by=person, of=person, step="set up")
    return _make_codes(person)


@transaction.atomic
def renew_codes(person: User) -> list[str]:
    """Put ten new recovery codes in the place of the old ones and return them."""
    AuditEntry.objects.record(Action.SECOND_FACTOR, by=person, of=person, step="recovery codes")
    return _make_codes(person)


def _make_codes(person: User) -> list[str]:
    person.staticdevice_set.all().delete()
    device = StaticDevice.objects.create(user=person, name="recovery codes")
    codes = [get_random_string(8, READABLE) for _number in range(NUMBER_OF_CODES)]
    for code in codes:
        device.token_set.create(token=sealed(code))
    return [f"{code[:4]}-{code[4:]}" for code in codes]


def sealed(code: str) -> str:
    """Return what is kept of a recovery code: nobody can read it back from the database."""
    plain = "".join(character for character in code.lower() if character.isalnum())
    digest = salted_hmac("zone.recovery", plain, algorithm="sha256").digest()
    return b32encode(digest).decode()[:16]


def check_new_phone(request: HttpRequest, device: TOTPDevice) -> Callable[[str], None]:
    """Return the check of the first code of a device that is being set up."""

    def check(code: str):
        _refuse_while_throttled(device)
        if not verify_token(request.user, device.persistent_id, normal_form(code)):
            _note_failure(request.user, device)
            raise ValidationError(
                _(
                    "This code does not fit. Please check that the phone's clock is set "
                    "automatically, and type the code it shows now."
                ),
                code="wrong",
            )

    return check


def readable_key(device: TOTPDevice) -> str:
    """Return the key in groups of four, for who types instead of scanning."""
    key = b32encode(device.bin_key).decode()
    return " ".join(key[at : at + 4] for at in range(0, len(key), 4))


def qr_code(text: str) -> dict:
    """Return ``{size, path}`` of a QR code: what an SVG draws, in squares of one unit."""
    rows = list(segno.make(text, error="l").matrix_iter(border=4))
    dark = ((x, y) for y, row in enumerate(rows) for x, on in enumerate(row) if on)
    return {"size": len(rows), "path": "".join(f"M{x} {y}h1v1h-1z" for x, y in dark)}
