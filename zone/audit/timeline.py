"""Lines of the trail in the reader's words: field names, choices, who and from where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.translation import gettext as _

from zone.models import AuditEntry
from zone.models.audit import HIDDEN
from zone.units import NOTHING, plain

SHOWN = 120  # characters of a value; the entry's own page shows all of it


@dataclass(frozen=True)
class Moved:
    """One field, before and after."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Line:
    """An entry as a reader sees it; ``part`` names the row when it is a part of another."""

    entry: AuditEntry
    part: str = ""
    with_address: bool = False
    shown: int | None = SHOWN

    @property
    def at(self) -> datetime:
        return self.entry.at

    @property
    def who(self) -> str:
        return self.entry.by_name or self.entry.detail.get("account") or _("the system")

    @property
    def origin(self) -> str:
        door = self.entry.get_door_display()
        known = self.with_address and self.entry.address
        return f"{door} {self.entry.address}" if known else str(door)

    @property
    def action(self) -> str:
        return self.entry.get_action_display()

    @property
    def why(self) -> str:
        return self.entry.why

    @cached_property
    def moves(self) -> list[Moved]:
        return moves(self.entry, self.shown)


def lines(entries: Iterable[AuditEntry], *, of=None, with_address: bool = False) -> list[Line]:
    """Return the entries in words; those of another row than ``of`` name it."""
    own = str(of.pk) if of is not None else None
    return [
        Line(entry, part_name(entry) if entry.object_id != own else "", with_address)
        for entry in entries
    ]


def part_name(entry: AuditEntry) -> str:
    return f"{kind_name(entry.model)} {entry.object_name}".strip()


def subject(entry: AuditEntry) -> str:
    """Return what an entry is about: a row, a command, or the kind of rows that left."""
    detail = entry.detail
    return part_name(entry) or detail.get("command", "") or kind_name(detail.get("what", ""))


def kind_name(label: str) -> str:
    model = model_of(label)
    return str(model._meta.verbose_name) if model else label


def model_of(label: str) -> type[models.Model] | None:
    """Return the model of a trail's line; one that is no longer there leaves its old lines."""
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def moves(entry: AuditEntry, shown: int | None = SHOWN) -> list[Moved]:
    model = model_of(entry.model)
    return [_move(model, name, *pair, shown) for name, pair in entry.changes.items()]


def _move(model, name: str, before: str, after: str, shown: int | None) -> Moved:
    try:
        field = model._meta.get_field(name)
    except (AttributeError, FieldDoesNotExist):
        field = None
    label = str(field.verbose_name) if field is not None else name
    return Moved(label, in_words(field, before, shown), in_words(field, after, shown))


def in_words(field: models.Field | None, value: str, shown: int | None = SHOWN) -> str:
    """Write a value of the trail as its field's reader knows it."""
    value = str(value)
    if value in ("", HIDDEN) or field is None:
        words = value or NOTHING
    elif choices := {str(key): label for key, label in field.flatchoices}:
        words = str(choices.get(value, value))
    elif isinstance(field, models.BooleanField):
        words = {"True": _("yes"), "False": _("no")}.get(value, value)
    elif isinstance(field, models.DecimalField):
        words = _number(value)
    else:
        words = value
    return f"{words[: shown - 1]}…" if shown and len(words) > shown else words


def _number(value: str) -> str:
    try:
        return plain(Decimal(value), 4)
    except InvalidOperation:
        return value
