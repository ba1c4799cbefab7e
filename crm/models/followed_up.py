from __future__ import annotations

from datetime import date
from typing import NamedTuple

from django.db import models
from django.utils.functional import cached_property

LATEST = 10  # follow-ups among which the next step is looked for


class Coming(NamedTuple):
    """What the newest follow-ups say is to be done next, and when."""

    text: str
    on: date | None


class FollowedUp(models.Model):
    """What people follow up: it has ``follow_ups``, and the newest say what comes next."""

    class Meta:
        abstract = True

    def can_follow_up(self, user) -> bool:
        raise NotImplementedError

    @cached_property
    def latest_follow_ups(self) -> list:
        """Return the newest follow-ups, the newest first; asked once."""
        return list(self.follow_ups.select_related("by")[:LATEST])

    @property
    def coming(self) -> Coming:
        """Return the next step by the newest follow-up that names one or says there is none."""
        for one in self.latest_follow_ups:
            if one.next_step or one.next_on or one.no_next:
                return Coming(one.next_step, one.next_on)
        return Coming("", None)

    @property
    def next_contact_on(self) -> date | None:
        """Return the day that the follow-ups name; what has a day of its own answers by that."""
        return self.coming.on

    @property
    def last_contact_on(self) -> date | None:
        return self.latest_follow_ups[0].happened_on if self.latest_follow_ups else None
