"""Looking at contact data: for a purpose, into the trail, counted for each person and day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from crm.models import Contact
from zone.calendar import SHANGHAI, today
from zone.database.plans import with_rows
from zone.models import AuditEntry, SecurityAlert, User
from zone.privacy.masking import ending_key, phone_key

KEPT_OF_KEY = 16  # enough to see that two searches were for one number


class Spent(Exception):
    """The ticket has been used already."""


class Purpose(models.TextChoices):
    CALL = "CALL", _("follow-up call")
    MEET = "MEET", _("arranging a meeting")
    CHECK = "CHECK", _("checking the data")
    OTHER = "OTHER", _("another purpose")


@dataclass(frozen=True)
class Revealed:
    """The numbers in plain, and how often this person has looked today."""

    numbers: dict[str, str]
    times_today: int

    @property
    def is_watched(self) -> bool:
        return self.times_today > settings.REVEALS_A_DAY


@transaction.atomic
def reveal(contact: Contact, *, by, purpose: str, note: str = "", ticket: str = "") -> Revealed:
    """Return the numbers of ``contact`` and write who looked and what for, never what was seen.

    A ``ticket`` serves once, however many send it at the same time; the others get ``Spent``.
    More than ``settings.REVEALS_A_DAY`` a day by one person raise one alert; the work goes on.
    """
    if not contact.can_reveal(by):
        raise PermissionDenied
    purpose = Purpose(purpose)
    if purpose == Purpose.OTHER and not note:
        raise ValidationError({"note": _("Please say what for.")}, code="note")
    try:
        contact.refuse_name_in(note)
    except ValidationError as refusal:
        raise ValidationError({"note": refusal}) from refusal
    _take_turns(by)
    if ticket and _looks_today(by).filter(detail__ticket=ticket).exists():
        raise Spent
    AuditEntry.objects.record(
        AuditEntry.Action.REVEALED,
        by=by,
        of=contact,
        why=f"{purpose.label}：{note}" if note else str(purpose.label),
        purpose=purpose.value,
        fields=[*contact.numbers],
        ticket=ticket,
    )
    times = _count(by)
    return Revealed({name: text.plain for name, text in contact.numbers.items()}, times)


@transaction.atomic
def contacts_of_number(number: str, *, by) -> models.QuerySet:
    """Return the contacts in reach that a whole number finds; "found" tells whose it is.

    So the search is written into the trail and counts as a reveal, the same number once a day.
    """
    found = Contact.objects.with_number(number).visible_to(by, "crm.view_contact_pii")
    key = phone_key(number)[:KEPT_OF_KEY]
    _take_turns(by)
    if not _looks_today(by).filter(detail__number=key).exists():
        searched = AuditEntry.Action.SEARCHED
        AuditEntry.objects.record(searched, by=by, number=key, found=found.count())
        _count(by)
    return found


@transaction.atomic
def note_ending(digits: str, *, by):
    """Write a search for the last four digits of a number into the trail, the same once a day.

    A mask shows them, so this is no look at contact data, and counted by itself: a project's
    number is looked for by four digits, too.
    """
    found = Contact.objects.with_ending(digits).visible_to(by, "view")
    if not with_rows(found, many=True).exists():  # few have the digits; each is looked at
        return
    key = ending_key(digits)[:KEPT_OF_KEY]
    _take_turns(by)
    if not _endings_today(by).filter(detail__ending=key).exists():
        AuditEntry.objects.record(AuditEntry.Action.SEARCHED, by=by, ending=key)
        _alert(by, _endings_today(by).count())


def _take_turns(person):
    """Serialise one person's reveals: two at once would both count as the 50th."""
    list(User.objects.select_for_update(no_key=True).filter(pk=person.pk).values_list("pk"))


def _count(person) -> int:
    times = looks_today(person)
    _alert(person, times)
    return times


def _alert(person, times: int):
    if times > settings.REVEALS_A_DAY:
        SecurityAlert.objects.note(
            SecurityAlert.Kind.REVEALS, about=person, on=today(), count=times
        )


def looks_today(person) -> int:
    return _looks_today(person).count()


def _looks_today(person) -> models.QuerySet:
    return _today(person).exclude(detail__has_key="ending")


def _endings_today(person) -> models.QuerySet:
    return _today(person).filter(detail__has_key="ending")


def _today(person) -> models.QuerySet:
    midnight = datetime.combine(today(), time(), tzinfo=SHANGHAI)
    looks = (AuditEntry.Action.REVEALED, AuditEntry.Action.SEARCHED)
    return AuditEntry.objects.filter(action__in=looks, by=person, at__gte=midnight)
