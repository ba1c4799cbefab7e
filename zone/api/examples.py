"""Examples for the published schema; a test sends each of them and reads the answer shown.

A resource declares one row (``Resource.example``), which reads as it is written: the bodies and
answers of its operations are made from that. What belongs to no resource stands below.
"""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from django.utils.translation import gettext_lazy as _

MADE, CHANGED = "2025-03-03T01:00:00+00:00", "2025-03-04T02:30:00.250000+00:00"
REFERENCE = {"source": "oa", "external_id": "A-1"}
CURSOR = "WyJlMSIsIDc0MSwgMTIsICJ6LjgiXQ:9Qm3v0h2c1nUu0pJ5w7kq4x8y6s"
REQUEST_ID = "5f0c2b7a9d3e4c1f8a6b0d2e4f6a8c0e"


def known_id(name: str) -> str:
    """Return the id that the row of this resource has in the examples."""
    return str(uuid5(NAMESPACE_URL, f"/api/v1/{name}"))


def row(resource) -> dict:
    """Return a row of the resource as it reads."""
    base = {"id": known_id(resource.name), "version": 3, "created_at": MADE, "updated_at": CHANGED}
    labels = {
        f"{name}_label": str(dict(pairs).get(resource.example[name], ""))
        for name, pairs in resource.choices
    }
    return base | resource.example | labels | {"external_refs": [REFERENCE]}


def new_row(resource) -> dict:
    """Return the body that makes the row."""
    names = [*resource.fixed, *resource.writable, *resource.at_first, *resource.parts]
    return {
        name: resource.sent.get(name, resource.example[name]) for name in names
    } | {"external_refs": [REFERENCE]}


def page(resource) -> dict:
    return {"data": [row(resource)], "next_cursor": None, "has_more": False}


def refusal(status: int, title: str) -> dict:
    """Return the problem that stands for the refusals of a status."""
    known = REFUSALS[status]
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "errors": [],
        "request_id": REQUEST_ID,
    } | {name: plain(value) for name, value in known.items()}


def plain(value):
    if isinstance(value, list):
        return [{name: str(text) for name, text in one.items()} for one in value]
    return str(value)


REFUSALS = {
    400: {
        "code": "parameter",
        "detail": _("limit is a whole number from 1 to 500."),
        "errors": [
            {
                "pointer": "?limit",
                "code": "parameter",
                "detail": _("limit is a whole number from 1 to 500."),
            }
        ],
    },
}
