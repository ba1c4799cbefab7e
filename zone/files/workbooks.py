"""Workbooks that go out: every text is neutral, so that no spreadsheet calculates it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from urllib.parse import quote

from django.http import HttpResponse
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from zone.calendar import SHANGHAI
from zone.files.export import neutral

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEAD, HEAD_FILL = Font(bold=True), PatternFill("solid", fgColor="FFD9EAE7")
WRAPPED = Alignment(wrap_text=True, vertical="top")
LONGEST = 32_000  # characters that a cell takes
NARROWEST, WIDEST = 10, 40


def cell_of(value):
    """Return a value as a cell takes it: numbers and days as such, all else as neutral text."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).replace(tzinfo=None, microsecond=0)
    if isinstance(value, (int, float, Decimal, date)):
        return value
    text = strip_tags(str(value)) if hasattr(value, "__html__") else str(value)
    kept = "".join(sign for sign in text[:LONGEST] if sign in "\n\t" or sign.isprintable())
    return neutral(kept)


def table(title: str, headings: Iterable, rows: Iterable[Iterable]) -> bytes:
    """Return a workbook of one sheet, written row by row."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(sheet_title(title))
    headings = [str(heading) for heading in headings]
    for number, heading in enumerate(headings, 1):
        width = min(max(2 * len(heading) + 2, NARROWEST), WIDEST)
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = "A2"
    sheet.append([_head(sheet, neutral(heading)) for heading in headings])
    for row in rows:
        sheet.append([cell_of(value) for value in row])
    return saved(book)


def sheet_title(title: str) -> str:
    """Return ``title`` without what the name of a sheet cannot hold."""
    return re.sub(r"[\\/*?:\[\]]", "、", title)[:31]


def _head(sheet, text: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, text)
    cell.font, cell.fill = HEAD, HEAD_FILL
    return cell


def form(title: str, columns: list[tuple[str, object, list[str]]], notes: list[list[str]]) -> bytes:
    """Return a workbook to be filled in: (heading, example, what may be chosen) of each column.

    The choices stand on a sheet of their own, because a list in a cell ends at 255 characters;
    the notes explain the columns on a third one.
    """
    book = Workbook()
    sheet = book.active
    sheet.title = sheet_title(title)
    choices = book.create_sheet(_("Choices"))
    for number, (heading, example, options) in enumerate(columns, 1):
        letter = get_column_letter(number)
        head = sheet.cell(1, number, neutral(heading))
        head.font, head.fill = HEAD, HEAD_FILL
        sheet.cell(2, number, cell_of(example)).font = Font(italic=True, color="FF808080")
        sheet.column_dimensions[letter].width = min(max(2 * len(heading) + 2, 14), WIDEST)
        if options:
            _offer(sheet, choices, letter, heading, options)
    sheet.freeze_panes = "A2"
    explained = book.create_sheet(_("How to fill it in"))
    for row in notes:
        explained.append([cell_of(value) for value in row])
    for letter, width in zip("ABCD", (24, 8, 60, 40), strict=True):
        explained.column_dimensions[letter].width = width
    for cell in (cell for row in explained.iter_rows() for cell in row):
        cell.alignment = WRAPPED
    return saved(book)


def _offer(sheet, choices, letter: str, heading: str, options: list[str]):
    choices[f"{letter}1"] = neutral(heading)
    for number, option in enumerate(options, 2):
        choices[f"{letter}{number}"] = neutral(option)
    place = f"'{choices.title}'!${letter}$2:${letter}${len(options) + 1}"
    rule = DataValidation("list", formula1=place, allow_blank=True, showErrorMessage=True)
    rule.error, rule.errorTitle = _("Please choose from the list."), heading[:32]
    rule.add(f"{letter}2:{letter}10001")
    sheet.add_data_validation(rule)


def saved(book: Workbook) -> bytes:
    book.save(out := BytesIO())
    return out.getvalue()


def download(content: bytes, name: str) -> HttpResponse:
    """Return a workbook as an attachment that no proxy keeps."""
    response = HttpResponse(content, content_type=CONTENT_TYPE)
    plain = (
        f"attachment; filename=\"export.xlsx\"; filename*=UTF-8''{quote(str(name), safe='')}.xlsx"
    )
    response["Content-Disposition"] = plain
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response
