"""Tables that people send: .xlsx and .csv as lines of cells, or the reason in words.

A workbook is checked (``zone.files.types``, ``zone.files.sheet_parts``) before it is opened; no
formula is calculated and no macro runs, what stands in a cell is what the last program stored.
"""

from __future__ import annotations

import codecs
import csv
import re
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from io import StringIO

import python_calamine
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils.translation import gettext_lazy as _

from zone import identifiers
from zone.files.contents import MIB, OLD_OFFICE, ZIP_ENTRY, Refused
from zone.files.sheet_parts import DAMAGED, MOST_COLUMNS, MOST_LINES, TOO_LARGE, inspect
from zone.files.types import ending_of, recognise

ACCEPT = ".xlsx,.csv"
LONGEST_CELL = 2_000  # characters; an Excel cell holds 32,767
DELIMITERS = (",", "\t", ";")
BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

OTHER_ENDING = _("“%(name)s” is no table that can be read; please save it as .xlsx or .csv.")
_OLD = _(
    "“%(name)s” is a workbook of an older format; open it in Excel or WPS, choose “Save as”, "
    "“Excel workbook (*.xlsx)”, and upload that."
)
_MACROS = _(
    "“%(name)s” may hold macros; please save it as “Excel workbook (*.xlsx)”, which has none."
)
CURES = {
    **dict.fromkeys(("xls", "et", "xlt", "xlsb", "ods", "numbers"), _OLD),
    **dict.fromkeys(("xlsm", "xltm", "xlam"), _MACROS),
}
# What else the check of a workbook says in words for scans.
WORDS = {
    "swollen": _(
        "“%(name)s” unpacks to far more than a table should; please copy the table into a new "
        "workbook and upload that."
    ),
    "entries": _(
        "“%(name)s” is made of too many parts, pictures for instance; please copy the table alone "
        "into a new workbook and upload that."
    ),
    "protected": _(
        "“%(name)s” is protected by a password or a workbook of 2003; please save it as .xlsx "
        "without a password."
    ),
}
ENCODING = _(
    "“%(name)s” is no text in UTF-8 or GBK; please save it as .xlsx, or as “CSV UTF-8” in Excel."
)


@dataclass(frozen=True)
class Fault:
    """A cell without a value: an error such as #N/A, or a formula never calculated."""

    kind: str  # "error" or "formula"


@dataclass
class Sheet:
    """The lines of a table; a cell is a text, number, boolean, date, ``Fault``, or "" if empty."""

    name: str
    lines: list[list]
    is_1904: bool = False  # serial numbers of days count from 1904
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)  # first, last; from 0


def read_sheets(file: File, name: str) -> list[Sheet]:
    """Return the sheets of ``file``, which carries the clean ``name``; refuse with the cure."""
    ending, params = ending_of(name), {"name": name}
    if ending not in ("xlsx", "csv"):
        raise ValidationError(CURES.get(ending, OTHER_ENDING), "ending", params)
    try:
        return read_csv(file, name) if ending == "csv" else read_workbook(file, name)
    except Refused as refused:
        raise ValidationError(refused.message, refused.code, params | refused.params) from refused


def read_workbook(file: File, name: str) -> list[Sheet]:
    try:
        recognise(file, name)
    except ValidationError as refusal:
        words = WORDS.get(refusal.code, refusal.message)
        raise ValidationError(words, refusal.code, refusal.params) from refusal
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as package:
            faults, is_1904 = _look_into(package)
        file.seek(0)
        with python_calamine.load_workbook(file) as book:
            return [
                _sheet(book.get_sheet_by_name(one.name), faults.get(one.name, {}), is_1904)
                for one in book.sheets_metadata
                if one.typ == python_calamine.SheetTypeEnum.WorkSheet
            ]
    except (python_calamine.CalamineError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise Refused(DAMAGED, "damaged") from error
    except (ElementTree.ParseError, DefusedXmlException) as error:
        raise Refused(DAMAGED, "damaged") from error


def _look_into(package: zipfile.ZipFile) -> tuple[dict[str, dict], bool]:
    """Return the faults of each sheet by its name, and whether days count from 1904.

    Each part is looked at, wherever it lies: the workbook may call any of them a sheet.
    """
    found = {
        part: inspect(package, part)
        for part in package.namelist()
        if part.lower().endswith((".xml", ".bin")) and not part.endswith("sharedStrings.xml")
    }
    book = _tree(package, "xl/workbook.xml")
    settings = book.find(f"{MAIN}workbookPr")
    is_1904 = settings is not None and settings.get("date1904", "0") in ("1", "true")
    links = {one.get("Id"): one.get("Target") for one in _links(package)}
    faults = {}
    for one in book.iter(f"{MAIN}sheet"):
        target = (links.get(one.get(LINK)) or "").removeprefix("/xl/")
        faults[one.get("name")] = found.get(f"xl/{target}", {})
    return faults, is_1904


def _links(package: zipfile.ZipFile):
    name = "xl/_rels/workbook.xml.rels"
    return _tree(package, name) if name in package.namelist() else ()


def _tree(package: zipfile.ZipFile, part: str):
    with package.open(part) as file:
        text = file.read(MIB + 1)
    if len(text) > MIB:
        raise Refused(DAMAGED, "damaged")
    return ElementTree.fromstring(text)


def _sheet(source, faults: dict, is_1904: bool) -> Sheet:
    lines = [[_cell(value) for value in row] for row in source.to_python(skip_empty_area=False)]
    for (line, column), kind in faults.items():
        if line <= len(lines) and column <= len(lines[line - 1]):
            lines[line - 1][column - 1] = Fault(kind)
    merged = [(*first, *last) for first, last in source.merged_cell_ranges or ()]
    return Sheet(source.name, lines, is_1904, merged)


def _cell(value):
    """Return a cell's value as readers know it: texts without what nobody sees."""
    if isinstance(value, str):
        return text_of(value)
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, (time, timedelta)):
        return str(value)
    return value


def text_of(text: str) -> str:
    """Return a cell's text: bounded, without NUL and other unseen characters, blanks around."""
    text = text[:LONGEST_CELL].replace("\r\n", "\n").replace("_x000D_", "")
    return re.sub(r"[\0-\x08\x0b-\x1f\x7f]", "", identifiers.visible(text)).strip()


def read_csv(file: File, name: str) -> list[Sheet]:
    file.seek(0)
    content = file.read()
    if not content:
        raise Refused(_("“%(name)s” is empty; please choose the file again."), "empty")
    if content.startswith((OLD_OFFICE, ZIP_ENTRY)):
        raise Refused(
            _("“%(name)s” is a workbook inside; please rename it to .xlsx or save it anew."),
            "mismatch",
        )
    text = decoded(content)
    first = text[: text.find("\n") if "\n" in text else len(text)]
    delimiter = max(DELIMITERS, key=first.count)
    lines = []
    try:
        for record in csv.reader(StringIO(text, newline=""), delimiter=delimiter):
            lines.append([text_of(cell) for cell in record])
            if len(lines) > MOST_LINES or len(record) > MOST_COLUMNS:
                words = {"lines": f"{MOST_LINES:,}", "columns": MOST_COLUMNS}
                raise Refused(TOO_LARGE, "sheet_size", **words)
    except csv.Error as error:
        raise Refused(DAMAGED, "damaged") from error
    return [Sheet(name, lines)]


def decoded(content: bytes) -> str:
    """Return the text of a CSV as Excel, WPS and other programs write it in China."""
    marked = next((code for mark, code in BOMS.items() if content.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "gb18030"):
        try:
            return content.decode(encoding).replace("\0", "")
        except UnicodeDecodeError:
            continue
    raise Refused(ENCODING, "encoding")


def day_of_serial(number: float, is_1904: bool) -> date | None:
    """Return the day that Excel counts as ``number``; None for one that is no day of our time."""
    if not 1 <= number < 2_958_466 or number != int(number):
        return None
    if is_1904:
        return date(1904, 1, 1) + timedelta(days=int(number))
    # Excel counts a 29 February 1900, which was none.
    return date(1899, 12, 30) + timedelta(days=int(number)) if number > 60 else None
