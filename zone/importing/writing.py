"""Writing what a batch found: a few statements for each table, a line of the trail for each row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db import models

from zone.database import bulk
from zone.fields import PersonalField
from zone.importing.batch import Batch, Entry, in_words
from zone.models import AuditEntry, ImportLine, ImportRun

MOST_TOLD = 20  # columns


def write(batch: Batch):
    """Write the new and the changed rows of a batch; belongs inside a transaction."""
    new = [entry for entry in batch.to_write if entry.is_new]
    changed = [entry for entry in batch.to_write if not entry.is_new]
    batch.noun.create_beside(batch)
    if new:
        batch.noun.create(batch, new)
    if changed:
        update(batch.model, [entry.row for entry in changed], _names(changed))
        changes = {entry.row: entry.changes for entry in changed}
        AuditEntry.objects.record_all_changed(changes, by=batch.user)


def update(model: type[models.Model], rows: list[models.Model], names: set[str]):
    """Write the fields ``names`` of rows that are there, in one statement."""
    model.set_derived_fields(rows)
    fields = {field.name: field for field in model._meta.concrete_fields}
    derived = {name for name, field in fields.items() if not field.editable and _is_derived(field)}
    # Kept beside what it is made from.
    names |= {name for name, field in fields.items() if getattr(field, "of", None) in names}
    model._base_manager.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=sorted(names | derived),
    )


def _is_derived(field: models.Field) -> bool:
    return field.name.endswith("_key") and not hasattr(field, "of")


def _names(changed: list[Entry]) -> set[str]:
    return {name for entry in changed for name in entry.changes}


def keep_lines(run: ImportRun, batch: Batch, written: bool = False):
    """Keep what is told of each row in the place of what was told before."""
    ImportLine.objects.filter(run=run).delete()
    rows = _written_rows(batch) if written else {}
    lines = [
        {
            "number": entry.number,
            "state": str(entry.state),
            "label": _label(batch, entry),
            "data": _told(batch, entry),
            "rows": rows.get(entry, []),
        }
        for entry in batch.entries
    ]
    bulk.insert_values(ImportLine, lines, same={"run_id": run.pk})
    counts: dict[str, int] = defaultdict(int)
    for line in lines:
        counts[line["state"]] += 1
    run.counts, run.rows, run.done = dict(counts), len(lines), len(lines)


def _label(batch: Batch, entry: Entry) -> str:
    return batch.noun.name_of(entry)[:200] if entry.row is not None else ""


def _told(batch: Batch, entry: Entry) -> dict:
    told = {
        "errors": entry.errors,
        "duplicate": entry.duplicate,
        "notes": [str(note) for note in entry.notes],
    }
    if entry.is_new:
        columns = [(entry.columns[name].column, value) for name, value in entry.values.items()]
        cells = [
            [column.heading, in_words(column, value)]
            for column, value in columns
            if not column.is_personal
        ]
        label = _label(batch, entry)
        told["cells"] = [cell for cell in cells if cell[1] not in label][:MOST_TOLD]
        told["beside"] = [
            f"{row._meta.verbose_name} {_name(row)}" for row in entry.beside if not entry.errors
        ]
    else:
        told["changes"] = [_change(batch, name, pair) for name, pair in entry.changes.items()]
    return {name: value for name, value in told.items() if value}


def _name(row: models.Model) -> str:
    return "" if hasattr(row, "audit_name") else str(row)


def _change(batch: Batch, name: str, pair: list[str]) -> list[str]:
    field = batch.model._meta.get_field(name)
    return [str(field.verbose_name), *(str(one)[:200] for one in pair)]


def _written_rows(batch: Batch) -> dict[Entry, list]:
    """Return, by entry, what the undoing needs: the rows, their versions and former values."""
    owned = [(entry, row) for entry in batch.to_write for row in (*entry.beside, entry.row)]
    versions = _versions(row for _entry, row in owned)
    found, told = defaultdict(list), set()
    for entry, row in owned:
        place = (row._meta.label_lower, str(row.pk))
        if place in told:
            continue  # an enterprise that several rows of the file brought along
        told.add(place)
        one = {"row": place, "version": versions[row.pk]}
        if row is entry.row and not entry.is_new:
            one["before"] = former(entry)
        found[entry].append(one)
    return found


def former(entry: Entry) -> dict[str, str | None]:
    """Return the former values of what changes; a person's numbers are not kept for it."""
    fields = (entry.before._meta.get_field(name) for name in entry.changes)
    return {
        field.attname: field.value_to_string(entry.before)
        if getattr(entry.before, field.attname) is not None
        else None
        for field in fields
        if not isinstance(field, PersonalField)
    }


def _versions(rows: Iterable[models.Model]) -> dict:
    by_model = defaultdict(list)
    for row in rows:
        by_model[type(row)].append(row.pk)
    return {
        pk: version
        for model, pks in by_model.items()
        for pk, version in model._base_manager.filter(pk__any_of=pks).values_list("pk", "version")
    }
