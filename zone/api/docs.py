"""The published schema and the page that shows it: for people who are logged in, and for keys."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework.response import Response

from zone.api.documenting import Answer, Operation
from zone.api.rendering import FastJSONRenderer
from zone.api.schema import schema_in
from zone.api.views import ApiView


class SchemaView(ApiView):
    documented = {
        "GET": Operation(
            name="schema",
            about=_("Read this schema"),
            tag="about",
            answers={200: Answer(_("The schema, as OpenAPI 3.1."), {"type": "object"})},
        )
    }

    def get(self, request):
        return Response(schema_in(get_language()))


class DocsView(ApiView):
    """For people above all, so it is no operation of the schema."""

    schema = None

    def get(self, request):
        return docs_page(request)


def schema_file(request: HttpRequest) -> HttpResponse:
    written = FastJSONRenderer().render(schema_in(get_language()))
    return HttpResponse(written, FastJSONRenderer.media_type)


def docs_page(request: HttpRequest) -> HttpResponse:
    return render(request, "zone/api_docs.html")


def for_people_too(view: type[ApiView], page: Callable, *, login: bool) -> Callable:
    """Open ``page`` to whoever is logged in, and the view of the interface to keys.

    Without either, a page leads to the ``login``; what a program reads is refused.
    """
    by_key, by_session = view.as_view(), admin.site.admin_view(page)

    @csrf_exempt  # the page only reads, and keys are no cookies
    def door(request: HttpRequest, **kwargs) -> HttpResponse:
        reads = request.method in ("GET", "HEAD") and "Authorization" not in request.headers
        if reads and (login or admin.site.has_permission(request)):
            return by_session(request, **kwargs)
        return by_key(request, **kwargs)

    door.cls, door.initkwargs = view, {}
    return door
