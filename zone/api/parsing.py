"""Strict JSON: what is ambiguous, or cannot be stored, is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from http import HTTPStatus
from math import isinf

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
        body = stream.read(LARGEST + 1)
        if len(body) > LARGEST:
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                _("Please send at most 2 MiB at a time."),
                "too_large",
            )
        return read_json(body)


def read_json(body: bytes):
    try:
        found = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_number,
        )
    except (UnicodeDecodeError, ValueError, RecursionError) as mistake:
        raise unreadable(_("This is not valid JSON in UTF-8.")) from mistake
    _check_depth(found)
    if b"\\u" in body:  # what cannot be stored stands in JSON as \u0000 or \ud800
        _check_texts(found)
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


def _number(text: str) -> float:
    """Refuse what is too large to be one, such as 1e400: it could not be stored."""
    if isinf(number := float(text)):
        raise unreadable(_("A number is too large."))
    return number


def _check_depth(value, depth: int = 1):
    if depth > DEEPEST:
        raise unreadable(_("The body is nested more than 20 deep."))
    for below in _parts(value):
        if isinstance(below, (dict, list)):
            _check_depth(below, depth + 1)


def _check_texts(value):
    if isinstance(value, str):
        _check_text(value)
    if isinstance(value, dict):
        _check_texts([*value])
    for below in _parts(value):
        _check_texts(below)


def _parts(value) -> Iterable:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _check_text(text: str):
    if "\0" in text:
        raise unreadable(_("A text holds the character NUL, which cannot be stored."))
    if HALF.search(text):
        raise unreadable(_("A text holds half of a character (a lone surrogate)."))
