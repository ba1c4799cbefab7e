"""What two edits of one row differ in, in the reader's words."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from zone import units
from zone.calendar import minute
from zone.models import AuditEntry

LARGEST = 10**16  # 万元


@dataclass(frozen=True)
class Difference:
    """A field of a form: what is saved now, and what the person entered."""

    label: str
    saved: str
    entered: str


@dataclass(frozen=True)
class Conflict:
    """What was changed in ``row`` since it was drawn; ``taken_over`` are fields left alone."""

    row: models.Model
    change: str
    entered: list[Difference]
    taken_over: list[Difference]


def in_words(field, value) -> str:
    """Write a form's value as a person reads it: a row by its name, an amount with its unit."""
    try:
        value = field.to_python(value)
    except ValidationError:
        return str(value)
    if value in field.empty_values:
        return units.NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if field.widget.attrs.get("data-unit") == "wan":
        # What is no amount (NaN, a hundred digits) is refused when the form is checked.
        is_amount = value.is_finite() and abs(value) < LARGEST
        return units.money(value) if is_amount else str(value)
    several = value if isinstance(value, (list, models.QuerySet)) else [value]
    is_choice = hasattr(field, "choices") and not hasattr(field, "queryset")
    known = {str(key): str(label) for key, label in field.choices} if is_choice else {}
    return _(", ").join(known.get(str(each), str(each)) for each in several)


def change_in_words(row: models.Model, drawn: str, user) -> str:
    """Say who has changed ``row`` since ``drawn``, and when, as far as the trail knows."""
    entries = AuditEntry.objects.of(row).exclude(action__in=AuditEntry.READING)
    since = parse_datetime(drawn)
    entries = list(entries.filter(at__gt=since) if since else entries[:1])
    names = [_("you") if entry.by_id == user.pk else entry.by_name for entry in entries]
    words = {"who": _(", ").join(dict.fromkeys(filter(None, names)))}
    words["when"] = minute(max([row.updated_at, *(entry.at for entry in entries)]))
    if not words["who"]:
        return _("This row was changed on %(when)s.") % words
    return _("%(who)s changed this row, last on %(when)s.") % words


def removal_in_words(parent: models.Model, model, key: str) -> str:
    """Say who took a row of an inline away, as far as the trail of its parent knows."""
    try:
        model._meta.pk.to_python(key)
    except ValidationError:
        entry = None
    else:
        lines = AuditEntry.objects.timeline(parent).filter(action__in=AuditEntry.REMOVING)
        entry = lines.filter(model=model._meta.label_lower, object_id=key).first()
    if entry is None:
        return _("A row was removed in the meantime; it is left out here. Please save once more.")
    words = {"name": entry.object_name, "who": entry.by_name or _("the system")}
    words["when"] = minute(entry.at)
    return (
        _(
            "%(who)s removed or emptied “%(name)s” on %(when)s; it is left out here. Please look "
            "at the rest and save once more."
        )
        % words
    )
