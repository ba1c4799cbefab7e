"""Revealing contact data: for a purpose, into the trail, and counted for each person and day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from crm.models import Contact
from zone.calendar import SHANGHAI, today
from zone.models import AuditEntry, SecurityAlert, User


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
def reveal(contact: Contact, *, by, purpose: str, note: str = "") -> Revealed:
    """Return the numbers of ``contact`` and write who looked and what for, never what was seen.

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
    # One person's reveals take turns, or two at once would both count 50.
    list(User.objects.select_for_update(no_key=True).filter(pk=by.pk).values_list("pk"))
    AuditEntry.objects.record(
        AuditEntry.Action.REVEALED,
        by=by,
        of=contact,
        why=f"{purpose.label}：{note}" if note else str(purpose.label),
        purpose=purpose.value,
        fields=[*contact.numbers],
    )
    times = reveals_today(by)
    if times > settings.REVEALS_A_DAY:
        SecurityAlert.objects.note(SecurityAlert.Kind.REVEALS, about=by, on=today(), count=times)
    return Revealed({name: text.plain for name, text in contact.numbers.items()}, times)


def reveals_today(person) -> int:
    midnight = datetime.combine(today(), time(), tzinfo=SHANGHAI)
    return AuditEntry.objects.filter(
        action=AuditEntry.Action.REVEALED, by=person, at__gte=midnight
    ).count()
