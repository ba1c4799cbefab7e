"""The rows of a file, from their cells to what would be written.

Each row is checked by its model's rules; what needs the database is asked once for all of them.
Nothing here writes: ``zone.importing.writing`` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.utils.translation import gettext as _

from zone import units
from zone.access.row_access import is_open
from zone.files.sheets import Fault
from zone.importing.cells import Cell, decimal_of
from zone.importing.constraints import broken
from zone.importing.headings import Layout, Placed
from zone.importing.nouns import Column, Importable
from zone.models import ImportLine
from zone.models.audit import differences, written_fields
from zone.privacy.masking import HIDDEN, masked_text

State = ImportLine.State
LONGEST_SHOWN = 60
TOLD_EVERY = 500  # rows


@dataclass(eq=False)
class Entry:
    """A row of the file on its way: what it says, which row it means, why it is refused."""

    number: int  # as the spreadsheet counts
    cells: list
    columns: dict[str, Placed]
    values: dict[str, object] = field(default_factory=dict)
    row: models.Model | None = None
    before: models.Model | None = None
    changes: dict = field(default_factory=dict)
    errors: list[dict] = field(default_factory=list)
    duplicate: str = ""
    notes: list[str] = field(default_factory=list)
    beside: list[models.Model] = field(default_factory=list)  # new rows that it needs
    also: dict = field(default_factory=dict)  # what its noun keeps for the writing

    @property
    def is_new(self) -> bool:
        return self.before is None

    @property
    def is_refused(self) -> bool:
        return bool(self.errors or self.duplicate)

    @property
    def state(self) -> str:
        if self.errors:
            return State.ERROR
        if self.duplicate:
            return State.DUPLICATE
        if self.is_new:
            return State.NEW
        return State.CHANGED if self.changes else State.SAME

    def given(self) -> Iterator[tuple[Column, object]]:
        """Yield the columns that fill something here, with their values."""
        for name, value in self.values.items():
            column = self.columns[name].column
            if self.is_new or not column.first:
                yield column, value

    def shown(self, name: str) -> str:
        """Return what stands in the cell, for the one who has to mend it; no personal number."""
        placed = self.columns[name]
        value = self.cells[placed.place] if placed.place < len(self.cells) else ""
        if isinstance(value, Fault):
            return "#"
        if placed.column.is_personal and value != "":
            return HIDDEN
        if isinstance(value, float):
            value = f"{decimal_of(value):f}"
        return masked_text(str(value))[:LONGEST_SHOWN]

    def refuse(self, words, name: str = ""):
        """Note why the row cannot be written, at the column ``name`` where one is at fault."""
        error = {"words": masked_text(str(words))}
        if placed := self.columns.get(name):
            error |= {"column": placed.letters, "heading": placed.heading}
            error["value"] = self.shown(name)
        if error not in self.errors:
            self.errors.append(error)

    def refuse_all(self, refusal: ValidationError):
        """Note a refusal of the model's, each part of it at its column."""
        known = {name for name in self.columns if self._is_known(name)}
        found = (
            refusal.error_dict
            if hasattr(refusal, "error_dict")
            else {NON_FIELD_ERRORS: refusal.error_list}
        )
        for name, errors in found.items():
            if name not in known:
                for words in ValidationError(errors).messages:
                    self.refuse(words, name)

    def _is_known(self, name: str) -> bool:
        letters = self.columns[name].letters
        return any(error.get("column") == letters for error in self.errors)


class Batch:
    """All rows of a file for ``noun``; with ``lock`` what they meet stays as it is till the end."""

    def __init__(self, noun: Importable, layout: Layout, *, lock: bool = False, watch=None):
        self.noun, self.user, self.model = noun, noun.user, noun.model
        self.layout, self.lock = layout, lock
        self.watch: Callable[[int], object] = watch or (lambda done: None)
        columns = {placed.column.name: placed for placed in layout.columns}
        self.entries = [Entry(number, cells, columns) for number, cells in layout.rows()]
        self.lookups = noun.lookups = {
            name: placed.column.lookup(self.user)
            for name, placed in columns.items()
            if placed.column.lookup
        }

    @property
    def open(self) -> list[Entry]:
        return [entry for entry in self.entries if not entry.is_refused]

    @property
    def to_write(self) -> list[Entry]:
        return [entry for entry in self.open if entry.is_new or entry.changes]

    @property
    def refused(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.is_refused]

    def check(self):
        """Find out of each row what it would become, or why it is refused."""
        for entry in self.entries:
            self._read(entry)
        if self.lock:
            self.noun.lock(self)
        self._find()
        for number, entry in enumerate(self.open):
            self._fill(entry)
            if number % TOLD_EVERY == 0:
                self.watch(number)
        self._refuse_taken()
        self._refuse_unwritable()
        new_or_changed = {entry.row: entry for entry in self.to_write}
        for row, refusal in broken(self.model, new_or_changed).items():
            new_or_changed[row].refuse_all(refusal)
        self.noun.check(self, self.open)

    # Reading

    def _read(self, entry: Entry):
        for name, placed in entry.columns.items():
            value = entry.cells[placed.place] if placed.place < len(entry.cells) else ""
            if value == "":
                continue
            try:
                found = self._value(placed, value)
            except ValidationError as refusal:
                for words in refusal.messages:
                    entry.refuse(words, name)
                continue
            if found not in (None, ""):
                entry.values[name] = found

    def _value(self, placed: Placed, value):
        cell = Cell(value, placed.size, self.layout.sheet.is_1904)
        found = placed.column.read(cell)
        if placed.column.lookup and not placed.column.as_text:
            return self.lookups[placed.column.name].get(found)
        return found

    # Finding

    def known(self, rows: models.QuerySet) -> models.QuerySet:
        """Return ``rows`` with what their rules ask for, locked where this batch is to write."""
        rows = rows.select_related(*self.noun.select_related)
        return rows.order_by("pk").select_for_update(of=("self",)) if self.lock else rows

    def _find(self):
        if self.layout.id_place is not None:
            self._find_by_id()
        self.noun.find(self, [entry for entry in self.open if entry.row is None])
        met: dict = {}
        for entry in self.open:
            if entry.row is None:
                continue
            if first := met.get(entry.row.pk):
                words = _("Row %(number)d means the same; keep one of the two.")
                entry.duplicate = words % {"number": first.number}
                continue
            met[entry.row.pk] = entry
            entry.before = copy(entry.row)

    def _find_by_id(self):
        said = {entry: self._id_of(entry) for entry in self.open}
        rows = self.model.objects.visible_to(self.user, "view")
        found = self.known(rows.filter(pk__any_of=[pk for pk in said.values() if pk]))
        known = {str(row.pk): row for row in found}
        for entry, pk in said.items():
            if pk and pk in known:
                entry.row = known[pk]
            elif pk is not None:
                words = _(
                    "No row within your reach has this system number; clear the cell to enter a "
                    "new one."
                )
                entry.refuse(words)

    def _id_of(self, entry: Entry) -> str | None:
        place = self.layout.id_place
        value = entry.cells[place] if place < len(entry.cells) else ""
        if value == "":
            return None
        try:
            return str(self.model._meta.pk.to_python(str(value)))
        except ValidationError:
            return ""

    # Checking

    def _fill(self, entry: Entry):
        if entry.row is None:
            entry.row = self.noun.blank()
        if entry.is_new:
            self._refuse_missing(entry)
        if entry.errors:
            return
        self.noun.fill(entry)
        if not entry.is_new:
            entry.changes = differences(entry.before, entry.row, written_fields(self.model))
            if not entry.changes:
                return
        self._check_alone(entry)

    def _refuse_missing(self, entry: Entry):
        for column in self.noun.columns:
            if column.required and column.name not in entry.values:
                words = _("This is empty; please fill it in.")
                if column.name not in entry.columns:
                    words = f"{column.heading}：{words}"
                entry.refuse(words, column.name)

    def _check_alone(self, entry: Entry):
        wrong = {name for name in entry.columns if entry._is_known(name)}
        fields = {field.name for field in self.model._meta.concrete_fields}
        checked = fields if entry.is_new else set(entry.changes)
        exclude = (fields - checked) | wrong | self.noun.set_later
        for rule in (
            lambda: entry.row.clean_fields(exclude=exclude),
            entry.row.clean,
            lambda: entry.row.clean_for(self.user, entry.before),
        ):
            try:
                rule()
            except ValidationError as refusal:
                entry.refuse_all(refusal)
            if entry.errors:
                return

    def _refuse_taken(self):
        """Refuse what another row, here or in the database, already has for itself."""
        for one in self.model._meta.concrete_fields:
            if one.unique and not one.primary_key:
                self._refuse_taken_values(one)

    def _refuse_taken_values(self, one: models.Field):
        said = {entry: getattr(entry.row, one.attname) for entry in self.to_write}
        said = {entry: value for entry, value in said.items() if value}
        held = self.model._base_manager.filter(**{f"{one.attname}__any_of": set(said.values())})
        holders = dict(held.values_list(one.attname, "pk")) if said else {}
        numbers = {entry.row.pk: entry.number for entry in said}
        for entry, value in said.items():
            holder = holders.setdefault(value, entry.row.pk)
            if holder == entry.row.pk:
                continue
            if holder in numbers:
                words = _("Row %(number)d says the same; keep one of the two.")
                entry.duplicate = words % {"number": numbers[holder]}
            else:
                refusal = entry.row.unique_error_message(self.model, (one.name,))
                entry.duplicate = refusal.messages[0]

    def _refuse_unwritable(self):
        """Refuse changes of rows that this person may read and not write."""
        changed = {entry.row.pk: entry for entry in self.to_write if not entry.is_new}
        if not changed:
            return
        options = self.model._meta
        right = f"{options.app_label}.change_{options.model_name}"
        rows = self.model.objects.visible_to(self.user, right).filter(pk__any_of=[*changed])
        within = set(rows.values_list("pk", flat=True)) if self.user.has_perm(right) else set()
        for pk, entry in changed.items():
            if pk not in within or not is_open(entry.before, self.user):
                entry.refuse(str(self.model.CLOSED))


def in_words(column: Column, value) -> str:
    """Return a value as the preview shows it: amounts with their unit, so that a slip is seen."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Decimal):
        return units.in_words(value, column.unit)
    if column.field is not None and column.field.choices:
        return str(dict(column.field.choices).get(value, value))
    return masked_text(" ".join(str(value).split()))[:LONGEST_SHOWN]
