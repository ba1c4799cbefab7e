"""Two records of one enterprise become one: everything moves to the one that is kept.

``crm.unmerging`` takes it back; ``preview`` tells beforehand what would happen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple
from uuid import UUID

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from crm.models import Enterprise, Lead
from crm.models.enterprises import lock_names
from crm.models.merges import EnterpriseMerge
from zone.identifiers import no_personal_number
from zone.models import AuditEntry, ExternalRef, Merged
from zone.models.audit import contents, differences, readable, written_fields

NUMBER = Enterprise.SYNC.number
EMPTY = (None, "")
NEVER_CHOSEN = ("is_demo", "entered_by")


class Moves(NamedTuple):
    """What a merger would do: fields that differ, rows of each kind, open leads of both."""

    differing: list[str]
    moved: list[tuple[type[models.Model], int]]
    lost: list[models.Model]
    leads: list[Lead]
    references: int


def preview(kept: Enterprise, dropped: Enterprise) -> Moves:
    counted = ((tie.model, _rows(tie, dropped).count()) for tie in _ties())
    return Moves(
        [name for name in _choices() if _differ(kept, dropped, name)],
        [(model, number) for model, number in counted if number],
        [row for rows in _lost(kept, dropped) for row in rows],
        courted_twice(kept, dropped),
        ExternalRef.objects.of(Enterprise).filter(object_id=dropped.pk).count(),
    )


@transaction.atomic
def merge_enterprises(
    kept: Enterprise,
    dropped: Enterprise,
    *,
    by,
    reason: str,
    take: Collection[str] = (),
    override_reason: str = "",
    close: Collection[UUID] = (),
) -> Enterprise:
    """Move everything of ``dropped`` to ``kept``, fill its empty fields, delete ``dropped``.

    ``take`` names the fields in which the dropped one's value wins. Where both are courted, the
    open leads of ``close`` end, and ``override_reason`` lets the rest stand side by side.
    Returns ``kept`` as it is afterwards. A client of the interface is told where the dropped
    one went, and finds its external references there.
    """
    # Before the rows, as whoever logs a lead does.
    lock_names({kept.name_key, dropped.name_key})
    kept, dropped = _lock(kept, dropped)
    refuse(kept, dropped, by=by, reason=reason)
    leads = courted_twice(kept, dropped)
    ending, beside = _settled(leads, override_reason, close)
    values = _chosen(kept, dropped, take)
    before = contents(dropped)
    detail = {
        "fields": {name: stored(kept, name) for name in values},
        "lost": [_remove(row, by, reason) for rows in _lost(kept, dropped) for row in rows],
        "moved": [[tie.model._meta.label, tie.name, _keys(tie, dropped)] for tie in _ties()],
    }
    moved = {tie.model._meta.label: _move(tie, kept, dropped, by, reason) for tie in _ties()}
    detail |= _move_references(kept, dropped)
    dropped.refresh_from_db()
    detail["dropped"] = {field.name: stored(dropped, field.name) for field in dropped._meta.fields}
    key = str(dropped.pk)
    said = {"merged_into": str(kept.pk), "contents": before}
    AuditEntry.objects.record(AuditEntry.Action.DELETED, by=by, of=dropped, why=reason, **said)
    # A credit code belongs to one record at a time: the dropped one goes first.
    dropped.delete()
    _fill(kept, values, by=by, reason=reason, merged=key, moved=moved)
    detail["filled"] = {name: stored(kept, name) for name in values}
    _settle(ending, beside, by=by, reason=reason, override_reason=override_reason)
    detail |= {"closed": _ids(ending), "overridden": _ids(beside)}
    _keep(kept, before["name"], UUID(key), detail, by=by, reason=reason)
    return kept


def _lock(kept: Enterprise, dropped: Enterprise) -> tuple[Enterprise, Enterprise]:
    rows = Enterprise.objects.select_for_update(of=("self",)).order_by("pk")
    found = {row.pk: row for row in rows.filter(pk__in=[kept.pk, dropped.pk])}
    if kept.pk == dropped.pk:
        raise ValidationError(_("An enterprise cannot be merged with itself."), code="same")
    if len(found) < 2:
        raise ValidationError(_("One of the two records no longer exists."), code="gone")
    return found[kept.pk], found[dropped.pk]


def refuse(kept: Enterprise, dropped: Enterprise, *, by, reason: str):
    """Refuse what cannot be one enterprise, and who may not say that it is."""
    if not kept.can_merge(by):
        raise ValidationError(_("Only the office merges enterprises."), code="post")
    refuse_pair(kept, dropped)
    if not reason:
        raise ValidationError({"reason": _("Please say why.")}, code="reason")
    no_personal_number(reason)


def refuse_pair(kept: Enterprise, dropped: Enterprise):
    if kept.uscc and dropped.uscc and kept.uscc != dropped.uscc:
        raise ValidationError(
            _("Two credit codes are two enterprises: %(kept)s and %(dropped)s."),
            code="uscc",
            params={"kept": kept.uscc, "dropped": dropped.uscc},
        )
    if kept.is_demo != dropped.is_demo:
        raise ValidationError(_("A real record and an invented one are not merged."), code="demo")
    for upper, lower in ((kept, dropped), (dropped, kept)):
        if upper.stands_above(lower.pk):
            words = _("“%(upper)s” stands above “%(lower)s” in the group; take it out there first.")
            params = {"upper": upper, "lower": lower}
            raise ValidationError(words, code="group", params=params)


# What is courted


def courted_twice(kept: Enterprise, dropped: Enterprise) -> list[Lead]:
    """Return the open leads of both, the earliest first; none where only one is courted."""
    rows = Lead.objects.open().filter(enterprise__in=[kept, dropped])
    leads = list(rows.select_related("owner", "chain").order_by("registered_at", "pk"))
    return leads if len({lead.enterprise_id for lead in leads}) == 2 else []


def _settled(leads: list[Lead], override_reason: str, close) -> tuple[list[Lead], list[Lead]]:
    """Return the leads that end, and those that are to stand beside the first of the rest."""
    ending = [lead for lead in leads if lead.pk in close]
    rest = [lead for lead in leads if lead not in ending]
    beside = [lead for lead in rest[1:] if not lead.override_reason]
    if beside and not override_reason:
        words = _(
            "Both records are courted: choose which leads end, or say why they stand side by side."
        )
        raise ValidationError({"override_reason": ValidationError(words, code="courted")})
    return ending, beside


def _settle(ending: list[Lead], beside: list[Lead], *, by, reason: str, override_reason: str):
    for lead in ending:
        lead.close(
            by=by, to=Lead.Stage.INVALID, reason=reason, lost_reason=Lead.LostReason.DUPLICATE
        )
    for lead in beside:
        lead.override(by=by, reason=override_reason)


def _ids(rows: list[models.Model]) -> list[str]:
    return [str(row.pk) for row in rows]


# Values


def _choices() -> list[str]:
    return [name for name in written_fields(Enterprise) if name not in NEVER_CHOSEN]


def _differ(kept: Enterprise, dropped: Enterprise, name: str) -> bool:
    """Whether both say something, and not the same."""
    mine, theirs = getattr(kept, name), getattr(dropped, name)
    return mine not in EMPTY and theirs not in EMPTY and mine != theirs


def _chosen(kept: Enterprise, dropped: Enterprise, take: Collection[str]) -> dict:
    """Return the values that the kept record comes to have from the dropped one."""
    found = {}
    for name in _choices():
        mine, theirs = getattr(kept, name), getattr(dropped, name)
        if theirs not in EMPTY and mine != theirs and (mine in EMPTY or name in take):
            found[name] = theirs
    chain = found.get("chain", kept.chain)
    places = (found.get("segment"), kept.segment, dropped.segment)
    fitting = [one for one in places if one and chain and one.chain_id == chain.pk]
    found["segment"] = fitting[0] if fitting else None
    if found["segment"] == kept.segment:
        del found["segment"]
    return found


def stored(row: models.Model, name: str) -> str | None:
    """Return a value as text from which ``to_python`` of its field makes it again."""
    field = row._meta.get_field(name)
    return None if getattr(row, field.attname) is None else field.value_to_string(row)


def _fill(kept: Enterprise, values: dict, *, by, reason: str, **detail):
    before = Enterprise.objects.get(pk=kept.pk)
    for name, value in values.items():
        setattr(kept, name, value)
    # Each value stood in a record before: what it looks like is not judged anew.
    kept.clean()
    kept.validate_unique()
    kept.validate_constraints()
    kept.save(update_fields=[*values, "exact_key", "name_key"])
    changes = differences(before, kept, values)
    AuditEntry.objects.record(
        AuditEntry.Action.CHANGED, by=by, of=kept, changes=changes, why=reason, **detail
    )
    kept.refresh_from_db()


# Rows


def _ties() -> list[models.ForeignKey]:
    """Return every field that points to an enterprise: a new one cannot be forgotten."""
    return [
        relation.field
        for relation in Enterprise._meta.get_fields(include_hidden=True)
        if relation.auto_created and not relation.concrete
    ]


def _rows(tie: models.ForeignKey, enterprise: Enterprise) -> models.QuerySet:
    return tie.model._base_manager.filter(**{tie.name: enterprise}).order_by("pk")


def _lost(kept: Enterprise, dropped: Enterprise) -> Iterator[models.QuerySet]:
    """Yield the rows of which the kept record has its own, as their model's rules say."""
    for tie in _ties():
        if hasattr(tie.model, "lost_in_merge"):
            yield tie.model.lost_in_merge(kept, dropped)


def _remove(row: models.Model, by, reason: str) -> list:
    AuditEntry.objects.record_all_removed([row], by=by, why=reason)
    values = {field.name: stored(row, field.name) for field in row._meta.fields}
    row.delete()
    return [row._meta.label, values]


def _keys(tie: models.ForeignKey, dropped: Enterprise) -> list[str]:
    return [str(pk) for pk in _rows(tie, dropped).values_list("pk", flat=True)]


def _move(field: models.ForeignKey, kept: Enterprise, dropped: Enterprise, by, reason) -> int:
    rows = list(_rows(field, dropped).select_for_update())
    pair = [readable(row, field.name) for row in rows[:1]] + [kept.name]
    field.model._base_manager.filter(pk__in=[row.pk for row in rows]).update(**{field.name: kept})
    for row in rows:
        changed = {field.name: pair}
        AuditEntry.objects.record(
            AuditEntry.Action.CHANGED, by=by, of=row, changes=changed, why=reason
        )
    return len(rows)


def _move_references(kept: Enterprise, dropped: Enterprise) -> dict:
    """Let the references find the kept record, and say where the dropped one went."""
    refs = ExternalRef.objects.of(Enterprise).filter(object_id=dropped.pk)
    earlier = Merged.objects.filter(entity=NUMBER, merged_into=dropped.pk)
    found = {
        "references": [*refs.values_list("pk", flat=True)],
        "earlier": [*earlier.values_list("pk", flat=True)],
    }
    refs.update(object_id=kept.pk)
    earlier.update(merged_into=kept.pk)
    Merged.objects.create(entity=NUMBER, object_id=dropped.pk, merged_into=kept.pk)
    return found


def _keep(kept: Enterprise, name: str, dropped: UUID, detail: dict, *, by, reason: str):
    """Keep what an undoing needs, with the versions in which the merger leaves the rows."""
    for place, (label, field, keys) in enumerate(detail["moved"]):
        detail["moved"][place] = [label, field, versions(label, keys)]
    EnterpriseMerge.objects.create(
        kept_key=kept.pk,
        kept_name=kept.name,
        dropped_key=dropped,
        dropped_name=name,
        reason=reason,
        by=by,
        is_demo=kept.is_demo,
        detail=detail,
    )


def versions(label: str, keys: list[str]) -> dict[str, int]:
    rows = apps.get_model(label)._base_manager.filter(pk__in=keys)
    return {str(pk): version for pk, version in rows.values_list("pk", "version")}
