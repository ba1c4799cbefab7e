"""Uploads over the interface: more than 500 rows are taken in and written by and by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus

from django.core.exceptions import ValidationError
from django.http import Http404, StreamingHttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.parsers import BaseParser
from rest_framework.response import Response

from zone.access.api_scopes import WRITE
from zone.access.origin import client_address
from zone.api.batch import MOST, batch_example
from zone.api.documenting import Answer, Operation, query
from zone.api.operations import basics, words
from zone.api.paging import bad_parameter
from zone.api.problems import Problem
from zone.api.references import refuse_foreign
from zone.api.rendering import write_json
from zone.api.shapes import MOMENT, UUID, array_schema, named, nullable, object_schema, ref
from zone.api.uploading import CHARSETS, CSV, NDJSON, READERS, take_in
from zone.api.upsert import reference_errors
from zone.api.values import reference_part
from zone.api.views import ApiView
from zone.api.writing import WritingView
from zone.models import ApiUpload, ApiUploadPart

SHOWN = 100  # uploads of a list
FILES = ("success", "failed", "unprocessed")
COUNTS = ("rows", *ApiUpload.COUNTS, "unprocessed")
ABOUT = {
    "success": _("Read the results of the rows that were written, a line each"),
    "failed": _("Read the results of the rows that were refused, a line each"),
    "unprocessed": _("Read the rows that were not written yet, as they were sent"),
}


@named("Upload")
def upload_shape() -> dict:
    text = {"type": "string"}
    fields = {"id": UUID, "resource": text, "source": text}
    fields |= {"state": {"enum": ApiUpload.State.values}, "state_label": text, "why": text}
    fields |= {name: {"type": "integer", "minimum": 0} for name in COUNTS}
    fields |= {"created_at": MOMENT, "finished_at": nullable(MOMENT)}
    links = {name: {**text, "format": "uri-reference"} for name in ("self", *FILES)}
    return object_schema(fields | {"links": object_schema(links, links)}, (*fields, "links"))


def of_upload(view) -> Operation:
    resource = view.resource
    (item,) = batch_example(resource)["items"]
    source = {"type": "string", "minLength": 1, "maxLength": 50}
    headers = ("Location",)
    return Operation(
        **basics(resource, "upload", WRITE),
        about=_("Send up to 100,000 rows as a file: %(kind)s") % words(resource),
        parameters=(
            query("source", source, _("Whose ids they are: one of your sources."), required=True),
        ),
        texts={NDJSON: line(item).decode(), CSV: "external_id\nA-1\n"},
        answers={202: Answer(_("Taken in; see Location."), ref("Upload"), None, headers)},
    )


def of_own(name: str, about, *refusals: int, body: dict | None = None, kind=None, status=200):
    answer = Answer(about, body or ref("Upload"), **({"kind": kind} if kind else {}))
    return Operation(
        name=name, about=about, tag="uploads", answers={status: answer}, refusals=refusals
    )


class LineParser(BaseParser):
    """Leaves the body where it is: it is read line by line."""

    def parse(self, stream, media_type=None, parser_context=None):
        return stream


class NDJSONParser(LineParser):
    media_type = NDJSON


class CSVParser(LineParser):
    media_type = CSV


class UploadView(WritingView):
    """``POST <resource>/uploads?source=oa``: takes the file in and answers where to look."""

    parser_classes = (NDJSONParser, CSVParser)
    documented = {"POST": of_upload}
    write_parameters = frozenset({"source"})

    def post(self, request):
        source = self.source(request.query_params)
        kind, charset = self.kind(request)
        if not hasattr(request.data, "readline"):
            raise Problem(HTTPStatus.BAD_REQUEST, _("The file holds no rows."), "empty")
        upload = ApiUpload(
            client=self.caller.client,
            address=client_address(request),
            resource=self.resource.name,
            source=source,
        )
        take_in(upload, READERS[kind](request.data, self.resource, charset))
        upload.refresh_from_db()
        shown = shown_upload(upload)
        return Response(shown, HTTPStatus.ACCEPTED, headers={"Location": shown["links"]["self"]})

    def source(self, params) -> str:
        for detail, _code in reference_errors("source", params.get("source")):
            raise bad_parameter("source", detail)
        source = reference_part("source", params)
        refuse_foreign(self.caller, source, "?source")
        return source

    @staticmethod
    def kind(request) -> tuple[str, str]:
        kind, _sign, rest = request.content_type.partition(";")
        charset = rest.strip().lower().removeprefix("charset=").strip('"') or "utf-8"
        if charset not in CHARSETS:
            detail = _("charset is utf-8 or gb18030.")
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail, "charset")
        return kind.strip().lower(), charset


class OwnUploadsView(ApiView):
    """The client's own uploads; another client's do not exist for it."""

    @property
    def uploads(self):
        return ApiUpload.objects.filter(client=self.caller.client)

    def found(self, pk) -> ApiUpload:
        upload = self.uploads.filter(pk=pk).first()
        if upload is None:
            raise Http404
        return upload


class UploadListView(OwnUploadsView):
    shape = object_schema({"data": array_schema(ref("Upload"))}, ("data",))
    documented = {"GET": of_own("uploads_list", _("Read your newest uploads"), body=shape)}

    def get(self, request):
        newest = self.uploads.order_by("-at", "pk")[:SHOWN]
        return Response({"data": [shown_upload(upload) for upload in newest]})


class UploadDetailView(OwnUploadsView):
    documented = {"GET": of_own("uploads_read", _("Read how far an upload is"), 404)}

    def get(self, request, pk):
        return Response(shown_upload(self.found(pk)))


class UploadCancelView(OwnUploadsView):
    """Ends an upload: what is written stays written, the rest stays unprocessed."""

    documented = {"POST": of_own("uploads_cancel", _("End an upload"), 404, 409)}

    def post(self, request, pk):
        upload = self.found(pk)
        try:
            upload.cancel()
        except ValidationError as refusal:
            raise Problem(HTTPStatus.CONFLICT, refusal.messages[0], "state") from refusal
        return Response(shown_upload(upload))


class UploadFileView(OwnUploadsView):
    """Results of the rows, a line each; ``unprocessed`` rows are as they were sent."""

    file: str = ""
    documented = {
        "GET": lambda view: of_own(
            f"uploads_{view.file}", ABOUT[view.file], 404, body={"type": "string"}, kind=NDJSON
        )
    }

    def get(self, request, pk):
        parts = self.found(pk).parts.order_by("number", "offset").iterator(5)
        lines = sent(parts) if self.file == "unprocessed" else done(parts, self.file == "failed")
        return StreamingHttpResponse(lines, content_type=NDJSON)


def sent(parts: Iterable[ApiUploadPart]) -> Iterator[bytes]:
    for part in parts:
        for item in part.items or ():
            yield line(item)


def done(parts: Iterable[ApiUploadPart], failed: bool) -> Iterator[bytes]:
    for part in parts:
        for result in part.results or ():
            if ("problem" in result) == failed:
                # Counted within its part so far; a client counts the rows of its file.
                before = part.number * MOST + part.offset
                yield line(result | {"index": before + result["index"]})


def line(found: dict) -> bytes:
    return write_json(found) + b"\n"


def shown_upload(upload: ApiUpload) -> dict:
    here = f"/api/v1/uploads/{upload.pk}"
    files = {name: f"{here}/{name}" for name in FILES}
    counts = {name: getattr(upload, name) for name in COUNTS}
    return {
        "id": upload.pk,
        "resource": upload.resource,
        "source": upload.source,
        "state": upload.state,
        "state_label": upload.get_state_display(),
        "why": upload.why,
        **counts,
        "created_at": upload.at,
        "finished_at": upload.finished_at,
        "links": {"self": here, **files},
    }
