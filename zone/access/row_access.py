"""Who reaches what: the appointments of a person, read once per question (safety.md §1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from django.db import models

from zone.calendar import today

# Roles of ``Appointment.Role`` that see every row their permissions open.
SEES_ALL = frozenset({"LEADERSHIP", "OFFICE", "STATISTICIAN"})
KNOWS_PEOPLE = SEES_ALL | {"SYSTEM_ADMIN", "SECURITY_ADMIN", "AUDITOR"}
# The tag of the system check that every admin class obeys visible_to.
SCOPE_CHECK = "scope"


@dataclass(frozen=True)
class Reach:
    """What a person's current appointments open: all of it, or some chains and parks."""

    everything: bool = False
    roles: frozenset = frozenset()
    led_chains: set = field(default_factory=set)
    chains: set = field(default_factory=set)
    parks: set = field(default_factory=set)

    @property
    def all_chains(self) -> set:
        return self.chains | self.led_chains

    def covers(self, chain) -> bool:
        """Whether all that is of this chain is within reach."""
        return self.everything or chain.pk in self.led_chains

    @property
    def only_parks(self) -> bool:
        """Whether this person's work is that of some parks and nothing else."""
        return not self.everything and self.roles == {"PARK_OPERATOR"}

    @property
    def knows_people(self) -> bool:
        return self.everything or bool(self.roles & KNOWS_PEOPLE)


class OpenQuerySet(models.QuerySet):
    """For what has no secrets: whoever may open the list sees all of it."""

    def visible_to(self, user):
        return self


def is_open(row: models.Model, user) -> bool:
    """Whether ``row`` lets itself be changed by ``user``; most rows always do."""
    return not hasattr(row, "can_change") or row.can_change(user)


def reach(user, on: date | None = None) -> Reach:
    """Return the reach of ``user`` on a day; an appointment that has ended gives nothing.

    Asked once for each ``User`` object, as Django does with permissions: every request loads
    its own, so what ended a moment ago is gone from the next request on.
    """
    if user.is_superuser:
        return Reach(everything=True)
    if not user.is_authenticated:
        return Reach()
    on = on or today()
    known = user.__dict__.setdefault("_reach", {})
    if on not in known:
        known[on] = _of_client(user) if user.is_service else _read(user, on)
    return known[on]


def _of_client(account) -> Reach:
    """Return the reach of another system, as its client was given it."""
    scope = account.api_client.row_scope()
    return Reach(everything=scope.zone, led_chains=set(scope.chains), parks=set(scope.parks))


def _read(user, on: date) -> Reach:
    posts = user.posts(on)
    roles = frozenset(role for role, _, _ in posts)
    return Reach(
        everything=bool(roles & SEES_ALL),
        roles=roles,
        led_chains={chain for role, chain, _ in posts if role == "CHAIN_LEADER"},
        chains={chain for role, chain, _ in posts if role == "SPECIALIST"} - {None},
        parks={park for _, _, park in posts if park},
    )
