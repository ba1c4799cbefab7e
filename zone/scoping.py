"""Who reaches what: the appointments of a person, read once per question."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from zone.calendar import today
from zone.models import Appointment, User

SEES_ALL = {Appointment.Role.LEADERSHIP, Appointment.Role.OFFICE, Appointment.Role.STATISTICIAN}


@dataclass(frozen=True)
class Reach:
    """What a person's current appointments open: all of it, or some chains and parks."""

    everything: bool = False
    led_chains: set = field(default_factory=set)
    chains: set = field(default_factory=set)
    parks: set = field(default_factory=set)


def reach(user: User, on: date | None = None) -> Reach:
    """Return the reach of ``user`` on a day; an appointment that has ended gives nothing.

    Asked once for each ``User`` object, as Django does with permissions: every request loads
    its own, so what ended a moment ago is gone from the next request on.
    """
    if user.is_superuser:
        return Reach(everything=True)
    on = on or today()
    known = user.__dict__.setdefault("_reach", {})
    if on not in known:
        known[on] = _read(user, on)
    return known[on]


def _read(user: User, on: date) -> Reach:
    posts = user.posts(on)
    return Reach(
        everything=any(role in SEES_ALL for role, _, _ in posts),
        led_chains={chain for role, chain, _ in posts if role == Appointment.Role.CHAIN_LEADER},
        chains={chain for role, chain, _ in posts if role == Appointment.Role.SPECIALIST} - {None},
        parks={park for _, _, park in posts if park},
    )
