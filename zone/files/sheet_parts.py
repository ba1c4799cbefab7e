"""What a worksheet's XML holds, before anybody unpacks it into cells.

The reader of workbooks takes memory for a whole rectangle, from the first cell to the last one: a
file of some KB that has a value in XFD1048576 would end the process. It also gives an empty cell
for an error such as #N/A and for a formula that was never calculated; both are found here.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from zone.files.contents import Refused

MOST_LINES, MOST_COLUMNS, MOST_CELLS = 30_000, 500, 3_000_000
MOST_FAULTS = 1_000
PIECE = 256 * 1024
LONGEST_TAG = 4_000
# The start of a row, cell, formula or value; its attributes, in which a > may stand quoted.
TAG = re.compile(
    rb"<(?:[\w.-]{1,40}:)?(row|c|f|v)(?=[\s/>])"
    rb"(?:((?:[^<>\"']|\"[^\"]{0,1000}\"|'[^']{0,1000}'){0,60}?)(/?)>([^<]?))?"
)
PLACE = re.compile(rb"""\sr\s*=\s*["'](?:([A-Z]{1,3})?(\d{1,7}))["']""")
KIND = re.compile(rb"""\st\s*=\s*["'](\w+)["']""")

TOO_LARGE = _(
    "“%(name)s” has a sheet of more than %(lines)s lines or %(columns)s columns; please keep what "
    "is to be imported and delete the rest, empty lines below the table as well."
)
DAMAGED = _("“%(name)s” is incomplete or damaged; please save it again in Excel or WPS.")


def inspect(package: zipfile.ZipFile, part: str) -> dict[tuple[int, int], str]:
    """Return the cells of a part that have no value to show: {(line, column): "error"|"formula"}.

    Lines and columns count from 1. Refuses a part whose rectangle is too large.
    """
    sheet = _Scan()
    with package.open(part) as file:
        for tag in _tags(file):
            sheet.take(*tag)
    sheet.end_cell()
    return sheet.faults


class _Scan:
    def __init__(self):
        self.line = self.column = self.lines = self.columns = 0
        self.kind, self.has_formula, self.has_value, self.is_open = b"", False, False, False
        self.faults: dict[tuple[int, int], str] = {}

    def take(self, name: bytes, attributes: bytes, is_empty: bool, begins: bytes):
        if name == b"row":
            self.end_cell()
            place = PLACE.search(attributes)
            self.line = int(place[2]) if place else self.line + 1
            self.column = 0
        elif name == b"c":
            self.end_cell()
            self._begin_cell(attributes, is_empty)
        elif name == b"f":
            self.has_formula = self.is_open
        else:
            self.has_value = self.has_value or (not is_empty and bool(begins))

    def _begin_cell(self, attributes: bytes, is_empty: bool):
        place = PLACE.search(attributes)
        if place and place[1]:
            self.line, self.column = int(place[2]), column_number(place[1].decode())
        else:
            self.column += 1
        self.kind = kind[1] if (kind := KIND.search(attributes)) else b""
        self.is_open, self.has_formula, self.has_value = not is_empty, False, False
        if self.is_open:
            self.lines, self.columns = max(self.lines, self.line), max(self.columns, self.column)
            self._refuse_large()

    def _refuse_large(self):
        cells = self.lines * self.columns
        if self.lines > MOST_LINES or self.columns > MOST_COLUMNS or cells > MOST_CELLS:
            words = {"lines": f"{MOST_LINES:,}", "columns": MOST_COLUMNS}
            raise Refused(TOO_LARGE, "sheet_size", **words)

    def end_cell(self):
        """Note the cell that ends here, if it has an error or a formula without its result."""
        if not self.is_open or len(self.faults) >= MOST_FAULTS:
            return
        if self.kind == b"e":
            self.faults[self.line, self.column] = "error"
        elif self.has_formula and not self.has_value and self.kind != b"str":
            self.faults[self.line, self.column] = "formula"
        self.is_open = False


def _tags(file) -> Iterator[tuple[bytes, bytes, bool, bytes]]:
    """Yield (name, attributes, whether it is empty, the character behind it) of each tag."""
    rest = b""
    while True:
        piece = file.read(PIECE)
        text, is_last = rest + piece, not piece
        # A tag that the piece may have cut in two is looked at with the next one.
        end = len(text) if is_last else max(text.rfind(b"<"), 0)
        if len(text) - end > LONGEST_TAG + PIECE:
            raise Refused(DAMAGED, "damaged")
        for found in TAG.finditer(text, 0, end):
            if found[3] is None:
                raise Refused(DAMAGED, "damaged")
            yield found[1], found[2], bool(found[3]), found[4]
        if is_last:
            return
        rest = text[end:]


def column_number(letters: str) -> int:
    """Return 1 for A, 27 for AA; the three letters of XFD are the most a sheet has."""
    number = 0
    for letter in letters[:3]:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """Return A for 1, AA for 27."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
