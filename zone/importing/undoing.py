"""Undoing an import: its rows go, and former values come back, where nothing was done since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from copy import copy

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.utils.translation import gettext as _

from zone.access.origin import IMPORT, Origin
from zone.database import bulk
from zone.importing.writing import update
from zone.models import AuditEntry, Change, ExternalRef, ImportLine, ImportRun
from zone.models.audit import differences, written_fields
from zone.models.import_runs import count_by_state

State = ImportLine.State


@transaction.atomic
def undo(run: ImportRun, *, by) -> dict[str, int]:
    """Take back what the import wrote; what has changed since or is used stays, with the reason.

    Returns how many lines were undone and how many were not.
    """
    run.take_or_refuse()
    if not run.can_undo(by):
        raise ValidationError(_("This import cannot be undone any more."), code="state")
    by.origin = Origin(IMPORT, by.origin.address)
    undoing = Undoing(run, by)
    undoing.restore()
    undoing.remove()
    undoing.keep_lines()
    counts = {state: undoing.count(state) for state in (State.UNDONE, State.KEPT)}
    run.state, run.counts = ImportRun.State.UNDONE, count_by_state(run)
    run.why = _("%(undone)d rows undone, %(kept)d not.") % {
        "undone": counts[State.UNDONE],
        "kept": counts[State.KEPT],
    }
    run.save()
    said = {"what": run.model, "undone": counts[State.UNDONE], "kept": counts[State.KEPT]}
    AuditEntry.objects.record(AuditEntry.Action.STATE, by=by, of=run, **said)
    return counts


class Undoing:
    def __init__(self, run: ImportRun, by):
        self.run, self.by = run, by
        written = (State.NEW, State.CHANGED)
        self.lines = list(ImportLine.objects.filter(run=run, state__in=written))
        # Of each model its rows as they were written, with the line they belong to.
        self.written: dict[type, dict[str, tuple[ImportLine, dict]]] = defaultdict(dict)
        for line in self.lines:
            for one in line.rows:
                label, pk = one["row"]
                self.written[apps.get_model(label)][pk] = (line, one)
        self.rows = {model: self._locked(model) for model in self.written}
        self.removed: dict[type, list] = defaultdict(list)

    def _locked(self, model: type[models.Model]) -> dict[str, models.Model]:
        rows = model._base_manager.filter(pk__any_of=[*self.written[model]]).order_by("pk")
        rows = rows.select_related(*_named_by(model)).select_for_update(of=("self",))
        return {str(row.pk): row for row in rows}

    def count(self, state: str) -> int:
        return sum(1 for line in self.lines if line.state == state)

    def keep(self, line: ImportLine, words):
        line.state = State.KEPT
        line.data.setdefault("kept", []).append(str(words))

    def _unchanged(self, model, *, new: bool) -> list[tuple[ImportLine, dict, models.Model]]:
        """Return the new or the updated rows that are as the import left them.

        Of the rest, say why they stay.
        """
        found = []
        for pk, (line, one) in self.written[model].items():
            row = self.rows[model].get(pk)
            if row is None or ("before" in one) is new:
                continue  # somebody has deleted it, which is as good
            if row.version != one["version"]:
                words = _("“%(row)s” has been changed since.")
                self.keep(line, words % {"row": _name(row)})
            else:
                found.append((line, one, row))
        return found

    # Former values

    def restore(self):
        for model in self.written:
            changes = {}
            for line, one, row, before in self._put_back_all(model):
                changes[row] = differences(before, row, written_fields(model))
                self._tell_personal(line, one)
            if changes:
                AuditEntry.objects.record_all_changed(changes, by=self.by)

    def _put_back_all(self, model: type[models.Model]) -> list[tuple]:
        """Write former values: in one statement, or row by row where one of them cannot have them.

        Returns those written, each with its line and a copy of the row as it was until now.
        """
        found = []
        for line, one, row in self._unchanged(model, new=False):
            if one["before"]:
                before = copy(row)
                _put_back(row, one["before"])
                found.append((line, one, row, before))
            else:
                self._tell_personal(line, one)
        if not found or _written(model, found):
            return found
        done = [each for each in found if _written(model, [each])]
        written = {row.pk for _line, _one, row, _before in done}
        for line, _one, row, before in found:
            if row.pk not in written:
                words = _("“%(row)s” cannot have its former values: they are taken or gone by now.")
                self.keep(line, words % {"row": _name(before)})
        return done

    def _tell_personal(self, line: ImportLine, one: dict):
        if len(line.data.get("changes", ())) > len(one["before"]):
            words = _("Former numbers of a person are not kept; please enter them again.")
            self.keep(line, words)

    # New rows

    def remove(self):
        """Remove new rows, those that name others first, until nothing more can go."""
        left = {model: self._unchanged(model, new=True) for model in reversed([*self.written])}
        went = True
        while went:
            went = False
            for model, found in left.items():
                free = self._free(model, [row for _line, _one, row in found])
                if free:
                    self._delete(model, [row for _l, _o, row in found if row.pk in free])
                    left[model] = [each for each in found if each[2].pk not in free]
                    went = True
        for found in left.values():
            for line, _one, row in found:
                words = _("“%(row)s” is in use: other rows belong to it.")
                self.keep(line, words % {"row": _name(row)})

    def _free(self, model: type[models.Model], rows: list) -> set:
        """Return the keys of those of ``rows`` that no other row names."""
        free = {row.pk for row in rows}
        for relation in _relations_to(model):
            other = relation.related_model
            if not free or issubclass(other, Change):
                continue  # a state that was changed has raised the version, too
            name = relation.field.name
            used = other._base_manager.filter(**{f"{name}__any_of": free})
            free -= set(used.values_list(relation.field.attname, flat=True))
        if free:
            refs = ExternalRef.objects.filter(object_id__any_of=free)
            free -= set(refs.values_list("object_id", flat=True))
        return free

    def _delete(self, model: type[models.Model], rows: list):
        AuditEntry.objects.record_all_removed(rows, by=self.by)
        model._base_manager.filter(pk__in=[row.pk for row in rows]).delete()
        self.removed[model] += rows

    def keep_lines(self):
        for line in self.lines:
            if line.state != State.KEPT:
                line.state = State.UNDONE
        ImportLine.objects.filter(pk__in=[line.pk for line in self.lines]).delete()
        same = {"run_id": self.run.pk}
        names = ("number", "state", "label", "data", "rows")
        lines = [{name: getattr(line, name) for name in names} for line in self.lines]
        bulk.insert_values(ImportLine, lines, same=same)


def _named_by(model: type[models.Model]) -> Iterator[str]:
    """Yield the paths of what the trail's lines of a row name it by."""
    for field in model._meta.concrete_fields:
        if field.is_relation:
            yield field.name
            yield from (
                f"{field.name}__{one.name}"
                for one in field.related_model._meta.concrete_fields
                if one.is_relation and one.remote_field.on_delete is models.CASCADE
            )


def _relations_to(model: type[models.Model]) -> Iterator[models.ForeignObjectRel]:
    """Yield every relation that points to a model, those without a name for the way back, too."""
    for relation in model._meta.get_fields(include_hidden=True):
        if relation.auto_created and not relation.concrete and not relation.many_to_many:
            yield relation


def _written(model: type[models.Model], found: list[tuple]) -> bool:
    """Write the former values of rows, all of them or none; say whether the database took them."""
    names = {
        model._meta.get_field(attname).name
        for _line, one, _row, _before in found
        for attname in one["before"]
    }
    try:
        with transaction.atomic():
            update(model, [row for _line, _one, row, _before in found], names)
            connection.check_constraints()  # a row that is named may be gone: not first at the end
    except IntegrityError:
        return False
    return True


def _put_back(row: models.Model, before: dict):
    for attname, value in before.items():
        field = row._meta.get_field(attname)
        setattr(row, field.attname, None if value is None else field.to_python(value))
    for name in {row._meta.get_field(attname).name for attname in before}:
        row._state.fields_cache.pop(name, None)


def _name(row: models.Model) -> str:
    return row.audit_name() if hasattr(row, "audit_name") else str(row)
