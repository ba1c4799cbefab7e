"""Reading JSON strictly: what could mean two things, or could not be stored, is refused."""

from __future__ import annotations

import json
import re
from http import HTTPStatus

from django.utils.translation import gettext_lazy as _
from rest_framework.parsers import BaseParser

from zone.api.problems import Problem

LARGEST = 2 * 1024 * 1024  # bytes
DEEPEST = 20
HALF = re.compile("[\ud800-\udfff]")


class StrictJSONParser(BaseParser):
    """JSON in UTF-8 without duplicate keys, NUL, NaN, half characters or great depth."""

    media_type = "application/json"

    def parse(self, stream, media_type=None, parser_context=None):
        if "HTTP_TRANSFER_ENCODING" in parser_context["request"].META:
            raise chunked()
        body = stream.read(LARGEST + 1)
        if len(body) > LARGEST:
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                _("Please send at most 2 MiB at a time."),
                "too_large",
            )
        return read_json(body)


def chunked() -> Problem:
    """Refuse a body without a length: Django would take it for an empty one."""
    detail = _("Send the body whole, with Content-Length.")
    return Problem(HTTPStatus.LENGTH_REQUIRED, detail, "length")


def read_json(body: bytes):
    try:
        found = json.loads(
            body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant
        )
    except (UnicodeDecodeError, ValueError, RecursionError) as mistake:
        raise unreadable(_("This is not valid JSON in UTF-8.")) from mistake
    _check(found, 0)
    return found


def unreadable(detail) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, detail, "unreadable")


def _object(pairs: list[tuple]) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise unreadable(_("A key stands twice in one object."))
    return found


def _refuse_constant(name: str):
    raise unreadable(_("NaN and Infinity are no JSON."))


def _check(value, depth: int):
    if depth > DEEPEST:
        raise unreadable(_("The body is nested more than 20 deep."))
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for key, below in value.items():
            _check_text(key)
            _check(below, depth + 1)
    elif isinstance(value, list):
        for below in value:
            _check(below, depth + 1)


def _check_text(text: str):
    if "\0" in text:
        raise unreadable(_("A text holds the character NUL, which cannot be stored."))
    if HALF.search(text):
        raise unreadable(_("A text holds half of a character (a lone surrogate)."))
