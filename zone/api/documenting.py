"""What a view says of its operations, and how that reads in OpenAPI.

A view declares ``documented = {"POST": Operation(…)}``, or a function of the view that returns
one. What holds for every operation is added here: the key, the budget, the problems. Afterwards
``manage.py api_schema`` writes the file anew. An operation that makes something of rows::

    documented = {
        "POST": Operation(
            name="leads_merge", about=_("Merge two leads"), tag="leads", scope="leads:write",
            parameters=(parameter("IdempotencyKey"),), body=ref("LeadMerge"), example={…},
            answers={200: Answer(_("The lead that stays."), ref("Lead"), …, ("ETag",))},
            refusals=(404, 409, 422),
        )
    }
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from django.utils.translation import gettext_lazy as _

from zone.api import examples
from zone.api.problems import CONTENT_TYPE, TITLES
from zone.api.shapes import UUID, ref

JSON = "application/json"
ALWAYS = (400, 401, 403, 429, 503)
BODY = (411, 413, 415)
# When each status comes, and with which codes.
CASES = {
    400: _(
        "The request cannot be read. Codes: `parameter` (unknown, repeated or wrong), "
        "`unreadable` (the body is no strict JSON), `idempotency_key` (missing or too long)."
    ),
    401: _("No key was sent, or it is unknown, expired or revoked."),
    403: _(
        "Codes: `scope` (the key lacks the scope named), `permission_denied` (it may not be used "
        "from this address), `not_yours` (only whoever runs the park writes this), `source` (the "
        "source is not bound to this client), `forbidden`."
    ),
    404: _("There is no such row, or it is not within reach of this key."),
    409: _(
        "Codes: `closed` (the row can no longer be changed), `in_use` (other rows point to it), "
        "`reference` (the external reference is another row's), `duplicate` (it is recorded "
        "already), `state` (it has ended already), `conflict` (somebody else was "
        "faster), `running` (the same request is being done; see Retry-After)."
    ),
    410: _(
        "The cursor is followed no longer. Codes: `cursor_expired`, `cursor_restored`, "
        "`cursor_scope`. Begin anew at `bootstrap`."
    ),
    411: _("The body came in pieces, without Content-Length."),
    412: _("The row has another version than If-Match says; `etag` is its present one."),
    413: _("The body is larger than 2 MiB, or an upload has too many rows."),
    415: _("The body is not declared as a kind that is read here."),
    422: _(
        "Values are not valid, or a rule forbids the step; each error names its place in the "
        "body. Code `key_reused`: the Idempotency-Key was used with another body; "
        "`out_of_scope`: the row would leave this key's reach."
    ),
    428: _("If-Match is missing."),
    429: _("The minute's requests are used up; wait as long as Retry-After says."),
    503: _("The database does not answer at the moment; try again after Retry-After."),
}
TEXT, NUMBER = {"type": "string"}, {"type": "integer", "minimum": 0}
TAG = {"type": "string", "pattern": '^"[0-9]+"$'}
# What answers carry: the shape, and what it means.
HEADERS = {
    "X-Request-ID": (TEXT, _("Names this request in our logs; a valid one of yours is kept.")),
    "RateLimit": (TEXT, _('What is left of the minute\'s requests: `"minute";r=599;t=1`.')),
    "RateLimit-Policy": (TEXT, _('How many requests a minute: `"minute";q=600;w=60`.')),
    "ETag": (TAG, _("The version of the row; send it back as If-Match.")),
    "Location": (TEXT, _("The address of the new row.")),
    "Link": (TEXT, _('The next page, as rel="next"; missing on the last one.')),
    "Idempotency-Replayed": (
        {"type": "string", "const": "true"},
        _("Stands there when the request had been done already: this is the kept answer."),
    ),
    "Retry-After": (NUMBER, _("Seconds to wait.")),
    "WWW-Authenticate": (TEXT, _("What kind of key is asked for.")),
}
BUDGET = ("RateLimit", "RateLimit-Policy")
REFUSAL_HEADERS = {
    401: ("WWW-Authenticate",),
    409: ("Retry-After",),
    429: ("Retry-After", *BUDGET),
    503: ("Retry-After",),
}
SURE = {"X-Request-ID", "WWW-Authenticate", "ETag", "Location", *BUDGET}
# What requests may say besides their body.
PARAMETERS = {
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "schema": {"type": "string", "minLength": 1},
        "description": _("The ETag of the row that the decision was made on; `*` for any."),
        "example": '"3"',
    },
    "IfMatchOptional": {
        "name": "If-Match",
        "in": "header",
        "schema": {"type": "string", "minLength": 1},
        "description": _("The ETag of the row that the decision was made on, if it matters."),
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "schema": {"type": "string"},
        "description": _("The ETag that is known already: the answer is 304 if it still holds."),
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
        "description": _(
            "A new random word for each request; the same one again returns the kept answer. "
            "Kept for 7 days."
        ),
        "example": "0b9f6c1e-2f7d-4a53-9d0e-3a1c5e7b9d11",
    },
    "IdempotencyKeyOptional": {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
        "description": _("If the answer is to be kept; rows are written once without it too."),
    },
    "id": {
        "name": "id",
        "in": "path",
        "required": True,
        "schema": UUID,
        "description": _("The id of the row."),
    },
}


def parameter(name: str) -> dict:
    return {"$ref": f"#/components/parameters/{name}"}


def query(name: str, schema: dict, description: str = "", **more) -> dict:
    """Return a parameter of the query; a list is written with commas."""
    found = {"name": name, "in": "query", "schema": schema, **more}
    if schema.get("type") == "array":
        found |= {"style": "form", "explode": False}
    return found | ({"description": description} if description else {})


@dataclass(frozen=True)
class Answer:
    """What an operation answers when it succeeds."""

    about: str
    body: dict | None = None
    example: object = None
    headers: tuple[str, ...] = ()
    kind: str = JSON

    def document(self) -> dict:
        names = ("X-Request-ID", *BUDGET, *self.headers)
        found = {"description": str(self.about), "headers": header_refs(names)}
        return found | (content(self.kind, self.body, self.example) if self.body else {})


@dataclass(frozen=True)
class Operation:
    """One method of one address, as it is published.

    ``name`` is the operationId, which never changes; ``refusals`` are the statuses of problems
    besides ``ALWAYS``. A body brings the statuses of bodies along.
    """

    name: str
    about: str
    tag: str
    answers: dict[int, Answer]
    scope: str = ""
    more: str = ""
    parameters: tuple[dict, ...] = ()
    body: dict | None = None
    example: object = None
    body_optional: bool = False
    texts: dict[str, str] = field(default_factory=dict)  # bodies that are no JSON, with examples
    refusals: Iterable[int] = field(default_factory=tuple)

    def document(self, path: str) -> dict:
        own = [parameter("id")] if "{id}" in path else []
        found = {
            "operationId": self.name,
            "summary": str(self.about),
            "description": self.description(),
            "tags": [self.tag],
            "security": [{"key": []}],
            "x-scope": self.scope,
            "parameters": [*own, *self.parameters],
            "responses": self.responses(),
        }
        if self.body:
            body = content(JSON, self.body, self.example)
            found["requestBody"] = body | {"required": not self.body_optional}
        if self.texts:
            kinds = [content(kind, TEXT, shown)["content"] for kind, shown in self.texts.items()]
            found["requestBody"] = {"content": reduce(or_, kinds), "required": True}
        return found

    def description(self) -> str:
        needs = _("Scope: `%s`.") % self.scope if self.scope else _("Needs no scope, only a key.")
        return "\n\n".join(str(words) for words in (self.more, needs) if words)

    def responses(self) -> dict:
        statuses = {*ALWAYS, *self.refusals, *(BODY if self.body or self.texts else ())}
        refused = {s: {"$ref": f"#/components/responses/Problem{s}"} for s in statuses}
        done = {status: answer.document() for status, answer in self.answers.items()}
        return {str(status): found for status, found in sorted((done | refused).items())}


def content(kind: str, schema: dict, example=None) -> dict:
    shown = {} if example is None else {"examples": {"example": {"value": example}}}
    return {"content": {kind: {"schema": schema, **shown}}}


def header_refs(names: Iterable[str]) -> dict:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def refusal_response(status: int) -> dict:
    names = ("X-Request-ID", *REFUSAL_HEADERS.get(status, ()))
    example = examples.refusal(status, str(TITLES[status]))
    found = {"description": str(CASES[status]), "headers": header_refs(names)}
    return found | content(CONTENT_TYPE, ref("Problem"), example)


def header(name: str) -> dict:
    shape, about = HEADERS[name]
    return {"schema": shape, "description": str(about), "required": name in SURE}


def plain_parameter(name: str) -> dict:
    found = PARAMETERS[name]
    return found | {"description": str(found["description"])}


# Where a ``$ref`` that is no shape leads to.
PARTS: dict[str, Callable[[str], dict]] = {
    "headers": header,
    "parameters": plain_parameter,
    "responses": lambda name: refusal_response(int(name.removeprefix("Problem"))),
}
