"""``webhook-endpoints``: where a client is told of changes; each manages its own."""

from __future__ import annotations

from copy import copy
from http import HTTPStatus

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from zone.access.api_scopes import WEBHOOKS
from zone.api.documenting import Answer, Operation, parameter, query
from zone.api.paging import LONGEST, USUAL, KeyPage, limit_of
from zone.api.problems import Problem, error, model_errors
from zone.api.shapes import MOMENT, UUID, array_schema, named, nullable, object_schema, ref
from zone.api.values import NO_FIELD
from zone.api.views import etag, opaque
from zone.api.writing import WritingView, conflict
from zone.feed.synced import entities
from zone.models import AuditEntry, WebhookEndpoint
from zone.models.audit import contents, differences

SET = ("url", "entities")
SHOWN = (
    "id",
    "version",
    "created_at",
    "updated_at",
    "url",
    "entities",
    "is_disabled",
    "disabled_reason",
    "old_until",
)
Action = AuditEntry.Action


def shown(endpoint: WebhookEndpoint) -> dict:
    found = {name: getattr(endpoint, name) for name in SHOWN if name != "old_until"}
    return found | {"old_secret_until": endpoint.old_until}


@named("WebhookEndpoint")
def endpoint_shape() -> dict:
    fields = {"id": UUID, "version": {"type": "integer", "minimum": 1}}
    fields |= {"created_at": MOMENT, "updated_at": MOMENT, **settable()}
    fields |= {"is_disabled": {"type": "boolean"}, "disabled_reason": {"type": "string"}}
    fields["old_secret_until"] = nullable(MOMENT)
    about = _("Signs what is sent, as Standard Webhooks says; shown once, when it is made.")
    secret = {"type": "string", "description": about}
    return object_schema(fields | {"secret": secret}, fields)


@named("WebhookEndpointWrite")
def endpoint_write_shape() -> dict:
    return object_schema(settable(), ("url",), additionalProperties=False)


@named("WebhookEndpointChange")
def endpoint_change_shape() -> dict:
    return object_schema(settable(), additionalProperties=False)


def settable() -> dict:
    url = _("An https address on a host that the security administrator has approved.")
    which = _("Only these; a change of them is told as feed.reset. Empty: all that the key reads.")
    kinds = {"type": "string", "enum": list(entities())}
    return {
        "url": {"type": "string", "format": "uri", "maxLength": 500, "description": url},
        "entities": array_schema(kinds, description=which, uniqueItems=True),
    }


def of_endpoint(act: str, about, *refusals: int, answers: dict, **more) -> Operation:
    return Operation(
        name=f"webhook_endpoints_{act}",
        about=about,
        tag="webhook-endpoints",
        scope=WEBHOOKS,
        answers=answers,
        refusals=refusals,
        **more,
    )


ENDPOINT = ref("WebhookEndpoint")
PAGE = object_schema(
    {
        "data": array_schema(ENDPOINT),
        "next_cursor": {"type": ["string", "null"]},
        "has_more": {"type": "boolean"},
    },
    ("data", "next_cursor", "has_more"),
)
LIMITS = {"type": "integer", "minimum": 1, "maximum": LONGEST, "default": USUAL}
OF_LIST = of_endpoint(
    "list",
    _("Read where you are told of changes"),
    parameters=(
        query("cursor", {"type": "string", "minLength": 1}, _("next_cursor of the page before.")),
        query("limit", LIMITS, _("How many rows at most.")),
    ),
    answers={200: Answer(_("A page of rows."), PAGE)},
)
OF_CREATE = of_endpoint(
    "create",
    _("Be told of changes at an address"),
    409,
    422,
    parameters=(parameter("IdempotencyKey"),),
    body=ref("WebhookEndpointWrite"),
    answers={
        201: Answer(
            _("The endpoint, with its secret."),
            ENDPOINT,
            None,
            ("ETag", "Location", "Idempotency-Replayed"),
        )
    },
)
ONE = {200: Answer(_("The row as it is now."), ENDPOINT, None, ("ETag",))}
OF_READ = of_endpoint(
    "read",
    _("Read one endpoint"),
    404,
    parameters=(parameter("IfNoneMatch"),),
    answers=ONE | {304: Answer(_("It still has the version that is known."))},
)
OF_CHANGE = of_endpoint(
    "change",
    _("Change an endpoint"),
    *(404, 409, 412, 422, 428),
    parameters=(parameter("IfMatch"),),
    body=ref("WebhookEndpointChange"),
    answers=ONE,
)
OF_DELETE = of_endpoint(
    "delete",
    _("Be told no more"),
    *(404, 412, 428),
    parameters=(parameter("IfMatch"),),
    answers={204: Answer(_("The row is gone."))},
)


class EndpointsView(WritingView):
    """What every view of endpoints shares: the scope, and that a client sees its own alone."""

    def needed_scope(self, method: str) -> str:
        return WEBHOOKS

    def rows(self):
        return WebhookEndpoint.objects.filter(client=self.caller.client).order_by()

    def known_parameters(self) -> set[str]:
        return set(self.parameters)

    def one(self, pk, *, locked: bool = False) -> WebhookEndpoint:
        rows = self.rows().select_for_update() if locked else self.rows()
        if endpoint := rows.filter(pk=pk).first():
            return endpoint
        raise Http404

    def fill(self, endpoint: WebhookEndpoint):
        """Put the body into ``endpoint``; all its errors together."""
        errors = []
        for name, value in self.body().items():
            if name in SET and fits(name, value):
                setattr(endpoint, name, value)
            else:
                errors.append(error(f"/{name}", *mistake(name)))
        known = {found["pointer"].strip("/") for found in errors}
        endpoint.client = self.caller.client
        try:
            endpoint.full_clean(exclude=known)
        except ValidationError as refusal:
            errors += [
                one for one in model_errors(refusal) if one["pointer"].strip("/") not in known
            ]
        if errors:
            detail = _("See errors: each names the place in the body.")
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            raise Problem(status, detail, "invalid", errors=errors)

    def save(self, endpoint: WebhookEndpoint, **options):
        try:
            with transaction.atomic():
                endpoint.save(**options)
        except IntegrityError as clash:  # a twin was quicker
            raise conflict(clash) from clash

    def respond(self, endpoint: WebhookEndpoint, status: int = HTTPStatus.OK) -> Response:
        endpoint.refresh_from_db()
        headers = {"ETag": etag(endpoint.version)}
        if status == HTTPStatus.CREATED:
            headers["Location"] = f"/api/v1/webhook-endpoints/{endpoint.pk}"
        return Response(shown(endpoint), status, headers=headers)


def fits(name: str, value) -> bool:
    if name == "url":
        return isinstance(value, str)
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def mistake(name: str) -> tuple:
    if name in SET:
        return _("A text is wanted for url, a list of texts for entities."), "type"
    if name in (*SHOWN, "old_secret_until", "secret"):
        return _("This is not written directly."), "read_only"
    return NO_FIELD, "unknown"


class EndpointListView(EndpointsView):
    parameters = frozenset({"cursor", "limit"})
    documented = {"GET": OF_LIST, "POST": OF_CREATE}

    def get(self, request):
        page = KeyPage(self.rows(), "id", limit_of(request.query_params))
        rows = [shown(row) for row in page.after(request.query_params.get("cursor", ""))]
        data, has_more = rows[: page.limit], len(rows) > page.limit
        behind = page.cursor_behind(data[-1]) if has_more else None
        return Response({"data": data, "next_cursor": behind, "has_more": has_more})

    def post(self, request):
        """Make an endpoint; its secret is in this answer alone, and in no kept one."""
        self.secret = ""
        answer = self.once(self._create)
        if self.secret:
            answer.data = {**answer.data, "secret": self.secret}
        return answer

    def _create(self) -> Response:
        endpoint, account = WebhookEndpoint(), self.caller.client.account
        self.fill(endpoint)
        self.save(endpoint)
        AuditEntry.objects.record_made(endpoint, by=account)
        self.secret = endpoint.issue_secret(by=account)
        return self.respond(endpoint, HTTPStatus.CREATED)


class EndpointView(EndpointsView):
    documented = {"GET": OF_READ, "PATCH": OF_CHANGE, "DELETE": OF_DELETE}

    def get(self, request, pk):
        endpoint = self.one(pk)
        known = opaque(request.headers.get("If-None-Match", ""))
        if endpoint.version in known or "*" in known:
            tag = {"ETag": etag(endpoint.version)}
            return Response(status=HTTPStatus.NOT_MODIFIED, headers=tag)
        return self.respond(endpoint)

    @transaction.atomic
    def patch(self, request, pk):
        endpoint = self.one(pk, locked=True)
        self.refuse_stale(endpoint)
        before = copy(endpoint)
        self.fill(endpoint)
        if found := differences(before, endpoint, SET):
            self.save(endpoint, update_fields=SET)
            account = self.caller.client.account
            AuditEntry.objects.record(Action.CHANGED, by=account, of=endpoint, changes=found)
        return self.respond(endpoint)

    @transaction.atomic
    def delete(self, request, pk):
        endpoint = self.one(pk, locked=True)
        self.refuse_stale(endpoint)
        gone = {name: [value, ""] for name, value in contents(endpoint).items()}
        account = self.caller.client.account
        AuditEntry.objects.record(Action.DELETED, by=account, of=endpoint, changes=gone)
        endpoint.delete()
        return Response(status=HTTPStatus.NO_CONTENT)
