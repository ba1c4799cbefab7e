"""Reading values that come in: of the right JSON type, in normal form, pointing within reach."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zone.api.callers import Caller
from zone.calendar import today
from zone.feed.synced import sync_of
from zone.identifiers import no_personal_number, one_line, several_lines, source_code
from zone.models import ExternalRef, User
from zone.models.base import Change

LONGEST_REASON = Change._meta.get_field("reason").max_length
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
AMOUNT = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
CODED = ("zone.industrychain", "zone.park")
NO_ROW = _("There is no such row within your reach.")
NOBODY = _("Nobody in post has this user name.")
NO_FIELD = _("There is no such field here.")


def shaped(**shape):
    """Say in JSON Schema what a reader takes, for the published schema; used as a decorator."""

    def mark(reader: Callable) -> Callable:
        reader.shape = lambda: {name: _plain(value) for name, value in shape.items()}
        return reader

    return mark


def _plain(value):
    return str(value) if isinstance(value, Promise) else value


def read_value(field: models.Field, value, finder: Finder):
    """Return what a field is to hold; raises ``ValidationError`` with the cure."""
    if field.is_relation:
        return None if value is None else finder.find(field.related_model, value)
    if value is None:
        if field.null:
            return None
        raise ValidationError(_("This cannot be null."), code="null")
    return READERS[type_of(type(field))](value)


@cache
def type_of(field: type[models.Field]) -> type[models.Field]:
    kinds = (models.BooleanField, models.DecimalField, models.IntegerField, models.DateField)
    return next((kind for kind in kinds if issubclass(field, kind)), models.CharField)


@shaped(type="string")
def text(value) -> str:
    if not isinstance(value, str):
        raise ValidationError(_("A text is needed here."), code="type")
    return value


@shaped(type="string")
def line(value) -> str:
    return one_line(text(value))


@shaped(type="boolean")
def boolean(value) -> bool:
    if not isinstance(value, bool):
        raise ValidationError(_("true or false is needed here."), code="type")
    return value


def integer(value) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValidationError(_("A whole number is needed here."), code="type")
    return value


@shaped(type=["string", "integer"], pattern=f"^{AMOUNT.pattern}$")
def amount(value) -> Decimal:
    """Read ``"12500.5"`` or ``12500``; a float has lost digits before it comes."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValidationError(_('Write numbers as text, such as "12500.5".'), code="type")
    # Decimal itself would also take 1e3, 1_000, blanks and the digits of other scripts.
    if not AMOUNT.fullmatch(str(value)):
        raise ValidationError(_("This is no number."), code="type")
    return Decimal(value)


@shaped(type="string", format="date")
def day(value) -> date:
    try:
        if DAY.fullmatch(text(value)):
            return date.fromisoformat(value)
    except ValueError:
        pass  # such as the 30th of February
    raise ValidationError(_("Write days as 2025-03-31."), code="type")


@shaped(type="string", format="date-time")
def timestamp(value) -> datetime:
    """Read ``2025-03-31T08:00:00+08:00``; without an offset nobody knows which moment it is."""
    try:
        found = datetime.fromisoformat(text(value))
        if found.tzinfo and MOMENT.fullmatch(value):
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValidationError(_("Write moments as 2025-03-31T08:00:00+08:00."), code="type")


def one_of(choices: type[models.TextChoices]) -> Callable:
    """Return a reader of one of these codes."""

    @shaped(type="string", enum=list(choices.values))
    def code(value) -> str:
        if text(value) not in choices.values:
            raise ValidationError(_("There is no such code here."), code="invalid_choice")
        return value

    return code


@shaped(type="string", maxLength=LONGEST_REASON)
def reason(value) -> str:
    """Read why something is done; the histories keep it, so it names no telephone number."""
    value = several_lines(text(value))
    if len(value) > LONGEST_REASON:
        message = _("Please write at most %d characters.") % LONGEST_REASON
        raise ValidationError(message, code="max_length")
    no_personal_number(value)
    return value


READERS = {
    models.BooleanField: boolean,
    models.DecimalField: amount,
    models.IntegerField: integer,
    models.DateField: day,
    models.CharField: text,
}


class Finder:
    """Finds the rows that values name, within the caller's reach, and asks for each once.

    ``prefetch`` asks for many at a time; what a batch names takes one query for each kind of row.
    """

    def __init__(self, caller: Caller):
        self.caller = caller
        self.known: dict[tuple, models.Model | None] = {}
        self.read: dict[tuple, tuple] = {}

    def find(self, model: type[models.Model], value) -> models.Model:
        """Return the row that ``value`` names: by code, user name, id, or another system's id."""
        key = key_of(model, value)
        if (model, key) not in self.known:
            self.prefetch(model, [value])
        found = self.known[model, key]
        if found is None:
            message = NOBODY if model is User else NO_ROW
            raise ValidationError(message, code="not_found")
        return found

    def prefetch(self, model: type[models.Model], values: Iterable):
        """Ask for all rows that ``values`` name; those that cannot name a row are passed over."""
        keys = set()
        for value in values:
            with suppress(ValidationError):
                keys.add(key_of(model, value))
        keys -= {key for kind, key in self.known if kind is model}
        self.known |= {(model, key): None for key in keys}
        self.known |= {(model, key): row for key, row in self._rows(model, keys)}

    def once(self, reader: Callable, value):
        """Return ``reader(value)``; the same value again is not read again."""
        key = (reader, repr(value))
        if key not in self.read:
            try:
                self.read[key] = (reader(value), None)
            except ValidationError as refusal:
                self.read[key] = (None, refusal)
        found, refusal = self.read[key]
        if refusal:
            raise refusal
        return found

    def _rows(self, model: type[models.Model], keys: set) -> Iterable[tuple]:
        if not keys:
            return
        if model is User:
            for name in keys:
                with suppress(ValidationError):
                    yield name, person(name)
        elif model._meta.label_lower in CODED:
            for row in model._base_manager.filter(code__in=keys):
                yield row.code, row
        else:
            yield from self._rows_by_id(model, keys)

    def _rows_by_id(self, model: type[models.Model], keys: set) -> Iterable[tuple]:
        named = {key: key for key in keys if isinstance(key, UUID)}
        named |= self._references(model, {key for key in keys if isinstance(key, tuple)})
        # Moments take longest to read, and no rule asks when the row that it points to was written.
        rows = self.caller.scope.rows(model).defer("created_at", "updated_at")
        # None is Django's word for none; no name at all would mean every one.
        rows = rows.select_related(*owners(model) or [None])
        # Asked for even when no reference is known: one that is hidden takes no longer.
        found = rows.filter(pk__any_of=set(named.values()))
        rows = {row.pk: row for row in found}
        for key, pk in named.items():
            if pk in rows:
                yield key, rows[pk]

    @staticmethod
    def _references(model: type[models.Model], pairs: set[tuple[str, str]]) -> dict:
        if not pairs:
            return {}
        names = {"source__in": {s for s, _ in pairs}, "external_id__in": {e for _, e in pairs}}
        refs = ExternalRef.objects.of(model).filter(**names)
        found = {(ref.source, ref.external_id): ref.object_id for ref in refs}
        return {pair: found[pair] for pair in pairs if pair in found}


def owners(model: type[models.Model]) -> list[str]:
    """Return the fields of what a row belongs to: its name in the trail may be theirs."""
    return [f.name for f in model._meta.concrete_fields if f.is_relation and not f.null]


def key_of(model: type[models.Model], value) -> str | UUID | tuple[str, str]:
    """Return what a value names a row by; raises ``ValidationError`` when it names none."""
    if model is User or model._meta.label_lower in CODED:
        return line(value)
    if isinstance(value, dict) and sync_of(model) and set(value) == {"source", "external_id"}:
        return source_code(line(value["source"])), line(value["external_id"])
    try:
        return UUID(line(value))
    except ValueError as mistake:
        message = _('Write an id, or {"source": …, "external_id": …}.')
        raise ValidationError(message, code="type") from mistake


@shaped(type="string", description=_("The user name of a person in post."))
def person(value) -> User:
    """Return a person who holds a post today, by the user name."""
    people = User.objects.filter(username=text(value), is_active=True, is_service=False)
    found = people.first()
    if found is None or not found.roles(today()):
        raise ValidationError(NOBODY, code="not_found")
    return found


def reference_part(name: str, pair: dict) -> str:
    return ExternalRef._meta.get_field(name).clean(text(pair[name]), None)
