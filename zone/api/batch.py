"""``POST <resource>/batch-upsert``: up to 500 rows by another system's ids (api.md §4)."""

from __future__ import annotations

from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from zone.api import values
from zone.api.problems import Problem, error, refused
from zone.api.upsert import Batch, reference_errors
from zone.api.writing import WritingView
from zone.feed.log import with_origin

MOST = 500  # rows of a batch; more come as an upload
PARTIAL, ATOMIC = "partial", "atomic"


class BatchView(WritingView):
    """Writes many rows; sent again it finds them as they are and writes nothing."""

    def post(self, request):
        if "Idempotency-Key" in request.headers:
            return self.once(self._upsert)
        with transaction.atomic(), with_origin(self.caller.client.account_id):
            return self._upsert()

    def _upsert(self) -> Response:
        source, mode, items = read_body(self.body())
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
    return source, mode, items


def undone(results: list[dict]) -> list[dict]:
    """Return the results of a batch of which nothing was kept."""
    status = HTTPStatus.FAILED_DEPENDENCY
    return [
        result if "problem" in result else result | {"status": status, "id": None, "version": None}
        for result in results
    ]
