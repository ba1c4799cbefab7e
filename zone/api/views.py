"""Base views of the interface: key, scope and throttle are checked first."""

from __future__ import annotations

import re
import uuid
from http import HTTPStatus

from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.utils import translation
from django.utils.decorators import classonlymethod
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import NotAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from zone.access.api_scopes import READ
from zone.api import operations, problems, throttle
from zone.api.callers import Caller, KeyAuthentication
from zone.api.paging import KeyPage, bad_parameter, limit_of
from zone.api.parsing import StrictJSONParser
from zone.api.rendering import FastJSONRenderer
from zone.api.resources import Resource
from zone.middleware import LengthRequired
from zone.models import ExternalRef

EMPTY = _("An empty value selects nothing; leave it out.")
REQUEST_ID = re.compile(r"[\w.-]{8,64}", re.ASCII)


class ApiView(APIView):
    """The base of every view under ``/api/v1/``; ``scope`` is what the method needs."""

    authentication_classes = (KeyAuthentication,)
    permission_classes = ()
    parser_classes = (StrictJSONParser,)
    renderer_classes = (FastJSONRenderer,)
    scopes: dict[str, str] = {}
    parameters: frozenset[str] = frozenset()
    write_parameters: frozenset[str] = frozenset()
    # What the published schema says, by method: an Operation, or a function of the view.
    documented: dict = {}
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    @classonlymethod
    def as_view(cls, **initkwargs):
        return login_not_required(super().as_view(**initkwargs))

    def get_exception_handler(self):
        return problems.handle

    def initialize_request(self, request, *args, **kwargs):
        if "Accept-Language" in request.headers:
            # People choose the language of the pages; a system says which labels it wants.
            translation.activate(translation.get_language_from_request(request))
        given = request.headers.get("X-Request-ID", "")
        made = super().initialize_request(request, *args, **kwargs)
        made.request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        return made

    def perform_content_negotiation(self, request, force=False):
        return FastJSONRenderer(), FastJSONRenderer.media_type  # whatever was asked for

    def initial(self, request, *args, **kwargs):
        self.throttle = None
        self.format_kwarg = None
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(
            request
        )
        if not isinstance(request.auth, Caller):
            raise NotAuthenticated(_("Send your key: Authorization: Bearer crm_…"))
        self.throttle = throttle.take(request.auth.client)
        self.throttle.refuse_empty()
        self.caller = request.auth
        if announces_body_without_length(request):
            raise LengthRequired("Send the body with Content-Length.")
        if request.method not in self.allowed_methods:
            self.http_method_not_allowed(request)
        self.refuse_without(self.needed_scope(request.method))
        self.refuse_parameters(request)

    def refuse_without(self, scope: str):
        if scope and not self.caller.may(scope):
            detail = _("This key lacks the scope %s; please ask the security administrator.")
            raise problems.Problem(HTTPStatus.FORBIDDEN, detail % scope, "scope", scope=scope)

    def needed_scope(self, method: str) -> str:
        return self.scopes.get("GET" if method == "HEAD" else method, "")

    def known_parameters(self) -> set[str]:
        """Return the parameters that reading takes; writing takes none."""
        return set(self.parameters)

    def refuse_parameters(self, request):
        """Refuse what would be passed over in silence: the caller would read it as obeyed."""
        reads = request.method in ("GET", "HEAD")
        known = self.known_parameters() if reads else self.write_parameters
        for name, values in request.query_params.lists():
            if name not in known:
                raise bad_parameter(name, _("There is no such parameter here."))
            if len(values) > 1:
                raise bad_parameter(name, _("This parameter stands there twice."))
            if not values[0]:
                raise bad_parameter(name, EMPTY)
            if "\0" in values[0]:
                raise bad_parameter(name, _("The character NUL stands for nothing here."))

    def finalize_response(self, request, response, *args, **kwargs):
        response = super().finalize_response(request, response, *args, **kwargs)
        response["X-Request-ID"] = getattr(request, "request_id", "")
        response["Cache-Control"] = "private, no-store"
        if getattr(self, "throttle", None):
            for name, value in self.throttle.headers.items():
                response[name] = value
        return response


def announces_body_without_length(request) -> bool:
    """Whether a body is said to come that nobody can find the end of: it is never read."""
    kind = request.META.get("CONTENT_TYPE") or "text/plain"  # some servers fill that in
    has_kind = not kind.startswith("text/plain") and request.method not in ("GET", "HEAD")
    return has_kind and not request.META.get("CONTENT_LENGTH")


class ResourceView(ApiView):
    """A view of one resource, which ``as_view(resource=…)`` names."""

    resource: Resource = None

    def needed_scope(self, method: str) -> str:
        return f"{self.resource.name}:{READ}" if method in ("GET", "HEAD", "OPTIONS") else ""


class ListView(ResourceView):
    documented = {"GET": operations.of_list}

    def known_parameters(self) -> set[str]:
        filters = set(self.resource.filterset.base_filters)
        return filters | {"cursor", "limit", "order", "external", "count"}

    def get(self, request):
        params = request.query_params
        order = params.get("order", "id")
        if order not in self.resource.orders:
            names = ", ".join(self.resource.orders)
            raise bad_parameter("order", _("order is one of: %s.") % names)
        rows = self.found(params)
        page = KeyPage(rows, order, limit_of(params))
        shown = self.resource.read(page.after(params.get("cursor", "")), self.caller)
        self.resource.note_numbers(shown[: page.limit], self.caller)
        data = [row.data for row in shown[: page.limit]]
        body = {"data": data, "next_cursor": None, "has_more": len(shown) > page.limit}
        headers = {}
        if body["has_more"]:
            body["next_cursor"] = page.cursor_behind(data[-1])
            query = params.copy()
            query["cursor"] = body["next_cursor"]
            address = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
            headers["Link"] = f'<{address}>; rel="next"'
        if "count" in params:
            body["estimated_count"] = estimate(rows)
        return Response(body, headers=headers)

    def found(self, params):
        """Return the rows that the parameters ask for; a wrong one is told by its name."""
        if params.get("count", "estimate") != "estimate":
            raise bad_parameter("count", _("Only count=estimate is possible."))
        for name, text in params.items():
            if name.endswith("__in") and "" in text.split(","):
                raise bad_parameter(name, EMPTY)
        rows = self.resource.rows(self.caller)
        filters = self.resource.filterset(params, rows)
        if not filters.is_valid():
            name, errors = next(iter(filters.errors.items()))
            raise bad_parameter(name, errors[0])
        rows = filters.qs
        return self.by_reference(rows, params["external"]) if "external" in params else rows

    def by_reference(self, rows, text: str):
        source, colon, external_id = text.partition(":")
        if not (source and colon and external_id):
            raise bad_parameter("external", _("Write external=<source>:<external_id>."))
        refs = ExternalRef.objects.of(self.resource.model)
        known = refs.filter(source=source, external_id=external_id)
        return rows.filter(pk__in=known.values("object_id"))


class DetailView(ResourceView):
    documented = {"GET": operations.of_detail}

    def get(self, request, pk):
        found = self.resource.read(self.resource.rows(self.caller).filter(pk=pk), self.caller)
        if not found:
            raise Http404
        tag = etag(found[0].version)
        known = opaque(request.headers.get("If-None-Match", ""))
        if found[0].version in known or "*" in known:
            return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
        self.resource.note_numbers(found, self.caller)
        return Response(found[0].data, headers={"ETag": tag})


# Views that are no resource, by their addresses; the floors add theirs.
VIEWS: dict[str, type[ApiView]] = {}


def add_view(address: str, view: type[ApiView]):
    VIEWS[address] = view


class NoSuchView(ApiView):
    """Whatever is no address of ours: also a problem, and only for whoever has a key."""

    schema = None

    def http_method_not_allowed(self, request, *args, **kwargs):
        raise Http404

    def refuse_parameters(self, request):
        pass  # none is known, and the address is what is wrong


def etag(version: int) -> str:
    return f'"{version}"'


def opaque(header: str) -> set:
    """Return the versions of a header, leniently: gzip turns ``"17"`` into ``W/"17"``."""
    words = [word.strip().removeprefix("W/").strip('"') for word in header.split(",")]
    return {int(word) if word.isascii() and word.isdecimal() else word for word in words if word}


def estimate(rows) -> int:
    """Return how many rows the planner expects: an exact count would read all of them."""
    plan = rows.order_by().values("pk").explain(format="json")
    return int(re.search(r'"Plan Rows": (\d+)', plan)[1])
