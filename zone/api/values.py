"""Reading values that come in: of the right JSON type, in normal form, pointing within reach."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zone.api.callers import Caller
from zone.calendar import today
from zone.feed.synced import sync_of
from zone.identifiers import no_personal_number
from zone.models import ExternalRef, User
from zone.models.rows import Change

MOST_REFS = 20
LONGEST_REASON = Change._meta.get_field("reason").max_length
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
AMOUNT = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
CODED = ("zone.industrychain", "zone.park")


def shaped(**shape):
    """Say in JSON Schema what a reader takes, for the published schema; used as a decorator."""

    def mark(reader: Callable) -> Callable:
        reader.shape = lambda: {name: _plain(value) for name, value in shape.items()}
        return reader

    return mark


def _plain(value):
    return str(value) if isinstance(value, Promise) else value


def read_value(field: models.Field, value, caller: Caller):
    """Return what a field is to hold; raises ``ValidationError`` with the cure."""
    if field.is_relation:
        return None if value is None else related(field.related_model, value, caller)
    if value is None:
        if field.null:
            return None
        raise ValidationError(_("This cannot be null."), code="null")
    return READERS[type_of(field)](value)


def type_of(field: models.Field) -> type:
    for kind in (models.BooleanField, models.DecimalField, models.IntegerField, models.DateField):
        if isinstance(field, kind):
            return kind
    return models.CharField


@shaped(type="string")
def text(value) -> str:
    if not isinstance(value, str):
        raise ValidationError(_("A text is needed here."), code="type")
    return value


def truth(value) -> bool:
    if not isinstance(value, bool):
        raise ValidationError(_("true or false is needed here."), code="type")
    return value


def whole_number(value) -> int:
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
def moment(value) -> datetime:
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
    if len(text(value)) > LONGEST_REASON:
        message = _("Please write at most %d characters.") % LONGEST_REASON
        raise ValidationError(message, code="max_length")
    no_personal_number(value)
    return value


READERS = {
    models.BooleanField: truth,
    models.DecimalField: amount,
    models.IntegerField: whole_number,
    models.DateField: day,
    models.CharField: text,
}


def related(model: type[models.Model], value, caller: Caller) -> models.Model:
    """Return the row that a value names: by its code, user name, id, or another system's id."""
    if model is User:
        return person(value)
    if model._meta.label_lower in CODED:
        found = model._base_manager.filter(code=text(value)).first()
    else:
        rows = caller.scope.rows(model)
        found = rows.filter(pk=_id(model, value)).first()
    if found is None:
        raise ValidationError(_("There is no such row within your reach."), code="not_found")
    return found


@shaped(type="string", description=_("The user name of a person in post."))
def person(value) -> User:
    """Return a person who holds a post today, by the user name."""
    people = User.objects.filter(username=text(value), is_active=True, is_service=False)
    found = people.first()
    if found is None or not found.roles(today()):
        raise ValidationError(_("Nobody in post has this user name."), code="not_found")
    return found


@shaped(type="string", description=_("The user name of a person who courts investors."))
def courting(value) -> User:
    """Return a person whose post lets them work on leads, as the admin offers them."""
    found = person(value)
    if not found.has_perm("crm.change_lead"):
        raise ValidationError(_("This person's post is not to court investors."), code="post")
    return found


def _id(model: type[models.Model], value) -> UUID | None:
    if isinstance(value, dict) and sync_of(model) and set(value) == {"source", "external_id"}:
        refs = ExternalRef.objects.of(model)
        found = refs.filter(**{name: text(part) for name, part in value.items()}).first()
        return found.object_id if found else None
    try:
        return UUID(text(value))
    except ValueError as mistake:
        message = _('Write an id, or {"source": …, "external_id": …}.')
        raise ValidationError(message, code="type") from mistake


def references(value) -> list[tuple[str, str]]:
    """Read ``[{source, external_id}]``."""
    if not isinstance(value, list) or len(value) > MOST_REFS:
        raise ValidationError(_("A list of at most 20 references is needed here."), code="type")
    found = []
    for pair in value:
        if not isinstance(pair, dict) or set(pair) != {"source", "external_id"}:
            raise ValidationError(_("A reference is {source, external_id}."), code="type")
        found.append((text(pair["source"]), text(pair["external_id"])))
        ref = ExternalRef(source=found[-1][0], external_id=found[-1][1])
        ref.clean_fields(exclude=["entity", "object_id"])
    return found
