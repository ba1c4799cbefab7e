"""The handover code: a password set by somebody with fewer rights opens nothing by itself.

A third person, who holds the account's rights or guards the logins, makes sure in person whose
account it is and hands the code over. So nobody enters an account they only administrate.
"""

from __future__ import annotations

from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _

from zone.identifiers import normal_form
from zone.models import AuditEntry, User

READABLE = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # nothing that looks like something else
LENGTH = 8
MOST_FAILURES = 5


@transaction.atomic
def issue(person: User, *, by, reason: str) -> str:
    """Return a new code for ``person``, to be shown once; one before stops working."""
    if not person.can_issue_handover_code(by):
        raise ValidationError(
            _("This account needs no code from you; please ask another security administrator.")
        )
    code = get_random_string(LENGTH, READABLE)
    person.handover_code, person.handover_failures = make_password(code), 0
    person.save(update_fields=["handover_code", "handover_failures"])
    AuditEntry.objects.record(
        AuditEntry.Action.PASSWORD, by=by, of=person, why=reason, step="handover"
    )
    return f"{code[:4]}-{code[4:]}"


@transaction.atomic
def failure(person: User, typed: str) -> ValidationError | None:
    """Return what is wrong with the code typed, None if nothing; the fifth failure voids it."""
    locked = User.objects.select_for_update().get(pk=person.pk)
    if not locked.handover_code:
        return ValidationError(NO_CODE, code="no_code")
    code = normal_form(typed).upper()
    if check_password("".join(filter(str.isalnum, code)), locked.handover_code):
        return None
    locked.handover_failures += 1
    if locked.handover_failures >= MOST_FAILURES:
        locked.handover_code = ""
    locked.save(update_fields=["handover_code", "handover_failures"])
    AuditEntry.objects.record(AuditEntry.Action.LOGIN_FAILED, by=person, of=person, step="handover")
    return ValidationError(WRONG if locked.handover_code else NO_CODE, code="wrong")


NO_CODE = _(
    "No handover code holds for this account. Please ask the promotion office or the security "
    "administrator for one: they give it to you in person."
)
WRONG = _("This is not the code you were given; please type it again, eight letters and figures.")
