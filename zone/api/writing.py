"""Writing over the interface: through the models' own rules, once, and against a known version.

What the admin refuses is refused here by the same ``clean``, constraint or state method, with a
pointer to the place in the body.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from copy import copy
from http import HTTPStatus
from itertools import chain

import orjson
from django.contrib.admin.utils import NestedObjects
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connection, models, transaction
from django.db.models import ProtectedError, Value
from django.db.models.functions import Cast
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from zone.access.api_scopes import DELETE, WRITE
from zone.api import operations, values
from zone.api.problems import Problem, error, model_errors, refused
from zone.api.references import References
from zone.api.rendering import write_json
from zone.api.resources import BASE, RESOURCES, Resource
from zone.api.views import DetailView, ListView, ResourceView, etag, opaque
from zone.feed.log import with_origin
from zone.models import ApiReply, AuditEntry, Row
from zone.models.audit import contents, differences, written_fields

KEY = re.compile(r"[!-~]{1,200}")
NO_KEY = _(
    "Send an Idempotency-Key of 1 to 200 letters, digits and signs without blanks, so that a "
    "repeated request is done once."
)
RUNNING = _("A request with this Idempotency-Key is still being done.")
REUSED = _("This Idempotency-Key was used with another body.")


class WritingView(ResourceView):
    """Mixin for views that write: idempotency, versions, locks."""

    def needed_scope(self, method: str) -> str:
        acts = {"POST": WRITE, "PATCH": WRITE, "DELETE": DELETE}
        if method in acts:
            return f"{self.resource.name}:{acts[method]}"
        return super().needed_scope(method)

    def once(self, work: Callable[[], Response]) -> Response:
        """Do ``work`` and keep its answer with it; the same request again gets the kept answer."""
        key = self.request.headers.get("Idempotency-Key", "")
        if not KEY.fullmatch(key):
            raise Problem(HTTPStatus.BAD_REQUEST, NO_KEY, "idempotency_key")
        client, fingerprint = self.caller.client, self._fingerprint()
        with transaction.atomic():
            if not _lock(f"{client.pk}:{key}"):
                running = Problem(HTTPStatus.CONFLICT, RUNNING, "running")
                running.wait = 1
                raise running
            if known := ApiReply.objects.filter(client=client, key=key).first():
                if known.fingerprint != fingerprint:
                    raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, REUSED, "key_reused")
                headers = {**known.headers, "Idempotency-Replayed": "true"}
                return Response(known.body, known.status, headers=headers)
            with with_origin(client.account_id):
                answer = work()
            kept = {name: answer[name] for name in ("ETag", "Location") if name in answer}
            ApiReply.objects.create(
                client=client,
                key=key,
                fingerprint=fingerprint,
                status=answer.status_code,
                headers=kept,
                # As the text it is: made into objects it would only be written out again.
                body=Cast(Value(write_json(answer.data).decode()), models.JSONField()),
            )
            return answer

    def _fingerprint(self) -> str:
        said = f"{self.request.method} {self.request.path} ".encode()
        return hashlib.sha256(said + in_order(self.request.data)).hexdigest()

    def answer(self, row: models.Model, status: int = HTTPStatus.OK, resource=None) -> Response:
        """Return the row as it stands now; personal numbers masked, as answers are kept."""
        resource = resource or self.resource
        shown = resource.read(
            resource.model._base_manager.filter(pk=row.pk), self.caller, plain=False
        )
        headers = {"ETag": etag(shown[0].version)}
        if status == HTTPStatus.CREATED:
            headers["Location"] = f"/api/v1/{resource.name}/{row.pk}"
        return Response(shown[0].data, status, headers=headers)

    def body(self) -> dict:
        if not isinstance(self.request.data, dict):
            raise Problem(HTTPStatus.BAD_REQUEST, _("The body is a JSON object."), "unreadable")
        return self.request.data

    def locked(self, pk) -> models.Model:
        """Return the row within reach, locked until the end of the transaction."""
        # Locked first: what is within reach when it is asked for stays so until the end.
        row = self.resource.model.locked(pk)
        if row is None or not self.resource.rows(self.caller).filter(pk=pk).exists():
            raise Http404
        return row

    def refuse_stale(self, row: models.Model):
        """Refuse a write that does not name the current version (``If-Match``)."""
        header = self.request.headers.get("If-Match")
        if header is None:
            detail = _("Send If-Match with the ETag of the row you have read.")
            raise Problem(HTTPStatus.PRECONDITION_REQUIRED, detail, "if_match")
        if row.version not in opaque(header) and header.strip() != "*":
            detail = _("The row has version %s now; read it again, then decide.") % row.version
            raise Problem(HTTPStatus.PRECONDITION_FAILED, detail, "stale", etag=etag(row.version))

    def refuse_closed(self, row: models.Model):
        if not self.resource.may_write(row, self.caller):
            raise not_yours()
        if hasattr(row, "can_change") and not row.can_change(self.request.user):
            raise closed()


class WritableListView(WritingView, ListView):
    documented = ListView.documented | {"POST": operations.of_create}

    def post(self, request):
        return self.once(self._create)

    def _create(self) -> Response:
        draft = Draft(self.resource, self.caller, self.body())
        row = draft.made(self.refuse_closed)
        self.refuse_outside(row)
        return self.answer(row, HTTPStatus.CREATED)

    def refuse_outside(self, row: models.Model):
        if not self.resource.rows(self.caller).filter(pk=row.pk).exists():
            raise outside()


class WritableDetailView(WritingView, DetailView):
    documented = DetailView.documented | {
        "PATCH": operations.of_change,
        "DELETE": operations.of_delete,
    }

    def patch(self, request, pk):
        with transaction.atomic(), with_origin(self.caller.client.account_id):
            row = self.locked(pk)
            self.refuse_stale(row)
            body = self.body()
            self.refuse_closed(row)
            Draft(self.resource, self.caller, body, row).changed()
            if not self.resource.rows(self.caller).filter(pk=pk).exists():
                raise outside()
            return self.answer(row)

    def delete(self, request, pk):
        with transaction.atomic(), with_origin(self.caller.client.account_id):
            row = self.locked(pk)
            self.refuse_stale(row)
            self.refuse_closed(row)
            self._delete(row)
            return Response(status=HTTPStatus.NO_CONTENT)

    def _delete(self, row):
        collector = NestedObjects(using=DEFAULT_DB_ALIAS)
        collector.collect([row])
        # What goes along has its line too.
        rows = {kind: ones for kind, ones in collector.data.items() if issubclass(kind, Row)}
        if not all(self.caller.sees(kind, ones) for kind, ones in rows.items()):
            detail = _("Rows beyond your reach hang on this one; please ask the office.")
            raise Problem(HTTPStatus.CONFLICT, detail, "beyond_reach")
        for one in chain.from_iterable(rows.values()):
            gone = {name: [value, ""] for name, value in contents(one).items()}
            deleted = AuditEntry.Action.DELETED
            AuditEntry.objects.record(deleted, by=self.request.user, of=one, changes=gone)
        try:
            row.delete()
        except ProtectedError as refusal:
            kinds = {str(other._meta.verbose_name) for other in refusal.protected_objects}
            detail = _("Other rows still point here: %s.") % "、".join(sorted(kinds))
            raise Problem(HTTPStatus.CONFLICT, detail, "in_use") from refusal


class ActionView(WritingView):
    """A state change: ``POST leads/{id}/advance``; the model's own method does it."""

    documented = {"POST": operations.of_action}
    action: str = ""

    def needed_scope(self, method: str) -> str:
        if method == "POST":
            return f"{self.resource.name}:{self.resource.actions[self.action].act}"
        return super().needed_scope(method)

    def post(self, request, pk):
        return self.once(lambda: self._do(pk))

    def _do(self, pk) -> Response:
        action = self.resource.actions[self.action]
        self.refuse_without(action.needs)
        row = self.locked(pk)
        if "If-Match" in self.request.headers:
            self.refuse_stale(row)
        given = read_fields(action.fields, self.body())
        result = action.call(row, self.request.user, **given)
        if result is None or isinstance(result, self.resource.model):
            return self.answer(row)
        return self.answer(result, HTTPStatus.CREATED, RESOURCES[action.result])


def in_order(body) -> bytes:
    """Return a body as text, the same for any order of its keys."""
    try:
        return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # a whole number of more than 64 bits
        return json.dumps(body, sort_keys=True).encode()


def read_fields(readers: dict[str, Callable], data: dict) -> dict:
    """Read the values of an action, all errors together."""
    errors, found = [], {}
    for name, value in data.items():
        if name not in readers:
            errors.append(error(f"/{name}", values.NO_FIELD, "unknown"))
            continue
        try:
            found[name] = readers[name](value)
        except ValidationError as refusal:
            errors += model_errors(refusal, f"/{name}")
    if errors:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, _("See errors."), "invalid", errors=errors)
    return found


class Draft:
    """A row as a body describes it: read, checked by the model's rules, then saved."""

    def __init__(self, resource: Resource, caller, data: dict, row=None, finder=None):
        self.resource, self.caller = resource, caller
        self.finder = finder or values.Finder(caller)
        self.is_new = row is None
        self.row = resource.blank() if row is None else row
        self.before = copy(row)
        self.errors: list[dict] = []
        self.extra: dict = {}
        self.references: References | None = None
        self._fill(data)

    def made(self, refuse_closed: Callable) -> models.Model:
        """Save the new row as its model wants it made."""
        self.check()
        refuse_closed(self.row)
        for problem in self.resource.duplicates([self.row]).values():
            raise problem
        # Before the row: so that its first version shows them.
        self._save_references()
        try:
            self.resource.create(self.row, self.caller.client.account, **self.extra)
        except ValidationError as refusal:
            self.errors += model_errors(refusal)
            self._raise()
        except IntegrityError as clash:
            raise conflict(clash) from clash
        return self.row

    def changed(self):
        """Save the changed row; one that is as it was stays untouched."""
        self.check()
        found = differences(self.before, self.row, written_fields(self.row._meta.model))
        if found:
            try:
                self.row.save()
            except IntegrityError as clash:
                raise conflict(clash) from clash
            changed = AuditEntry.Action.CHANGED
            account = self.caller.client.account
            AuditEntry.objects.record(changed, by=account, of=self.row, changes=found)
        self._save_references()

    def _fill(self, data: dict):
        # References first: a source of somebody else is refused before anything is looked up.
        for name in sorted(data, key=lambda name: name != "external_refs"):
            try:
                self._take(name, data[name])
            except ValidationError as refusal:
                self.errors += model_errors(refusal, f"/{name}")

    def _take(self, name: str, value):
        first = self.resource.create_values if self.is_new else {}
        if name == "external_refs":
            self.references = References(value, self.row, self.caller, self.is_new)
        elif name in first or name in self.resource.component_values:
            reader = first.get(name) or self.resource.component_values[name]
            self.extra[name] = self.finder.once(reader, value)
        elif name in self.resource.writable or (self.is_new and name in self.resource.create_only):
            field = self.resource.model._meta.get_field(name)
            setattr(self.row, name, values.read_value(field, value, self.finder))
        elif name in (*BASE, *self.resource.fields):
            raise ValidationError(_("This is not written directly."), code="read_only")
        else:
            raise ValidationError(values.NO_FIELD, code="unknown")

    def check(self):
        """Check the row by all its model's rules; raises a ``Problem`` with every error."""
        known = self._prepared()
        self._note(lambda: self.row.full_clean(exclude=known))
        self._note_rights()
        self._raise()

    def check_alone(self):
        """Check what can be told without asking the database; the rest it says on writing."""
        known = self._prepared()
        for field in self.resource.pointers_needed:
            if getattr(self.row, field.attname) is None and field.name not in known:
                self.errors.append(error(f"/{field.name}", field.error_messages["null"], "null"))
        self._note(lambda: self.row.clean_fields(exclude=known | self.resource.not_sent))
        self._note(self.row.clean)
        self._note_rights()
        self._raise()

    def _prepared(self) -> set[str]:
        """Put component values together; return the fields that are wrong already or set later."""
        known = {found["pointer"].strip("/") for found in self.errors}
        before = len(self.errors)
        self._note(lambda: self.resource.prepare(self.row, self.extra))
        unset = self.resource.composite_fields if len(self.errors) > before else ()
        return known | {*unset, *self.resource.set_later}

    def _note(self, rule: Callable):
        try:
            rule()
        except ValidationError as refusal:
            self.errors += model_errors(refusal)

    def _note_rights(self):
        """Note what this client may not write, where nothing else is wrong."""
        known = {found["pointer"] for found in self.errors}
        try:
            self.row.clean_for(self.caller.client.account, self.before)
        except ValidationError as refusal:
            self.errors += [e for e in model_errors(refusal) if e["pointer"] not in known]

    def _raise(self):
        if self.errors:
            raise refused(self.errors)

    def _save_references(self):
        if self.references is not None and self.references.save():
            changed, said = AuditEntry.Action.CHANGED, self.references.in_words
            account = self.caller.client.account
            AuditEntry.objects.record(changed, by=account, of=self.row, references=said)


def not_yours() -> Problem:
    detail = _("Only whoever runs the park writes this; the key has to reach the park.")
    return Problem(HTTPStatus.FORBIDDEN, detail, "not_yours")


def closed() -> Problem:
    return Problem(HTTPStatus.CONFLICT, Row.CLOSED, "closed")


def outside() -> Problem:
    detail = _("This would put the row beyond your reach; choose a chain or park of yours.")
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, "out_of_scope")


def conflict(clash: IntegrityError) -> Problem:
    """Tell the rule that a concurrent write has made true first, and nothing of its row."""
    name = getattr(getattr(clash.__cause__, "diag", None), "constraint_name", "") or ""
    detail = _("Another request has just recorded this (%s); read again, then decide.") % name
    return Problem(HTTPStatus.CONFLICT, detail, "conflict")


def _lock(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 7))", [name])
        return cursor.fetchone()[0]
