"""A resource of the interface: its rows, how they read, filter and sort.

Rows are read with ``values_list`` and written out past the serializers, which are for what comes
in: a page of 100 leads takes a fraction of the time. A test holds both to the same shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from django.db import models
from django_filters import Filter

from zone.access import api_scopes
from zone.access.api_scopes import DELETE, LABELS, PII, READ, WRITE
from zone.api.callers import Caller
from zone.api.filters import StrictFilters
from zone.api.problems import Problem
from zone.database import bulk
from zone.fields import PersonalField
from zone.models import AuditEntry, ExternalRef
from zone.privacy.masking import Masked

BASE = ("id", "version", "created_at", "updated_at")
# What other systems know by its code, which never changes.
CODED = ("zone.industrychain", "zone.park")


@dataclass(frozen=True)
class Column:
    """One value of a row: under which name, from which path, how it is read and written."""

    name: str
    path: str
    read: models.Func | None = None  # in place of what stands at the path
    write: Callable | None = None
    masked: Callable | None = None


class Moment(models.Func):
    """A moment as text, written by the database: making an object of each takes ten times it."""

    template = (
        """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"""
    )
    output_field = models.TextField()


class Shown(NamedTuple):
    """A row as the interface shows it."""

    pk: UUID
    version: int
    data: dict

    @property
    def external_refs(self) -> list[dict[str, str]]:
        return self.data["external_refs"]


@dataclass(frozen=True)
class Action:
    """A state change over the interface: ``call(row, by, **values)`` runs the model's method.

    ``fields`` reads each value of the body, ``needed`` names those that have to stand in it;
    ``result`` is the resource of what it returns. ``act`` is the scope of the resource that it
    asks for, and ``needs`` one besides. ``about`` and the body ``example`` are for the published
    schema.
    """

    call: Callable
    fields: dict[str, Callable] = field(default_factory=dict)
    result: str = ""
    act: str = WRITE
    needs: str = ""
    needed: tuple[str, ...] = ()
    about: str = ""
    example: dict = field(default_factory=dict)


class Resource:
    """Declares a resource: subclasses name the model, its fields, filters and orders."""

    model: type[models.Model]
    fields: tuple[str, ...] = ()  # what may be written, unless more is shown
    filters: dict[str, tuple[str, ...]] = {}
    own_filters: dict[str, Filter] = {}  # in place of those of the same name
    orders: tuple[str, ...] = ("id",)
    # What a body may set: at any time, only on making the row, and what its making needs besides.
    writable: tuple[str, ...] = ()
    create_only: tuple[str, ...] = ()
    create_values: dict[str, Callable] = {}
    # Values that ``prepare`` puts together, and the fields they make up, which nobody sends.
    component_values: dict[str, Callable] = {}
    composite_fields: tuple[str, ...] = ()
    error_fields: dict[str, str] = {}  # the field of the body at which a clash of another is told
    set_later: tuple[str, ...] = ()  # by ``create``, and not yet there when the row is checked
    actions: dict[str, Action] = {}
    # Acts that have a scope of their own beside those of reading and writing, with their labels.
    acts: dict[str, str] = {}
    # Permissions that rules of the models ask for, by the act that stands for them.
    permissions: dict[str, tuple[str, ...]] = {}
    # Of ``create_values`` and ``component_values``: what a new row cannot do without.
    needed: tuple[str, ...] = ()
    # For the published schema: a row as it reads and as it is written, what of it is ``sent``
    # otherwise than it reads, and a body that changes it.
    about: str = ""
    example: dict = {}
    sent: dict = {}
    change: dict = {}

    @property
    def title(self) -> str:
        """Return what one row is called in the published schema."""
        return self.model.__name__

    @property
    def name(self) -> str:
        return self.model.SYNC.name

    @property
    def deletable(self) -> bool:
        """Whether a row may be deleted; what stays as it was written may not."""
        return bool(self.writable)

    @property
    def all_acts(self) -> dict[str, str]:
        """Return what may be done with the resource, each act with its label."""
        asked = {READ: True, WRITE: self.writable or self.create_only, DELETE: self.deletable}
        return {act: LABELS[act] for act, is_there in asked.items() if is_there} | self.acts

    def rows(self, caller: Caller) -> models.QuerySet:
        """Return the rows that the caller sees; what lies beyond does not exist for them."""
        return caller.scope.rows(self.model)

    def may_write(self, row: models.Model, caller: Caller) -> bool:
        """Whether the caller writes a row that it sees; some rows more clients see than run."""
        return True

    def blank(self) -> models.Model:
        """Return a new row with defaults alone, in half the time of ``model()``."""
        return self.model(*(make() if make else value for make, value in self._defaults))

    @cached_property
    def _defaults(self) -> list[tuple[Callable | None, object]]:
        return [
            (field.get_default, None) if bulk.is_made(field) else (None, field.get_default())
            for field in self.model._meta.concrete_fields
        ]

    @cached_property
    def pointers_needed(self) -> list[models.Field]:
        """Return the fields that have to point to a row."""
        fields = self.model._meta.concrete_fields
        return [field for field in fields if field.is_relation and not field.blank]

    @property
    def body_names(self) -> tuple[str, ...]:
        """Return what the body of a new row may hold."""
        return (*self.create_only, *self.writable, *self.create_values, *self.component_values)

    @cached_property
    def not_sent(self) -> frozenset[str]:
        """Return what needs no check by itself: no body sets it, or it is found by the reader."""
        sent = {*self.writable, *self.create_only, *self.composite_fields}
        fields = self.model._meta.concrete_fields
        return frozenset(f.name for f in fields if f.is_relation or f.name not in sent)

    def prepare(self, row: models.Model, extra: dict):
        """Bring what stands in several values of the body into the row, before it is checked."""

    def create(self, row: models.Model, by, **extra):
        """Save a new row that has been checked; a resource whose rows begin otherwise says how."""
        if hasattr(row, "entered_by_id"):
            row.entered_by = by
        row.save(force_insert=True)
        AuditEntry.objects.record_made(row, by=by)

    def create_all(self, rows: dict[models.Model, dict], by):
        """Save new rows that have been checked, in a statement for each table.

        ``rows`` gives for each what ``create`` takes besides.
        """
        for row in rows:
            if hasattr(row, "entered_by_id"):
                row.entered_by = by
        self.model.set_derived_fields(list(rows))
        bulk.insert(self.model, rows)
        self.model.after_writing(list(rows))
        AuditEntry.objects.record_all_made(rows, by=by)

    def duplicates(self, rows: Iterable[models.Model]) -> dict[models.Model, Problem]:
        """Return the refusal of each new row that stands for what is recorded already."""
        return {}

    def read(self, rows: models.QuerySet, caller: Caller, *, plain: bool = True) -> list[Shown]:
        """Return ``rows`` as shown to the caller, in two queries; masked unless ``plain``."""
        plain = plain and caller.may(PII)
        writers = [
            (column.name, column.write if plain or not column.masked else column.masked)
            for column in self.columns
            if column.write or column.masked
        ]
        names = [column.name for column in self.columns]
        found = [
            dict(zip(names, values, strict=True))
            for values in rows.values_list(*(column.read or column.path for column in self.columns))
        ]
        self._write(found, writers)
        return [Shown(row["id"], row["version"], row) for row in found]

    def note_numbers(self, shown: Iterable[Shown], caller: Caller):
        """Write a line of the trail when personal numbers leave unmasked."""
        if not self.masked or not caller.may(PII):
            return
        rows = sum(any(row.data[name] for name in self.masked) for row in shown)
        if rows:
            exported, what = AuditEntry.Action.EXPORTED, self.model._meta.label_lower
            AuditEntry.objects.record(exported, by=caller.client.account, what=what, rows=rows)

    def _write(self, found: list[dict], writers: list[tuple]):
        refs = ExternalRef.objects.by_row(row["id"] for row in found)
        number = self.model.SYNC.number
        labels = {name: {key: str(text) for key, text in pairs} for name, pairs in self.choices}
        words = [(name, f"{name}_label", words.get) for name, words in labels.items()]
        for row in found:
            for name, write in writers:
                if (value := row[name]) is not None:
                    row[name] = write(value)
            for name, label, word in words:
                row[label] = word(row[name], "")
            row["external_refs"] = refs.get((number, row["id"]), [])
        if found and "period" in found[0]:
            for row in found:
                row |= days(row.pop("period"))

    @cached_property
    def columns(self) -> list[Column]:
        return [self._column(name) for name in (*BASE, *self.fields)]

    @cached_property
    def masked(self) -> list[str]:
        return [column.name for column in self.columns if column.masked]

    @cached_property
    def choices(self) -> list[tuple]:
        own = [self.model._meta.get_field(column.path) for column in self.columns_own]
        return [(column.name, column.flatchoices) for column in own if column.choices]

    @property
    def columns_own(self) -> list[Column]:
        return [column for column in self.columns if "__" not in column.path]

    def _column(self, name: str) -> Column:
        column = self.model._meta.get_field(name)
        if column.is_relation and column.related_model._meta.label_lower in CODED:
            return Column(name, f"{name}__code")
        if column.is_relation and column.related_model._meta.label_lower == "zone.user":
            return Column(name, f"{name}__username")
        if column.is_relation:
            return Column(name, name)
        if isinstance(column, models.DecimalField):
            return Column(name, name, write=number)
        if isinstance(column, models.DateTimeField):
            return Column(name, name, Moment(name))
        if isinstance(column, PersonalField):
            return Column(name, name, write=plain_text, masked=str)
        return Column(name, name)

    @cached_property
    def filterset(self) -> type[StrictFilters]:
        meta = type("Meta", (), {"model": self.model, "fields": self.filters})
        own = {**self.own_filters, "Meta": meta}
        return type(f"{self.model.__name__}Filters", (StrictFilters,), own)


def plain_text(text: str) -> str:
    """Return the characters of a personal text, for whoever may read them."""
    return text.plain if isinstance(text, Masked) else text


def number(value: Decimal) -> str:
    """Write an amount without the zeros that say nothing: ``12500.5``."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def days(period) -> dict:
    """Return the first and the last day, which is included; PostgreSQL keeps the day after."""
    last = period.upper - timedelta(days=1) if period and period.upper else None
    return {"starts_on": period.lower if period else None, "ends_on": last}


RESOURCES: dict[str, Resource] = {}


def register(resource: type[Resource]) -> type[Resource]:
    """Put a resource on the interface; used as a decorator."""
    made = resource()
    made.actions = dict(made.actions)
    made.fields = made.fields or (*made.create_only, *made.writable)
    RESOURCES[made.name] = made
    for name in sorted(RESOURCES, key=lambda name: RESOURCES[name].model.SYNC.number):
        RESOURCES[name] = RESOURCES.pop(name)
    options, number = made.model._meta, made.model.SYNC.number
    api_scopes.declare(made.name, options.verbose_name_plural, made.all_acts, number)
    for act, permissions in made.permissions.items():
        api_scopes.stand_for(f"{made.name}:{act}", *permissions)
    return resource


def register_action(resource: str, name: str, action: Action):
    """Add an action to a resource of a lower app."""
    RESOURCES[resource].actions[name] = action
