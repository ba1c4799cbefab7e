"""``GET changes``: what changed for this client, from one snapshot."""

from __future__ import annotations

from http import HTTPStatus

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from zone.access.api_scopes import CHANGES, READ
from zone.api.documenting import Answer, Operation, query
from zone.api.examples import changes_page
from zone.api.paging import LONGEST, USUAL, bad_parameter, limit_of
from zone.api.problems import Problem
from zone.api.resources import RESOURCES
from zone.api.shapes import UUID, array_schema, named, object_schema, ref
from zone.api.views import ApiView
from zone.feed.cursor import BadCursor, CursorGone, cursor_now
from zone.feed.synced import entities
from zone.sync.pages import OUT_OF_SCOPE, Item, read_page

REASONS = {
    "expired": _("This cursor is older than the feed is kept."),
    "restored": _("The database has been restored since this cursor was given."),
    "scope": _("What this client may see has changed since this cursor was given."),
}


@named("Changes")
def changes_shape() -> dict:
    fields = {
        "data": array_schema(ref("Change")),
        "next_cursor": {"type": "string", "description": _("Keep it; go on from here.")},
        "has_more": {"type": "boolean"},
        "lag_ms": {"type": "integer", "minimum": 0},
    }
    return object_schema(fields, fields)


@named("Change")
def change_shape() -> dict:
    shown = [ref(RESOURCES[name].title) for name in entities() if name in RESOURCES]
    about = _("The row as its own address shows it to this key; missing when it is gone.")
    fields = {
        "entity": {"type": "string", "enum": [name for name in entities() if name in RESOURCES]},
        "id": UUID,
        "op": {"type": "string", "enum": ["upsert", "delete"]},
        "version": {"type": "integer", "minimum": 1},
        "external_refs": array_schema(
            ref("ExternalReference"),
            description=_("Of a row that is out of scope only those of your own sources."),
        ),
    }
    more = {
        "object": {"anyOf": shown, "description": about},
        "reason": {"type": "string", "enum": ["deleted", "merged", "out_of_scope"]},
        "merged_into": UUID,
    }
    return object_schema(fields | more, fields)


def of_changes(view) -> Operation:
    names = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    longest = {"type": "integer", "minimum": 1, "maximum": LONGEST, "default": USUAL}
    echo = _("Leave out what this client wrote itself.")
    return Operation(
        name="changes",
        about=_("Follow what changes"),
        tag="changes",
        scope=CHANGES,
        more=_("Only rows of the resources that the key reads; nothing is lost between pages."),
        parameters=(
            query("from", {"type": "string", "enum": ["now"]}, _("Begin here: get a cursor.")),
            query(
                "cursor", {"type": "string", "minLength": 1}, _("next_cursor of the page before.")
            ),
            query("limit", longest, _("How many items at most.")),
            query("entity", names, _("Only these resources; all that the key reads otherwise.")),
            query("exclude_origin", {"type": "string", "enum": ["self"]}, echo),
        ),
        answers={
            200: Answer(
                _("What changed, oldest first."),
                ref("Changes"),
                changes_page(RESOURCES["buildings"]),
            )
        },
        refusals=(410,),
    )


class ChangesView(ApiView):
    documented = {"GET": of_changes}
    scopes = {"GET": CHANGES}
    parameters = frozenset({"cursor", "limit", "entity", "from", "exclude_origin"})

    def get(self, request):
        params = request.query_params
        limit, echo = limit_of(params), self.echo(params)
        if params.get("from", "now") != "now":
            raise bad_parameter("from", _("Only from=now is possible."))
        names = self.wanted(params.get("entity"))
        revision = self.revision(names)
        if "cursor" not in params:
            return Response(self.beginning(params, revision))
        try:
            page = read_page(
                self.caller.scope,
                params["cursor"],
                limit=limit,
                entities=names,
                exclude_origin=echo,
                revision=revision,
                rows=self.load,
            )
        except BadCursor as mistake:
            detail = _("This is no cursor of the feed; begin with ?from=now.")
            raise bad_parameter("cursor", detail) from mistake
        except CursorGone as gone:
            raise self.gone(request, gone.reason) from gone
        for name, resource in RESOURCES.items():
            shown = [item.row for item in page.items if item.entity == name and item.row]
            resource.note_numbers(shown, self.caller)
        data = [self.serialise(item) for item in page.items]
        body = {"data": data, "next_cursor": page.cursor}
        return Response(body | {"has_more": page.has_more, "lag_ms": page.lag_ms})

    def beginning(self, params, revision: str) -> dict:
        if params.get("from") != "now":
            raise bad_parameter("cursor", _("Begin with ?from=now, then page the lists."))
        cursor = cursor_now(revision)
        return {"data": [], "next_cursor": cursor, "has_more": False, "lag_ms": 0}

    def wanted(self, text: str | None) -> list[str]:
        """Return the kinds of rows asked for, or all that the key may read."""
        readable = [name for name in entities() if self.caller.may(f"{name}:{READ}")]
        if text is None:
            return readable
        names = text.split(",")
        if unknown := sorted(set(names) - set(readable)):
            detail = _("Not within this key's scopes, or no kind of row: %s.")
            raise bad_parameter("entity", detail % ", ".join(unknown))
        return names

    def revision(self, names: list[str]) -> str:
        """Return the word that ties a cursor to what may be seen: rows, and kinds of rows."""
        readable = [name for name in entities() if self.caller.may(f"{name}:{READ}")]
        numbers = ",".join(str(entities()[name].SYNC.number) for name in readable)
        plain = "p" if self.caller.may("pii:read") else ""
        return f"{self.caller.scope.revision}.{numbers}{plain}"

    def echo(self, params):
        """Return whose changes are left out."""
        if params.get("exclude_origin", "self") != "self":
            raise bad_parameter("exclude_origin", _("Only exclude_origin=self is possible."))
        return self.caller.client.account_id if "exclude_origin" in params else None

    def load(self, name: str, rows):
        return RESOURCES[name].read(rows, self.caller)

    def gone(self, request, reason: str) -> Problem:
        start = request.build_absolute_uri(reverse("api:changes") + "?from=now")
        detail = _("%(why)s Begin anew: take a cursor from bootstrap, then page the lists.")
        words = detail % {"why": REASONS[reason]}
        return Problem(HTTPStatus.GONE, words, f"cursor_{reason}", bootstrap=start)

    def serialise(self, item: Item) -> dict:
        refs = item.external_refs
        if item.reason == OUT_OF_SCOPE:
            # What other systems call the row since it left is no more to be seen than the row.
            refs = [pair for pair in refs if self.caller.client.owns(pair["source"])]
        found = {"entity": item.entity, "id": item.id, "op": item.op, "version": item.version}
        found["external_refs"] = refs
        if item.row is not None:
            return found | {"object": item.row.data}
        found["reason"] = item.reason
        return found | ({"merged_into": item.merged_into} if item.merged_into else {})
