"""The published schema of the interface: OpenAPI 3.1, out of what the views and resources declare.

drf-spectacular walks the addresses; what it would guess from serializers, our views say.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from django.utils import translation
from django.utils.translation import gettext as _
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent
from rest_framework.views import APIView

from zone.api.documenting import PARTS, Operation
from zone.api.resources import RESOURCES
from zone.api.shapes import shape_named

PREFIX = "#/components/"


class DeclaredSchema(AutoSchema):
    """Reads an operation from the view's ``documented``."""

    def get_operation(self, path, path_regex, path_prefix, method, registry) -> dict:
        operation = declared(self.view, method).document(path)
        add_components(operation, registry)
        return operation


def declared(view: APIView, method: str) -> Operation:
    """Return what a view says of a method; not saying anything is a mistake."""
    found = getattr(view, "documented", {}).get(method)
    if found is None:
        raise LookupError(f"{type(view).__name__} does not say what {method} does: documented.")
    return found if isinstance(found, Operation) else found(view)


def add_components(part, registry: ComponentRegistry):
    """Put what ``part`` refers to into the schema, and what that refers to."""
    for kind, name in references(part):
        component = ResolvedComponent(name, kind, object=name)
        if component in registry:
            continue
        component.schema = PARTS.get(kind, shape_named)(name)
        registry.register(component)
        add_components(component.schema, registry)


def references(part) -> Iterator[tuple[str, str]]:
    """Yield the kind and the name of each ``$ref`` in a part of a schema."""
    if isinstance(part, dict):
        if isinstance(address := part.get("$ref"), str):
            kind, _slash, name = address.removeprefix(PREFIX).partition("/")
            yield kind, name
        part = part.values()
    elif not isinstance(part, (list, tuple)):
        return
    for below in part:
        yield from references(below)


class Generator(SchemaGenerator):
    """Adds what is said of the interface as a whole; the order is always the same."""

    def get_schema(self, request=None, public=False) -> dict:
        found = super().get_schema(request, public)
        found["info"] = {"title": _("Interface of the CRM"), "version": "1", **about()}
        found["tags"] = tags(found)
        found["components"]["securitySchemes"] = {
            "key": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "crm_<key id>_<secret>",
                "description": _("A key, issued by the security administrator."),
            }
        }
        return in_order(found)


def about() -> dict:
    parts = (
        _(
            "Send your key with every request: `Authorization: Bearer crm_…`. What a key may do "
            "are its scopes; which rows it sees are its chains and parks. A row out of reach is "
            "404. `GET /api/v1/me` tells what yours may do."
        ),
        _(
            "JSON in UTF-8. Money and areas are texts (`planned_investment_wan` in units of "
            "10,000 CNY, `area_m2` in m²), days are `2025-03-31`, moments have an offset. Beside "
            "a code stands its label, in the language of Accept-Language (zh-hans, en). New "
            "fields may appear in answers at any time; unknown ones in requests are refused, and "
            "so are unknown parameters."
        ),
        _(
            "Write once: POST needs an Idempotency-Key, and the same key with the same body "
            "returns the kept answer. Write knowingly: PATCH and DELETE need If-Match with the "
            "ETag that was read."
        ),
        _(
            "To keep a copy: take a cursor with `GET /api/v1/changes?from=now`, read the lists, "
            "then follow the cursor. Apply an item only if its version is not lower than yours."
        ),
        _(
            "Refusals are application/problem+json. A method that is not listed here is answered "
            "with 405 and Allow, an address that is none with 404; HEAD is answered as GET "
            "without the body. A fault of ours is a 500 problem: please tell us its request_id."
        ),
    )
    return {"description": "\n\n".join(parts)}


def tags(found: dict) -> list[dict]:
    used = {tag for one in operations(found) for tag in one["tags"]}
    words = {r.name: str(r.model._meta.verbose_name_plural) for r in RESOURCES.values()} | {
        "about": _("the interface itself"),
        "changes": _("the change feed"),
        "progress": _("target progress"),
        "uploads": _("uploads over the interface"),
        "webhook-endpoints": _("webhook endpoints"),
    }
    return [{"name": tag, "description": words[tag]} for tag in sorted(used)]


def operations(found: dict) -> Iterator[dict]:
    for methods in found["paths"].values():
        yield from methods.values()


def in_order(part):
    """Sort what has no order of its own, so that the file changes only where something does."""
    if isinstance(part, dict):
        return {str(name): in_order(part[name]) for name in sorted(part, key=str)}
    return [in_order(below) for below in part] if isinstance(part, list) else part


@cache
def schema_in(language: str) -> dict:
    """Return the schema with its words in a language; made once."""
    with translation.override(language):
        return Generator().get_schema(public=True)
