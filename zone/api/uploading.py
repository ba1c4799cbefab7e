"""Uploads: rows are taken in as NDJSON or CSV, and written by and by in batches.

The rows of a part are written in the transaction that notes what became of them: a worker
killed at any moment leaves a part either done or untouched, and the next one goes on there.
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from itertools import islice

import orjson
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from zone import identifiers
from zone.access.api_scopes import WRITE
from zone.access.origin import API, Origin
from zone.api.batch import MOST
from zone.api.callers import Caller
from zone.api.parsing import read_json
from zone.api.problems import Problem
from zone.api.rendering import write_json
from zone.api.resources import RESOURCES, Resource
from zone.api.upsert import Batch, Item
from zone.database import bulk
from zone.database.outages import in_one_line, is_outage, sqlstate
from zone.feed.log import with_origin
from zone.models import ApiUpload, ApiUploadPart, AuditEntry

logger = logging.getLogger(__name__)
MOST_ROWS = 100_000
LONGEST_LINE = 64 * 1024  # bytes
NDJSON, CSV = "application/x-ndjson", "text/csv"
BESIDE = ("ref", "external_id", "version")  # columns that are not data
CHARSETS = ("utf-8", "gb18030")


# Taking in


def take_in(upload: ApiUpload, items: Iterable[dict]) -> ApiUpload:
    """Keep the upload with its rows; nothing is kept when one of them cannot be read."""
    rest = iter(items)
    with transaction.atomic():
        upload.save(force_insert=True)
        for number, part in enumerate(iter(lambda: list(islice(rest, MOST)), [])):
            upload.rows += len(part)
            if upload.rows > MOST_ROWS:
                detail = _("Send at most 100,000 rows in one upload.")
                raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, "too_large")
            bulk.insert(ApiUploadPart, [ApiUploadPart(upload=upload, number=number, items=part)])
        if not upload.rows:
            raise Problem(HTTPStatus.BAD_REQUEST, _("The file holds no rows."), "empty")
        upload.save(update_fields=["rows"])
    return upload


def lines_of(stream) -> Iterator[tuple[int, bytes]]:
    """Yield (number, line) of the body; one that is too long is told by its number."""
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise bad_line(number, _("A line has at most 64 KiB."))
        yield number, line


def bad_line(number: int, detail) -> Problem:
    words = _("Line %(number)d: %(detail)s") % {"number": number, "detail": detail}
    return Problem(HTTPStatus.BAD_REQUEST, words, "unreadable", line=number)


def read_ndjson(stream, resource: Resource, charset: str) -> Iterator[dict]:
    for number, line in lines_of(stream):
        if line.strip():
            try:
                yield read_json(line.strip())
            except Problem as problem:
                raise bad_line(number, problem.detail) from problem


def read_csv(stream, resource: Resource, charset: str) -> Iterator[dict]:
    """Yield a row for each record; an empty cell leaves its field unsaid."""
    numbers = Numbered(lines_of(stream), charset)
    try:
        records = csv.reader(numbers, strict=True)
        names = [identifiers.line(name) for name in next(records, [])]
        check_names(names, resource)
        for record in records:
            if any(record):
                yield item_of(names, record, resource)
    except (csv.Error, RowShape) as mistake:
        raise bad_line(numbers.number, mistake) from mistake


class Numbered:
    """Lines as text, with the number of the last one."""

    def __init__(self, lines: Iterator[tuple[int, bytes]], encoding: str):
        self.lines, self.encoding, self.number = lines, encoding, 0

    def __iter__(self):
        return self

    def __next__(self) -> str:
        self.number, line = next(self.lines)
        try:
            text = line.decode(self.encoding)
        except UnicodeDecodeError as mistake:
            detail = _("This is not text in the charset named; say text/csv; charset=gb18030.")
            raise bad_line(self.number, detail) from mistake
        if "\0" in text:
            raise bad_line(self.number, _("The character NUL stands for nothing here."))
        # Spreadsheets write a byte order mark before the first name.
        return text.removeprefix("\ufeff") if self.number == 1 else text


class RowShape(Exception):
    """A record that does not fit its columns."""


def check_names(names: list[str], resource: Resource):
    known = {*BESIDE, *resource.body_names}
    unknown = [name for name in names if name not in known]
    if unknown or "external_id" not in names or len(set(names)) < len(names):
        said = ", ".join(unknown) or "external_id"
        raise RowShape(
            _("The first line names the columns, external_id among them and each once: %s.") % said
        )


def item_of(names: list[str], record: list[str], resource: Resource) -> dict:
    if len(record) != len(names):
        raise RowShape(_("This record has another number of cells than there are columns."))
    pairs = zip(names, record, strict=True)
    cells = {name: cell.strip() for name, cell in pairs if identifiers.line(cell)}
    item = {name: cells.pop(name) for name in BESIDE if name in cells}
    if item.get("version", "").isdecimal() and len(item["version"]) < 20:
        item["version"] = int(item["version"])
    return item | {"data": {name: typed(resource, name, cell) for name, cell in cells.items()}}


def typed(resource: Resource, name: str, cell: str):
    """Return what JSON would hold; what is not of its type stays text and is refused as such."""
    fields = {field.name: field for field in resource.model._meta.concrete_fields}
    field = fields.get(name)
    if isinstance(field, models.BooleanField):
        return {"true": True, "false": False}.get(cell.lower(), cell)
    whole = isinstance(field, models.IntegerField) and cell.lstrip("-").isdecimal()
    if whole and len(cell) < 20:
        return int(cell)
    if field is not None and field.is_relation and ":" in cell:
        source, _colon, external_id = cell.partition(":")
        return {"source": source, "external_id": external_id}
    return cell


READERS = {NDJSON: read_ndjson, CSV: read_csv}


# Writing


def write_next_part() -> bool:
    """Write one part of the upload that has waited longest; False when none waits.

    Uploads are shared out among workers, the parts of one keep their order. A part is counted as
    tried before it is begun: one that ends the process, hangs or fails comes again, twice.
    """
    upload, part, busy = None, None, False
    try:
        with transaction.atomic():
            open_ones = ApiUpload.objects.open().select_for_update(skip_locked=True, of=("self",))
            waiting = open_ones.select_related("client__account").order_by("at", "pk")
            upload = waiting.first()
            if upload is None:
                return False
            part = upload.parts.filter(results__isnull=True).order_by("number", "offset").first()
            _go_on(upload, part)
    except Exception as fault:
        if part and sqlstate(fault).startswith((*BUSY, *AWAY)):
            part.count_try(-1)
        if busy := sqlstate(fault).startswith(BUSY):
            logger.warning("upload %s waits: %s", upload and upload.pk, in_one_line(fault))
        elif is_outage(fault):
            raise
        elif part and not part.is_tried_enough:
            logger.exception("upload %s: part %s failed", upload.pk, part)
        else:
            logger.exception("an upload was stopped")
            upload.finish(
                ApiUpload.State.STOPPED, _("Something failed here; the rest was not written.")
            )
    return not busy  # or the same two meet again at once


# Two who wait for each other; a server that stops, starts, is full or only reads: neither is the
# fault of a row.
BUSY = ("40", "55P03")
AWAY = ("25006", "53100", "53300", "57P01", "57P03")


def _go_on(upload: ApiUpload, part: ApiUploadPart | None):
    if part is None:
        _end(upload, ApiUpload.State.DONE)
    elif why := refusal(upload):
        _end(upload, ApiUpload.State.STOPPED, why)
    elif part.is_tried_enough:
        _set_aside(upload, part)
    else:
        part.count_try()
        _keep(upload, part, _write(upload, part))


def _keep(upload: ApiUpload, part: ApiUploadPart, results: list[dict]):
    part.end(results)
    upload.count(results)


def _set_aside(upload: ApiUpload, part: ApiUploadPart):
    """Halve a part that cannot be processed, until the row at fault is found."""
    if len(part.items) > 1:
        logger.error("upload %s: part %s failed too often and is halved", upload.pk, part)
        part.halve()
        return
    logger.error("upload %s: the row of part %s is set aside", upload.pk, part)
    detail = _("This row could not be processed after several tries and was not written.")
    sent = part.items[0] if isinstance(part.items[0], dict) else {}
    item = Item(0, {name: value for name, value in sent.items() if isinstance(value, str)})
    item.refuse(Problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail, "not_processed"))
    _keep(upload, part, _plain([item.result]))
    upload.note(_("Some rows could not be processed after several tries; see failed."))


def refusal(upload: ApiUpload) -> str:
    """Say why the client may write no more, now that its turn has come."""
    client = upload.client
    if client.is_disabled or not client.keys.live().exists():
        return str(_("The client has no key in force any more."))
    if not client.may(f"{upload.resource}:{WRITE}"):
        return str(_("The client may not write these rows any more."))
    if not client.owns(upload.source):
        return str(_("The source is not bound to the client any more."))
    return ""


def _write(upload: ApiUpload, part: ApiUploadPart) -> list[dict]:
    client = upload.client
    account = client.account
    account.api_client, account.origin = client, Origin(API, upload.address)
    caller = Caller(client, None, client.row_scope())
    with with_origin(client.account_id):
        batch = Batch(RESOURCES[upload.resource], caller, upload.source, part.items)
        batch.write()
    return _plain([item.result for item in batch.items])


def _plain(results: list[dict]) -> list[dict]:
    return orjson.loads(write_json(results))


def _end(upload: ApiUpload, state: str, why: str = ""):
    upload.finish(state, why)
    account = upload.client.account
    account.origin = Origin(API, upload.address)
    AuditEntry.objects.record(
        AuditEntry.Action.IMPORTED,
        by=account,
        what=RESOURCES[upload.resource].model._meta.label_lower,
        rows=upload.rows - upload.unprocessed,
        refused=upload.failed,
    )
