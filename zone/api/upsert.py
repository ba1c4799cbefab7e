"""The rows of a batch, from what was sent to what stands in the database.

A row is found by ``(source, external_id)``, else made. Every row is checked by its model's rules
and every kind of question is asked once for all; then one statement for each table writes what
is new and one what has changed. Only when the database refuses one of them is the batch halved,
until the rows that it refuses are found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.utils.translation import gettext_lazy as _

from zone import identifiers
from zone.api import values
from zone.api.problems import Problem, as_problem, error, refused
from zone.api.resources import Resource
from zone.api.writing import Draft, closed, conflict, not_yours, outside
from zone.database import bulk
from zone.models import AuditEntry, ExternalRef
from zone.models.audit import differences, written_fields

KEYS = {"ref", "external_id", "version", "data"}


@dataclass(eq=False)
class Item:
    """A row of the batch on its way: what was sent, what it became, or why it was refused."""

    index: int
    sent: dict
    draft: Draft | None = None
    before: models.Model | None = None  # as it was, for one that was there
    changes: dict | None = None
    problem: Problem | None = None
    version: int | None = None

    @property
    def row(self) -> models.Model:
        return self.draft.row

    @property
    def is_new(self) -> bool:
        return self.before is None

    @property
    def external_id(self):
        said = self.sent.get("external_id")
        return identifiers.line(said) if isinstance(said, str) else said

    @property
    def status(self) -> int:
        if self.problem:
            return self.problem.status_code
        if self.is_new:
            return HTTPStatus.CREATED
        return HTTPStatus.OK if self.changes else HTTPStatus.NO_CONTENT

    @property
    def result(self) -> dict:
        found = {name: self.sent.get(name) for name in ("ref", "external_id")}
        found = {"index": self.index, **found, "status": self.status}
        there = self.draft and not (self.problem and self.is_new)
        found |= {"id": self.row.pk if there else None, "version": self.version}
        return found | ({"problem": self.problem.body} if self.problem else {})

    def refuse(self, problem: Problem):
        """Note why the row is not written, its places named from the body's root."""
        at = f"/items/{self.index}"
        below = f"{at}/data" if self.draft else at
        for found in problem.errors:
            found["pointer"] = below + found["pointer"]
        self.problem = problem


class Batch:
    """The rows of one request, from what was sent to what stands in the database."""

    def __init__(self, resource: Resource, caller, source: str, sent: list):
        self.resource, self.caller, self.source = resource, caller, source
        self.model, self.by = resource.model, caller.client.account
        self.finder = values.Finder(caller)
        self.items = [self._item(index, one) for index, one in enumerate(sent)]

    def write(self):
        """Write what may be written; every other item knows its problem afterwards."""
        self._refuse_repeated()
        self._prime()
        rows = self._known_rows()
        for item in self.open:
            self._draft(item, rows)
        self._refuse_taken()
        self._refuse_duplicates()
        self._save([item for item in self.open if item.is_new or item.changes])
        self._read_versions()

    @property
    def open(self) -> list[Item]:
        return [item for item in self.items if item.problem is None]

    # Reading

    def _item(self, index: int, sent) -> Item:
        item = Item(index, sent if isinstance(sent, dict) else {})
        if errors := list(shape_errors(sent)):
            # Only what can be echoed is echoed.
            item.sent = {k: v for k, v in item.sent.items() if isinstance(v, str)}
            item.refuse(refused(errors))
        return item

    def _refuse_repeated(self):
        seen = set()
        for item in self.open:
            if item.external_id in seen:
                detail = _("This external_id stands in the batch already; the first one counts.")
                errors = [error("/external_id", detail, "repeated")]
                item.refuse(Problem(HTTPStatus.CONFLICT, detail, "repeated", errors=errors))
            seen.add(item.external_id)

    def _prime(self):
        """Find the rows that all items point to, each kind in one query."""
        names = {*self.resource.writable, *self.resource.create_only}
        for field in self.model._meta.concrete_fields:
            if field.is_relation and field.name in names:
                said = (item.sent["data"].get(field.name) for item in self.open)
                self.finder.prefetch(field.related_model, [value for value in said if value])

    def _known_rows(self) -> dict[str, models.Model | None]:
        """Return the rows there are by external id, locked; None for one out of reach or gone."""
        # Of two batches of one system the second waits, so that no row is made twice.
        with connection.cursor() as cursor:
            name = f"{self.model.SYNC.number}:{self.source}"
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 8))", [name])
        refs = self._references(item.external_id for item in self.open)
        if not refs:
            return {}
        rows = self.model._base_manager.filter(pk__any_of=refs.values()).order_by("pk")
        rows = rows.select_related(*pointed_at(self.model)).select_for_update(of=("self",))
        there = {row.pk: row for row in rows}
        seen = self._visible(there)
        return {ref: there[pk] if pk in seen else None for ref, pk in refs.items()}

    def _references(self, external_ids: Iterable[str]) -> dict[str, UUID]:
        refs = ExternalRef.objects.of(self.model).filter(source=self.source)
        mine = refs.filter(external_id__any_of=external_ids)
        return dict(mine.values_list("external_id", "object_id"))

    def _visible(self, ids: Iterable[UUID]) -> set[UUID]:
        if self.caller.scope.zone:
            return set(ids)
        rows = self.resource.rows(self.caller).filter(pk__any_of=ids)
        return set(rows.values_list("pk", flat=True))

    # Checking

    def _draft(self, item: Item, rows: dict):
        try:
            row = self._row_of(item, rows)
            item.before = copy(row) if row else None
            data = item.sent["data"]
            item.draft = UpsertDraft(self.resource, self.caller, data, row, self.finder)
            item.draft.check_alone()
            self._refuse_closed(item)
            if row:
                item.changes = differences(item.before, row, written_fields(self.model))
        except Problem as problem:
            item.refuse(problem)

    def _row_of(self, item: Item, rows: dict) -> models.Model | None:
        wanted = item.sent.get("version")
        row = rows.get(item.external_id)
        if row is None and (item.external_id in rows or wanted is not None):
            detail = _("This reference stands for no row within your reach; it may be deleted.")
            raise Problem(HTTPStatus.NOT_FOUND, detail, "not_found")
        if row is not None:
            item.version = row.version
        if row is not None and wanted not in (None, row.version):
            detail = _("The row has version %s now; read it again, then decide.") % row.version
            raise Problem(HTTPStatus.PRECONDITION_FAILED, detail, "stale")
        return row

    def _refuse_closed(self, item: Item):
        if not self.resource.may_write(item.row, self.caller):
            raise not_yours()
        changeable = getattr(item.before or item.row, "can_change", None)
        if changeable and not changeable(self.by):
            raise closed()

    def _refuse_taken(self):
        """Refuse what another row, here or in the database, already has for itself."""
        for field in self.model._meta.concrete_fields:
            if field.unique and not field.primary_key:
                self._refuse_taken_values(field)

    def _refuse_taken_values(self, field: models.Field):
        said = {item: field.get_prep_value(getattr(item.row, field.attname)) for item in self.open}
        said = {item: value for item, value in said.items() if value}
        if not said:
            return
        held = self.model._base_manager.filter(**{f"{field.attname}__any_of": set(said.values())})
        holders = dict(held.values_list(field.attname, "pk"))
        for item, value in said.items():
            if holders.setdefault(value, item.row.pk) != item.row.pk:
                refusal = item.row.unique_error_message(self.model, (field.name,))
                at = f"/{self.resource.error_fields.get(field.name, field.name)}"
                item.refuse(refused([error(at, refusal.messages[0], "duplicate")]))

    def _refuse_duplicates(self):
        new = {item.row: item for item in self.open if item.is_new}
        for row, problem in self.resource.duplicates(new).items() if new else ():
            new[row].refuse(problem)

    # Writing

    def _save(self, items: list[Item]):
        """Save ``items``; what the database refuses, and what would be lost to view, is left."""
        if not items:
            return
        try:
            with transaction.atomic():
                self._write(items)
        except SkippedRows as left:
            for item, problem in left.items.items():
                item.refuse(problem)
            self._save([item for item in items if item not in left.items])
        except IntegrityError as clash:
            half = len(items) // 2
            if not half:
                items[0].refuse(clash_problem(items[0].row, clash))
                return
            self._save(items[:half])
            self._save(items[half:])

    def _write(self, items: list[Item]):
        new = [item for item in items if item.is_new]
        changed = [item for item in items if not item.is_new]
        if new:
            # Before the rows: so that their first version shows them.
            self._write_references(new)
            self.resource.create_all({item.row: item.draft.extra for item in new}, self.by)
        if changed:
            self._write_changes(changed)
        seen = self._visible(item.row.pk for item in items)
        if beyond := {item: outside() for item in items if item.row.pk not in seen}:
            raise SkippedRows(beyond)

    def _write_references(self, new: list[Item]):
        same = {"source": self.source, "entity": self.model.SYNC.number}
        refs = [{"external_id": item.external_id, "object_id": item.row.pk} for item in new]
        try:
            with transaction.atomic():
                bulk.insert_values(ExternalRef, refs, same=same)
        except IntegrityError:
            # Somebody has written one of them, alone, since this batch looked.
            held = self._references(item.external_id for item in new)
            detail = _("This reference already belongs to another row.")
            taken = Problem(HTTPStatus.CONFLICT, detail, "reference")
            if clashes := {item: taken for item in new if item.external_id in held}:
                raise SkippedRows(clashes) from None
            raise

    def _write_changes(self, changed: list[Item]):
        rows = [item.row for item in changed]
        self.model.set_derived_fields(rows)
        fields = [f for f in self.model._meta.concrete_fields if not f.primary_key]
        names = {f.name for f in fields for item in changed if differs(item, f)}
        # Kept beside what it is made from.
        names |= {field.name for field in fields if getattr(field, "of", None) in names}
        self.model._base_manager.bulk_create(
            rows, update_conflicts=True, unique_fields=["id"], update_fields=sorted(names)
        )
        self.model.after_writing(rows)
        changes = {item.row: item.changes for item in changed}
        AuditEntry.objects.record_all_changed(changes, by=self.by)

    def _read_versions(self):
        written = {item.row.pk: item for item in self.open}
        rows = self.model._base_manager.filter(pk__any_of=written)
        for pk, version in rows.values_list("pk", "version"):
            written[pk].version = version


class UpsertDraft(Draft):
    """A row of a batch; sent again, its create-only fields must be equal."""

    def _take(self, name: str, value):
        if name == "external_refs":
            raise ValidationError(_("A batch names its rows by external_id."), code="read_only")
        if self.is_new or name not in (*self.resource.create_only, *self.resource.create_values):
            return super()._take(name, value)
        if name in self.resource.create_only:
            field = self.resource.model._meta.get_field(name)
            said = values.read_value(field, value, self.finder)
            if said != getattr(self.row, name):
                raise ValidationError(_("This is fixed when the row is made."), code="fixed")
        return None


class SkippedRows(Exception):
    """Some items cannot be written; the statement is undone and done without them."""

    def __init__(self, items: dict[Item, Problem]):
        super().__init__()
        self.items = items


def shape_errors(sent) -> Iterator[dict]:
    """Yield what is wrong around the data of an item."""
    if not isinstance(sent, dict):
        yield error("", _("A row is an object with external_id and data."), "type")
        return
    for name in sorted({*sent} - KEYS):
        yield error(f"/{name}", values.NO_FIELD, "unknown")
    if not isinstance(sent.get("data"), dict):
        yield error("/data", _("data is an object with the fields of the row."), "type")
    if not isinstance(sent.get("ref", ""), (str, type(None))):
        yield error("/ref", _("A text is needed here."), "type")
    version = sent.get("version")
    if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
        yield error("/version", _("A whole number is needed here."), "type")
    for wrong in reference_errors("external_id", sent.get("external_id")):
        yield error("/external_id", *wrong)


def reference_errors(name: str, value) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with ``source`` or ``external_id``: ``(detail, code)``."""
    try:
        values.reference_part(name, {name: value})
    except ValidationError as refusal:
        for one in refusal.error_list:
            yield one.messages[0], one.code or "invalid"


def pointed_at(model: type[models.Model]) -> Iterator[str]:
    """Yield the paths of all that a row's rules and its lines in the trail ask for."""
    for field in model._meta.concrete_fields:
        if field.is_relation:
            yield field.name
            yield from (f"{field.name}__{name}" for name in values.owners(field.related_model))


def differs(item: Item, field: models.Field) -> bool:
    return getattr(item.before, field.attname) != getattr(item.row, field.attname)


def clash_problem(row: models.Model, clash: IntegrityError) -> Problem:
    """Return the rule that the database has refused the row by, in the model's own words."""
    try:
        row.full_clean()
    except ValidationError as refusal:
        problem = as_problem(refusal)
        return refused(problem.errors)
    return conflict(clash)
