"""Rows that pass through stages: one lock, one way to advance, one shape of history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from zone.calendar import today


class Requirement(NamedTuple):
    """What a row must have before ``stage``: the test, and what to do when it fails."""

    stage: str
    holds: Callable[[models.Model], bool]
    missing: str


class Staged(models.Model):
    """A row with a ``stage`` that methods alone write, each with a line of ``stage_changes``.

    ``STAGES`` is the way from first to last, ``REQUIREMENTS`` what its stages ask for. The
    history has the fields ``from_…`` and ``to_…`` of whatever is moved.
    """

    STAGES: tuple[str, ...] = ()
    REQUIREMENTS: tuple[Requirement, ...] = ()

    class Meta:
        abstract = True

    @property
    def next_stage(self) -> str | None:
        """Return the stage that ``advance`` leads to; the last has none."""
        place = self._place(self.stage) + 1
        return self.STAGES[place] if 0 < place < len(self.STAGES) else None

    def missing_for(self, stage: str) -> list[str]:
        """Return what the row still lacks for ``stage`` and every stage before it."""
        ahead = self.STAGES[self._place(self.stage) + 1 : self._place(stage) + 1]
        return [
            requirement.missing
            for requirement in self.REQUIREMENTS
            if requirement.stage in ahead and not requirement.holds(self)
        ]

    @transaction.atomic
    def advance(self, *, by, on: date | None = None, to: str | None = None, reason: str = ""):
        """Move the row to its next stage, or to another one with a reason.

        What is missing for the stage, or for one passed over, refuses.
        """
        self.lock()
        target = to or self.next_stage
        self.refuse_stage(target)
        if target != self.next_stage and not reason:
            raise ValidationError(
                {"reason": _("Skipping a stage or going back needs a reason.")}, code="reason"
            )
        if missing := self.missing_for(target):
            raise ValidationError([ValidationError(text, code="gate") for text in missing])
        self.move(self.stage_changes, by=by, on=on, reason=reason, stage=target)

    advance.alters_data = True

    def refuse_stage(self, target: str | None):
        """Raise when the row, as it stands, cannot be moved to ``target``."""
        raise NotImplementedError

    def lock(self):
        """Take the row and read it again, so that of two writers one waits."""
        self.refresh_from_db(from_queryset=type(self)._base_manager.select_for_update())

    def move(self, history, *, by, on: date | None = None, reason: str = "", also=(), **values):
        """Write a line of ``history``, a related manager, and then the new values.

        ``also`` names fields that were set with them and have no history.
        """
        line = {f"from_{name}": getattr(self, name) for name in values}
        line |= {f"to_{name}": value for name, value in values.items()}
        history.create(by=by, on=on or today(), reason=reason, is_demo=self.is_demo, **line)
        for name, value in values.items():
            setattr(self, name, value)
        self.save(update_fields=[*values, *also])

    def _place(self, stage: str) -> int:
        """Return the place of a stage on the way, -1 for one that lies off it."""
        return self.STAGES.index(stage) if stage in self.STAGES else -1
