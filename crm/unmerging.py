"""Undoing a merger: both records as they were, while nothing of what moved has changed since."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.merging import NUMBER, stored
from crm.models import Enterprise, Lead
from crm.models.enterprises import lock_names
from crm.models.merges import EnterpriseMerge
from zone.identifiers import name_key, no_personal_number
from zone.models import AuditEntry, ExternalRef, Merged
from zone.models.audit import differences, name_of

NAMED = 5  # of the rows that have changed
GONE_ON = _("What one of the records named is gone by now; this merger can no longer be undone.")


@transaction.atomic
def undo(merge: EnterpriseMerge, *, by, reason: str) -> Enterprise:
    """Bring the merged record back, with all that was its own; return it.

    What was entered under the kept record since then stays there.
    """
    merge.refresh_from_db(from_queryset=EnterpriseMerge.objects.select_for_update(of=("self",)))
    if not merge.can_undo(by):
        raise ValidationError(_("This merger cannot be undone any more."), code="state")
    if not reason:
        raise ValidationError({"reason": _("Please say why.")}, code="reason")
    no_personal_number(reason)
    # Before the rows, as whoever logs a lead does.
    lock_names({name_key(merge.kept_name), name_key(merge.dropped_name)})
    kept = Enterprise.locked(merge.kept_key)
    if kept is None:
        raise ValidationError(_("One of the two records no longer exists."), code="gone")
    _refuse_changed(merge, kept)
    try:
        with transaction.atomic():
            dropped = _part(merge, kept, by=by, reason=reason)
            connection.check_constraints()
    except IntegrityError as error:
        raise ValidationError(GONE_ON, code="gone") from error
    _settle_back(merge, by=by, reason=reason)
    merge.undone_at, merge.undone_by = timezone.now(), by
    merge.save(update_fields=["undone_at", "undone_by"])
    AuditEntry.objects.record(AuditEntry.Action.STATE, by=by, of=merge, why=reason, undone=True)
    return dropped


def _moved(merge: EnterpriseMerge) -> Iterator[tuple[type[models.Model], str, dict[str, int]]]:
    for label, field, known in merge.detail["moved"]:
        yield apps.get_model(label), field, known


def _refuse_changed(merge: EnterpriseMerge, kept: Enterprise):
    """Refuse where a moved row, or a value that was taken over, is no longer as the merger left it.

    Locks the rows, so that they stay as they are seen here.
    """
    changed = []
    for model, _field, known in _moved(merge):
        rows = model._base_manager.filter(pk__in=known).order_by("pk").select_for_update()
        changed += [name_of(row) for row in rows if row.version != known[str(row.pk)]]
    filled = merge.detail["filled"].items()
    changed += [
        str(kept._meta.get_field(name).verbose_name)
        for name, value in filled
        if stored(kept, name) != value
    ]
    if changed:
        names = "、".join(changed[:NAMED])
        words = _("Changed since the merger: %(names)s. Move what belongs elsewhere by hand.")
        raise ValidationError(words, code="changed", params={"names": names})


def _part(merge: EnterpriseMerge, kept: Enterprise, *, by, reason: str) -> Enterprise:
    """Give both their values and rows; the kept record first, since a code belongs to one."""
    detail, before = merge.detail, Enterprise.objects.get(pk=kept.pk)
    _set(kept, detail["fields"])
    kept.save(update_fields=[*detail["fields"], "exact_key", "name_key"])
    changes = differences(before, kept, detail["fields"])
    AuditEntry.objects.record(
        AuditEntry.Action.CHANGED, by=by, of=kept, changes=changes, why=reason
    )
    dropped = _made(Enterprise, detail["dropped"])
    # Above that of its tombstone, which other systems have seen.
    dropped.version += 2
    dropped.save(force_insert=True)
    AuditEntry.objects.record(AuditEntry.Action.CREATED, by=by, of=dropped, why=reason, back=True)
    for model, field, known in _moved(merge):
        rows = model._base_manager.filter(pk__in=known)
        rows.update(**{field: dropped})
        for row in rows:
            moved = {field: [kept.name, dropped.name]}
            AuditEntry.objects.record(
                AuditEntry.Action.CHANGED, by=by, of=row, changes=moved, why=reason
            )
    for label, values in detail["lost"]:
        row = _made(apps.get_model(label), values)
        row.version += 2
        row.save(force_insert=True)
        AuditEntry.objects.record(AuditEntry.Action.CREATED, by=by, of=row, why=reason, back=True)
    _refer_back(detail, kept, dropped)
    return dropped


def _set(row: models.Model, values: dict):
    for name, value in values.items():
        field = row._meta.get_field(name)
        setattr(row, field.attname, None if value is None else field.to_python(value))
        row._state.fields_cache.pop(name, None)


def _made(model: type[models.Model], values: dict) -> models.Model:
    row = model()
    _set(row, {name: value for name, value in values.items() if name != "updated_at"})
    return row


def _refer_back(detail: dict, kept: Enterprise, dropped: Enterprise):
    refs = ExternalRef.objects.of(Enterprise).filter(object_id=kept.pk)
    refs.filter(pk__in=detail["references"]).update(object_id=dropped.pk)
    earlier = Merged.objects.filter(entity=NUMBER, merged_into=kept.pk)
    earlier.filter(pk__in=detail["earlier"]).update(merged_into=dropped.pk)
    Merged.objects.filter(entity=NUMBER, object_id=dropped.pk).delete()


def _settle_back(merge: EnterpriseMerge, *, by, reason: str):
    """Reopen the leads that the merger ended, and take back what let them stand side by side."""
    for lead in Lead._base_manager.filter(pk__in=merge.detail["overridden"]):
        before, lead.override_reason = lead.override_reason, ""
        lead.save(update_fields=["override_reason"])
        changes = {"override_reason": [before, ""]}
        AuditEntry.objects.record(
            AuditEntry.Action.STATE, by=by, of=lead, changes=changes, why=reason
        )
    for lead in Lead._base_manager.filter(pk__in=merge.detail["closed"]):
        # Where another lead courts its investor by now it stays closed, as at any other door.
        with suppress(ValidationError), transaction.atomic():
            lead.reopen(by=by, reason=reason)
