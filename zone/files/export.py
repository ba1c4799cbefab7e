"""Exports: no cell is a formula to a spreadsheet, and each download is in the trail."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from numbers import Number

from django.http import HttpResponse, QueryDict

from zone.privacy.masking import HIDDEN

MOST_ROWS = 10_000
# What makes a spreadsheet calculate, in half and full width; blanks before it do not help.
DANGEROUS = tuple("=+-@\t\r\n＝＋－＠")
INVISIBLE = " \u00a0\u3000\u200b\u2060\ufeff"
LONG_NUMBER = re.compile(r"\d{7,}")


def neutral(text: str) -> str:
    """Return a cell's text so that no spreadsheet takes it for a formula."""
    risky = text.startswith(DANGEROUS) or text.lstrip(INVISIBLE).startswith(DANGEROUS)
    return f"'{text}" if risky else text


def unneutral(text: str) -> str:
    """Return what ``neutral`` was given: a text of ours that comes back from a spreadsheet."""
    bare = text.removeprefix("'")
    return bare if bare != text and neutral(bare) == text else text


def filter_words(query: QueryDict) -> str:
    """Return the filter of a list for the trail; a number searched for is not repeated there."""
    kept = query.copy()
    if kept.get("q"):
        kept["q"] = HIDDEN  # a number may be spelt in too many ways to be found in it
    return LONG_NUMBER.sub(HIDDEN, kept.urlencode(safe=HIDDEN))[:500]


def csv_file(name: str, headings: Iterable, rows: Iterable[Iterable]) -> HttpResponse:
    """Return a CSV download that Excel reads in Chinese; every cell is neutral."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response.write("\ufeff")
    writer = csv.writer(response)
    for row in (headings, *rows):
        writer.writerow([cell if isinstance(cell, Number) else neutral(str(cell)) for cell in row])
    return response
