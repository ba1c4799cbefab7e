"""Two records of one enterprise become one: everything moves to the one that is kept."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from crm.models import Enterprise
from zone.identifiers import no_personal_number
from zone.models import AuditEntry, ExternalRef, Merged
from zone.models.audit import contents, differences, readable, written_fields

NUMBER = Enterprise.SYNC.number


@transaction.atomic
def merge_enterprises(kept: Enterprise, dropped: Enterprise, *, by, reason: str) -> Enterprise:
    """Move everything of ``dropped`` to ``kept``, fill its empty fields, delete ``dropped``.

    Returns ``kept`` as it is afterwards. A client of the interface is told where the dropped
    one went, and finds its external references there.
    """
    kept, dropped = _lock(kept, dropped)
    _refuse(kept, dropped, reason)
    before = contents(dropped)
    filled = _empty_fields(kept, dropped)
    moved = {field.model._meta.label: _move(field, kept, dropped, by, reason) for field in _ties()}
    _move_references(kept, dropped)
    key = str(dropped.pk)
    detail = {"merged_into": str(kept.pk), "contents": before}
    AuditEntry.objects.record(AuditEntry.Action.DELETED, by=by, of=dropped, why=reason, **detail)
    # A credit code belongs to one record at a time: the dropped one goes first.
    dropped.delete()
    _fill(kept, filled, by=by, reason=reason, merged=key, moved=moved)
    return kept


def _lock(kept: Enterprise, dropped: Enterprise) -> tuple[Enterprise, Enterprise]:
    rows = Enterprise.objects.select_for_update(of=("self",)).order_by("pk")
    found = {row.pk: row for row in rows.filter(pk__in=[kept.pk, dropped.pk])}
    if kept.pk == dropped.pk:
        raise ValidationError(_("An enterprise cannot be merged with itself."), code="same")
    if len(found) < 2:
        raise ValidationError(_("One of the two records no longer exists."), code="gone")
    return found[kept.pk], found[dropped.pk]


def _refuse(kept: Enterprise, dropped: Enterprise, reason: str):
    if not reason:
        raise ValidationError({"reason": _("Please say why.")}, code="reason")
    no_personal_number(reason)
    if kept.uscc and dropped.uscc and kept.uscc != dropped.uscc:
        raise ValidationError(
            _("Two credit codes are two enterprises: %(kept)s and %(dropped)s."),
            code="uscc",
            params={"kept": kept.uscc, "dropped": dropped.uscc},
        )
    if kept.is_demo != dropped.is_demo:
        raise ValidationError(_("A real record and an invented one are not merged."), code="demo")


def _empty_fields(kept: Enterprise, dropped: Enterprise) -> dict:
    """Return what the dropped record knows and the kept one does not."""
    names = written_fields(kept._meta.model)
    empty = [name for name in names if getattr(kept, name) in (None, "")]
    known = {name: getattr(dropped, name) for name in empty}
    return {name: value for name, value in known.items() if value not in (None, "")}


def _ties() -> list[models.ForeignKey]:
    """Return every field that points to an enterprise: a new one cannot be forgotten."""
    return [
        relation.field
        for relation in Enterprise._meta.get_fields(include_hidden=True)
        if relation.auto_created and not relation.concrete
    ]


def _move(field: models.ForeignKey, kept: Enterprise, dropped: Enterprise, by, reason) -> int:
    rows = list(field.model._base_manager.select_for_update().filter(**{field.name: dropped}))
    pair = [readable(row, field.name) for row in rows[:1]] + [kept.name]
    field.model._base_manager.filter(pk__in=[row.pk for row in rows]).update(**{field.name: kept})
    for row in rows:
        changed = {field.name: pair}
        AuditEntry.objects.record(
            AuditEntry.Action.CHANGED, by=by, of=row, changes=changed, why=reason
        )
    return len(rows)


def _move_references(kept: Enterprise, dropped: Enterprise):
    """Let the references find the kept record, and say where the dropped one went."""
    ExternalRef.objects.of(Enterprise).filter(object_id=dropped.pk).update(object_id=kept.pk)
    earlier = Merged.objects.filter(entity=NUMBER, merged_into=dropped.pk)
    earlier.update(merged_into=kept.pk)
    Merged.objects.create(entity=NUMBER, object_id=dropped.pk, merged_into=kept.pk)


def _fill(kept: Enterprise, filled: dict, *, by, reason: str, **detail):
    before = Enterprise.objects.get(pk=kept.pk)
    for name, value in filled.items():
        setattr(kept, name, value)
    kept.save(update_fields=list(filled))
    AuditEntry.objects.record(
        AuditEntry.Action.CHANGED,
        by=by,
        of=kept,
        changes=differences(before, kept, filled),
        why=reason,
        **detail,
    )
    kept.refresh_from_db()
