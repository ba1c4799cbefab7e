"""Examples for the published schema; a test sends each of them and reads the answer shown.

A resource declares one row (``Resource.example``), which reads as it is written: the bodies and
answers of its operations are made from that. What belongs to no resource stands below.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import NAMESPACE_URL, uuid5

from django.utils.translation import gettext_lazy as _

MADE, CHANGED = "2025-03-03T01:00:00+00:00", "2025-03-04T02:30:00.250000+00:00"
REFERENCE = {"source": "oa", "external_id": "A-1"}
CURSOR = "WyJlMSIsIDc0MSwgMTIsICJ6LjgiXQ:9Qm3v0h2c1nUu0pJ5w7kq4x8y6s"
WRONG_LIMIT = _("limit is a whole number from 1 to 500.")
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
    body = {name: resource.sent.get(name, resource.example[name]) for name in resource.body_names}
    return body | {"external_refs": [REFERENCE]}


def page(resource) -> dict:
    return {"data": [row(resource)], "next_cursor": None, "has_more": False}


def refusal(status: int, title: str) -> dict:
    """Return the problem that stands for the refusals of a status."""
    known = REFUSALS[status]
    values = known.values
    if isinstance(values, dict):
        values = {name: str(value) for name, value in values.items()}
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": known.code,
        "detail": str(known.detail) % values if values else str(known.detail),
        "errors": [{name: str(text) for name, text in one.items()} for one in known.errors],
        "request_id": REQUEST_ID,
        **known.more,
    }


def changes_page(resource) -> dict:
    """Return a page of the feed: a row that came, and one that went."""
    came = {"entity": resource.name, "id": known_id(resource.name), "op": "upsert", "version": 3}
    gone = {"entity": "leads", "id": known_id("leads"), "op": "delete", "version": 8}
    items = [
        came | {"external_refs": [REFERENCE], "object": row(resource)},
        gone | {"external_refs": [REFERENCE], "reason": "deleted"},
    ]
    return {"data": items, "next_cursor": CURSOR, "has_more": False, "lag_ms": 12}


ME = {
    "client": "OA",
    "account": known_id("me"),
    "scopes": ["changes:read", "leads:read"],
    "sources": ["oa"],
    "rows": {"zone": False, "chains": ["new-energy"], "parks": []},
    "key": {"id": "0123456789ab", "expires_at": "2026-03-03T01:00:00+00:00"},
    "limits": {
        "requests_a_minute": 600,
        "page": 500,
        "usual_page": 100,
        "body_bytes": 2097152,
        "feed_days": 30,
    },
    "feed": {"lag_ms": 12},
    "worker": {"last_beat_at": "2025-03-04T02:30:00.250000+00:00", "is_silent": False},
}


@dataclass(frozen=True)
class Refusal:
    """One refusal of a status, word for word; what is wrong at a place is told there too."""

    code: str
    detail: str
    values: object = ()
    errors: tuple[dict, ...] = ()
    more: dict = field(default_factory=dict)


LIMIT = {"pointer": "?limit", "code": "parameter", "detail": WRONG_LIMIT}
NO_TEXT = {"pointer": "/title", "code": "type", "detail": _("A text is needed here.")}
START = "http://crm.example.com/api/v1/changes?from=now"
GONE = {"why": _("What this client may see has changed since this cursor was given.")}
REFUSALS = {
    400: Refusal("parameter", WRONG_LIMIT, errors=(LIMIT,)),
    401: Refusal("not_authenticated", _("Send your key: Authorization: Bearer crm_…")),
    403: Refusal(
        "scope",
        _("This key lacks the scope %s; please ask the security administrator."),
        "leads:read",
        more={"scope": "leads:read"},
    ),
    404: Refusal("not_found", _("There is no such row, or it is not within your reach.")),
    409: Refusal("closed", _("This row is closed in its present state and cannot be changed.")),
    410: Refusal(
        "cursor_scope",
        _("%(why)s Begin anew: take a cursor from bootstrap, then page the lists."),
        GONE,
        more={"bootstrap": START},
    ),
    411: Refusal("length", _("Send the body whole, with Content-Length.")),
    412: Refusal(
        "stale",
        _("The row has version %s now; read it again, then decide."),
        3,
        more={"etag": '"3"'},
    ),
    413: Refusal("too_large", _("Please send at most 2 MiB at a time.")),
    415: Refusal("unsupported_media_type", _("Send the body as application/json.")),
    422: Refusal("invalid", _("See errors: each names the place in the body."), errors=(NO_TEXT,)),
    428: Refusal("if_match", _("Send If-Match with the ETag of the row you have read.")),
    429: Refusal(
        "throttled", _("Too many requests in a minute; please wait as long as Retry-After says.")
    ),
    503: Refusal("unavailable", _("Nothing was done; please send the request again.")),
}
