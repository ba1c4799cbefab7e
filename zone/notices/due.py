"""What is due and has not been told yet; each app names it in ``DUE`` of its module ``reminding``.

It may be run at any time and again: a run that was missed is made up by the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import CharField, Exists, Expression, OuterRef, QuerySet
from django.db.models.functions import Cast

from zone.apps import modules_of_apps
from zone.models import User
from zone.models.notices import Notice

AT_ONCE = 1000  # notices of one transaction


@dataclass(frozen=True)
class Due:
    """Rows that are due ``now``: their ``person`` is told once for each ``event`` of each row.

    ``event`` is an expression of the row: the day, or the moment, from which it follows.
    """

    kind: str
    rows: Callable[[datetime], QuerySet]
    event: Expression
    person: str = "owner"


def tell_due(now: datetime) -> None:
    """Write the notices of all that is due and not yet told."""
    for module in modules_of_apps("reminding"):
        for due in module.DUE:
            last = UUID(int=0)
            while last is not None:
                last = _tell_some(due, now, last)


@transaction.atomic
def _tell_some(due: Due, now: datetime, last: UUID) -> UUID | None:
    """Tell of the first that come after ``last``; return where the next ones begin."""
    whose = due.rows(now).model._meta.get_field(due.person).attname
    rows = due.rows(now).annotate(happening=Cast(due.event, CharField(max_length=40)))
    known = Notice.objects.filter(
        person=OuterRef(due.person),
        kind=due.kind,
        object_id=OuterRef("pk"),
        event=OuterRef("happening"),
    )
    found = list(rows.filter(~Exists(known), pk__gt=last).order_by("pk")[:AT_ONCE])
    people = User.objects.in_bulk({getattr(row, whose) for row in found} - {None})
    told = [(people.get(getattr(row, whose)), row, row.happening) for row in found]
    Notice.objects.tell(due.kind, told)
    return found[-1].pk if len(found) == AT_ONCE else None
