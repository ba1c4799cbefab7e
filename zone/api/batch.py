"""``POST <resource>/batch-upsert``: up to 500 rows by another system's ids."""

from __future__ import annotations

from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from zone.access.api_scopes import WRITE
from zone.api import values
from zone.api.documenting import Answer, Operation, parameter
from zone.api.examples import known_id, new_row
from zone.api.operations import basics, words
from zone.api.problems import Problem, error, refused
from zone.api.references import refuse_foreign
from zone.api.shapes import MOST_ROWS, ref
from zone.api.upsert import Batch, reference_errors
from zone.api.writing import WritingView
from zone.feed.log import with_origin

MOST = MOST_ROWS  # more come as an upload
PARTIAL, ATOMIC = "partial", "atomic"


def of_batch(view) -> Operation:
    resource = view.resource
    results, replayed = ref("BatchResults"), ("Idempotency-Replayed",)
    return Operation(
        **basics(resource, "batch-upsert", WRITE),
        about=_("Write up to 500 rows by your own ids: %(kind)s") % words(resource),
        parameters=(parameter("IdempotencyKeyOptional"),),
        body=ref(f"{resource.title}Batch"),
        example=batch_example(resource),
        answers={
            200: Answer(_("All rows stand as sent."), results, results_example(), replayed),
            207: Answer(_("Some rows are refused; see their problems."), results, None, replayed),
        },
        refusals=(409, 422),
    )


def batch_example(resource) -> dict:
    data = {name: value for name, value in new_row(resource).items() if name != "external_refs"}
    return {"source": "oa", "items": [{"ref": "1", "external_id": "A-1", "data": data}]}


def results_example() -> dict:
    found = {"index": 0, "ref": "1", "external_id": "A-1", "status": 201}
    return {"results": [found | {"id": known_id("batch"), "version": 1}]}


class BatchView(WritingView):
    """Writes many rows; sent again it finds them as they are and writes nothing."""

    documented = {"POST": of_batch}

    def post(self, request):
        if "Idempotency-Key" in request.headers:
            return self.once(self._upsert)
        with transaction.atomic(), with_origin(self.caller.client.account_id):
            return self._upsert()

    def _upsert(self) -> Response:
        source, mode, items = read_body(self.body())
        refuse_foreign(self.caller, source, "/source")
        batch = Batch(self.resource, self.caller, source, items)
        batch.write()
        results = [item.result for item in batch.items]
        failed = sum("problem" in result for result in results)
        if failed and mode == ATOMIC:
            detail = _("%s rows are refused, so nothing was written; see results.") % failed
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            raise Problem(status, detail, "atomic", results=undone(results))
        status = HTTPStatus.MULTI_STATUS if failed else HTTPStatus.OK
        return Response({"results": results}, status)


def read_body(body: dict) -> tuple[str, str, list]:
    """Return source, mode and items; raises ``Problem`` with everything wrong around them."""
    items, mode, source = body.get("items"), body.get("mode", PARTIAL), body.get("source")
    known = {"items", "mode", "source"}
    errors = [error(f"/{name}", values.NO_FIELD, "unknown") for name in sorted({*body} - known)]
    if not isinstance(items, list):
        errors.append(error("/items", _("A list of rows is needed here."), "type"))
    elif not 1 <= len(items) <= MOST:
        detail = _("Send 1 to 500 rows at a time; more go into an upload.")
        errors.append(error("/items", detail, "length"))
    if mode not in (PARTIAL, ATOMIC):
        errors.append(error("/mode", _("mode is partial or atomic."), "invalid_choice"))
    errors += [error("/source", *wrong) for wrong in reference_errors("source", source)]
    if errors:
        raise refused(errors)
    return values.reference_part("source", body), mode, items


def undone(results: list[dict]) -> list[dict]:
    """Return the results of a batch of which nothing was kept."""
    status = HTTPStatus.FAILED_DEPENDENCY
    return [
        result if "problem" in result else result | {"status": status, "id": None, "version": None}
        for result in results
    ]
