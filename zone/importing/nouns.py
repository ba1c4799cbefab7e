"""Which nouns can be imported, and with which columns: apps declare them in ``imports/``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from zone.apps import discover
from zone.fields import PersonalField, QuantityField
from zone.identifiers import exact_key
from zone.importing.cells import SIZES, Cell, name, reader_of

BRACKETS = re.compile(r"[（(][^（()）]{0,40}[)）]\Z")


@dataclass(frozen=True)
class Column:
    """A column of an imported table.

    ``name`` is the field of the model that it fills, or a name that the noun knows what to do
    with; then ``field`` says of which model's field it is. ``find(user, column)`` returns what a
    relation is looked up by: see ``Lookup``.
    """

    name: str
    field: models.Field | None = None
    header: str = ""
    aliases: tuple[str, ...] = ()
    required: bool = False
    about: str = ""
    example: object = ""
    lookup: Callable | None = None  # (user) -> Lookup, for a column that names a row
    own: bool = True  # whether it fills the field of its name
    first: bool = False  # read when a row is made, and never changed
    as_text: bool = False  # the noun itself asks the lookup, of new rows for instance

    @property
    def heading(self) -> str:
        """Return the heading without its unit."""
        return BRACKETS.sub("", str(self.header or self.field.verbose_name).strip()).rstrip()

    @property
    def unit(self) -> str:
        unit = getattr(self.field, "unit", "") if isinstance(self.field, QuantityField) else ""
        return unit if unit in SIZES else ""

    @property
    def heading_with_unit(self) -> str:
        usual = {"wan": "万元", "m2": "㎡"}
        return f"{self.heading}（{usual[self.unit]}）" if self.unit else self.heading

    @property
    def is_personal(self) -> bool:
        return isinstance(self.field, PersonalField)

    @cached_property
    def read(self) -> Callable[[Cell], object]:
        return name if self.lookup else reader_of(self.field)


class Lookup:
    """The rows that a column may name, by all their spellings; asked for once for a file."""

    def __init__(self, rows: Iterable[models.Model], names: Callable, refusal: str):
        self.rows, self.refusal = list(rows), refusal
        self.names = {row: [name for name in names(row) if name] for row in self.rows}
        self.found: dict[str, list] = {}
        for row, spelt in self.names.items():
            for key in {key_of(each) for each in spelt}:
                self.found.setdefault(key, []).append(row)

    @property
    def options(self) -> list[str]:
        """Return a name for each row that means no other one."""
        return [
            next((name for name in self.names[row] if len(self.found[key_of(name)]) == 1), "")
            for row in self.rows
        ]

    def get(self, text: str) -> models.Model:
        rows = self.found.get(key_of(text), [])
        if len(rows) == 1:
            return rows[0]
        if rows:
            words = _("Several are called “%(name)s”; please write the account or code instead.")
            raise ValidationError(words, "several", {"name": text})
        raise ValidationError(self.refusal, "unknown", {"name": text})


def key_of(text: str) -> str:
    return exact_key(str(text))


class Importable:
    """Declares a noun whose rows are imported; subclasses say what differs."""

    model: type[models.Model]
    columns: tuple[Column, ...] = ()
    select_related: tuple[str, ...] = ()
    set_later: frozenset[str] = frozenset()  # fields that ``create`` fills in

    def __init__(self, user):
        self.user = user
        self.lookups: dict[str, Lookup] = {}

    @classmethod
    def label(cls) -> str:
        return cls.model._meta.label_lower

    @classmethod
    def may_import(cls, user) -> bool:
        options = cls.model._meta
        return user.has_perm(f"{options.app_label}.add_{options.model_name}")

    def offered(self) -> tuple[Column, ...]:
        """Return the columns that this person's template has."""
        return self.columns

    def lock(self, batch) -> None:
        """Let whoever writes the same rows wait until this transaction ends."""

    def find(self, batch, entries) -> None:
        """Give each entry the ``row`` there is already, by what its values say."""

    def blank(self) -> models.Model:
        return self.model()

    def fill(self, entry) -> None:
        """Put the values of an entry into its row; an empty cell leaves the field alone."""
        for column, value in entry.given():
            if column.own:
                setattr(entry.row, column.name, value)

    def check(self, batch, entries) -> None:
        """Refuse what only shows when all entries are seen together."""

    def create_beside(self, batch) -> None:
        """Write what new and changed rows name and has to be there before them."""

    def create(self, batch, entries) -> None:
        """Write the new rows."""
        raise NotImplementedError

    def name_of(self, entry) -> str:
        return str(entry.row)

    def see(self, rows: list) -> None:
        """Find out what of ``rows`` that are about to be exported this person may see."""

    def row_values(self, row) -> dict[str, object]:
        """Return what the columns that fill no field of their own show of a row, by name."""
        return {}


IMPORTABLE: dict[str, type[Importable]] = {}


def register(noun: type[Importable]) -> type[Importable]:
    IMPORTABLE[noun.label()] = noun
    return noun


@cache
def nouns() -> dict[str, type[Importable]]:
    """Return what can be imported, by the label of its model."""
    discover("imports")
    return IMPORTABLE


def noun_of(model: type[models.Model]) -> type[Importable] | None:
    return nouns().get(model._meta.label_lower)
