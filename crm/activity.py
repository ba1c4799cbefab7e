"""Who was out, whom they met and whom they received in a month: a line for each person."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from crm.models.trips import TripMeeting, TripPerson
from crm.models.visits import Visit
from zone.access.row_access import row_access
from zone.models import Appointment, User

COURTING_ROLES = ("SPECIALIST", "CHAIN_LEADER", "OFFICE")


@dataclass(frozen=True)
class Activity:
    """A person's month."""

    person: User
    trips: int
    days_out: int
    met: int
    gained: int
    received: int
    visited: int

    @property
    def is_idle(self) -> bool:
        return not (self.trips or self.met or self.received or self.visited)


def of_month(user, month: date) -> list[Activity]:
    """Return the month of each person that ``user`` looks after, by what ``user`` sees of it.

    Three queries count, one names the people; busiest first.
    """
    first, last = days_of(month)
    out = TripPerson.objects.visible_to(user).days_of(first, last)
    met = TripMeeting.objects.visible_to(user).met_by(first, last)
    paid = Visit.objects.visible_to(user).paid_by(first, last)
    rows = [
        Activity(
            person,
            *out.get(person.pk, (0, 0)),
            *met.get(person.pk, (0, 0)),
            *paid.get(person.pk, (0, 0)),
        )  # fmt: skip
        for person in _people(user, first, last, {*out, *met, *paid})
    ]
    return sorted(rows, key=lambda row: (-row.days_out, -row.met, -row.received))


def days_of(month: date) -> tuple[date, date]:
    """Return the first and the last day of a month."""
    return month.replace(day=1), month.replace(day=monthrange(month.year, month.month)[1])


def _people(user, first: date, last: date, active: set):
    """Return who courted investors in the month, or did something, of whom ``user`` looks after."""
    access = row_access(user)
    if not (access.everything or access.led_chains):
        return [user]
    posts = Appointment.objects.filter(role__in=COURTING_ROLES, starts_on__lte=last)
    posts = posts.exclude(ends_on__lt=first)
    if access.everything:
        found = User.objects.filter(pk__in=posts.values("user")) | User.objects.filter(
            pk__in=active - {None}
        )
        return found.order_by("username")
    mine = posts.filter(chain__in=access.led_chains).values("user")
    return User.objects.filter(pk__in=mine).order_by("username")
