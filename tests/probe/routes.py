"""Every address of the program, filled in with the rows one wants to get at."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from zone.api.urls import RESOURCES

# Not ours to probe: signing out would end the probe, static files hold no rows.
SKIPPED = ("logout", "static", "jsi18n", "setlang")


def patterns(resolver=None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Yield (route, pattern) of every view, however deep it is included."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + _route(pattern)
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern, route)
        elif not any(name in (pattern.name or "") or name in route for name in SKIPPED):
            yield route, pattern


def _route(pattern) -> str:
    inner = pattern.pattern
    if isinstance(inner, RoutePattern):
        return str(inner)
    return re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", str(inner)).strip("^$").replace("\\Z", "")


def addresses_of(row) -> list[str]:
    """Return every address that names ``row``: of its model's admin, and of pages."""
    found = []
    own = f"admin/{row._meta.app_label}/{row._meta.model_name}/"
    for route, _pattern in patterns():
        if "<" not in route:
            continue
        if route.startswith("admin/") and not _may_name(route, row, own):
            continue
        if route.startswith("api/") and not _is_resource_of(route, row):
            continue
        found.append("/" + _filled(route, row))
    return found


def _is_resource_of(route: str, row) -> bool:
    resource = RESOURCES.get(route.split("/")[2])
    return resource is None or resource.model is type(row)


def _may_name(route: str, row, own: str) -> bool:
    """Whether the route is of this row's admin, or of no model's admin at all."""
    of_a_model = any(
        route.startswith(f"admin/{model._meta.app_label}/{model._meta.model_name}/")
        for model in admin.site._registry
    )
    return route.startswith(own) or not of_a_model


def _filled(route: str, row) -> str:
    kind = str(ContentType.objects.get_for_model(row).pk)
    names = {"content_type_id": kind, "app_label": row._meta.app_label, "url": "nowhere"}

    def value(match) -> str:
        return names.get(match[1].rpartition(":")[2], str(row.pk))

    return re.sub(r"<([^>]+)>", value, route)


def plain_addresses() -> list[str]:
    """Return every address that names no row: lists, forms, pages, exports."""
    return ["/" + route for route, _pattern in patterns() if "<" not in route]
