"""Where the table of a sheet begins, and which of its columns says what in which unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from zone import identifiers
from zone.files.sheet_parts import column_letters
from zone.files.sheets import Sheet
from zone.importing.cells import SIZES, unit_of
from zone.importing.nouns import Column, Importable

LOOKED_AT = 20  # lines at the top that may hold the headings
ENOUGH = 2  # known headings make a line the one of headings
NOTE_MARK = "【说明】"
UNIT_ABOVE = re.compile(r"单位[:：]\s?(\S{1,10}?)[)）]?$")
BRACKETS = str.maketrans("[]【】{}", "()()()")
REASON = "原因"  # of a workbook of refused rows: never read
ROW_ID_HEADING = "系统编号"
EXAMPLE_MARK = "【示例】"


@dataclass(frozen=True)
class Placed:
    """A column at its place in the sheet, with the unit that its heading names."""

    column: Column
    place: int  # from 0
    heading: str  # as it stands in the file
    unit: str = ""

    @property
    def size(self) -> Decimal:
        return SIZES[self.column.unit][self.unit] if self.unit else Decimal(1)

    @property
    def letters(self) -> str:
        return column_letters(self.place + 1)


@dataclass(frozen=True)
class Layout:
    """The table of a sheet: the line of its headings and the columns that are read."""

    sheet: Sheet
    line: int  # from 0
    columns: tuple[Placed, ...]
    id_place: int | None = None
    ignored: tuple[str, ...] = ()

    @property
    def names(self) -> set[str]:
        return {placed.column.name for placed in self.columns}

    def rows(self):
        """Yield (number as the spreadsheet counts, cells) of each line that is not empty."""
        for at, cells in enumerate(self.sheet.lines[self.line + 1 :], self.line + 1):
            if any(cell != "" for cell in cells) and not _is_remark(cells):
                yield at + 1, cells


def _is_remark(cells: list) -> bool:
    """Whether a line is the template's own: its notes or its example."""
    first = next((cell for cell in cells if cell != ""), "")
    return isinstance(first, str) and first.startswith((NOTE_MARK, EXAMPLE_MARK))


def key(text: str) -> str:
    """Return a heading without what says nothing: blanks, marks, the kind of its brackets."""
    plain = identifiers.half_width(text).translate(BRACKETS).lower()
    return re.sub(r"[*:\s]", "", plain)


def find_table(sheets: list[Sheet], noun: Importable) -> Layout:
    """Return the table of the first sheet that has the headings of ``noun``; refuse with the cure.

    Of several lines of headings the one counts that has most of them.
    """
    known = known_headings(noun)
    for sheet in sheets:
        found = [
            (sum(1 for cell in cells if _column_of(cell, known)), -at)
            for at, cells in enumerate(sheet.lines[:LOOKED_AT])
        ]
        best, at = max(found, default=(0, 0))
        if best >= ENOUGH:
            return _layout(sheet, -at, known, noun)
    if not any(sheet.lines for sheet in sheets):
        raise ValidationError(_("The file holds no rows; is it the right one?"), code="empty")
    needed = "、".join(column.heading for column in noun.columns if column.required)
    words = _(
        "No line of headings was found in the first %(lines)d lines. The table needs the columns "
        "%(columns)s; download the template and copy your rows into it."
    )
    raise ValidationError(words, "headings", {"lines": LOOKED_AT, "columns": needed})


def known_headings(noun: Importable) -> dict[str, Column]:
    """Return the columns by all their headings, in whichever language the file was made."""
    found = {key(alias): column for column in reversed(noun.columns) for alias in column.aliases}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found |= {key(column.heading): column for column in reversed(noun.columns)}
    return found


def _column_of(cell, known: dict[str, Column]) -> tuple[Column, str] | None:
    """Return the column that a heading means, and what stands in the brackets behind it."""
    if not isinstance(cell, str) or not cell or len(cell) > 100:
        return None
    text = key(cell)
    if text in known:
        return known[text], ""
    name, _opened, rest = text.partition("(")
    unit, closed, _more = rest.partition(")")
    return (known[name], unit) if closed and name in known else None


def _layout(sheet: Sheet, at: int, known: dict[str, Column], noun: Importable) -> Layout:
    placed, ignored, id_place = [], [], None
    above = _unit_above(sheet.lines[:at])
    for place, cell in enumerate(sheet.lines[at]):
        found = _column_of(cell, known)
        if found:
            column, brackets = found
            unit = unit_of(brackets or above, column.unit) if column.unit else ""
            placed.append(Placed(column, place, str(cell), unit))
        elif isinstance(cell, str) and key(cell) == key(ROW_ID_HEADING):
            id_place = place
        elif cell != "" and key(str(cell)) != key(REASON):
            ignored.append(str(cell)[:40])
    layout = Layout(sheet, at, tuple(placed), id_place, tuple(ignored))
    _refuse_headings(layout, noun)
    _fill_merged(layout)
    return layout


def _unit_above(lines: list[list]) -> str:
    """Return the unit that a line above the table names for all amounts: 单位：万元."""
    cells = (cell for line in lines for cell in line if isinstance(cell, str))
    found = (UNIT_ABOVE.search(cell[-60:]) for cell in cells)
    return next((match[1] for match in found if match), "")


def _refuse_headings(layout: Layout, noun: Importable):
    errors, seen = [], {}
    for placed in layout.columns:
        name, params = placed.column.name, {"heading": placed.heading, "letters": placed.letters}
        if name in seen:
            words = _("Columns %(first)s and %(letters)s are both “%(heading)s”; delete one.")
            errors.append(ValidationError(words, "twice", params | {"first": seen[name]}))
        seen[name] = placed.letters
        if placed.column.unit and not placed.unit:
            usual = [f"{placed.column.heading}（{unit}）" for unit in SIZES[placed.column.unit]]
            words = _(
                "Column %(letters)s “%(heading)s” names no unit; write for instance %(usual)s "
                "in its heading."
            )
            params |= {"usual": _(" or ").join(_usual(placed.column.unit, usual))}
            errors.append(ValidationError(words, "unit", params))
    if layout.id_place is None:
        missing = [c.heading for c in noun.columns if c.required and c.name not in seen]
        if missing:
            words = _("The table lacks the columns %(columns)s; add them with these headings.")
            errors.append(ValidationError(words, "missing", {"columns": "、".join(missing)}))
    if errors:
        raise ValidationError(errors)


def _usual(unit: str, headings: list[str]) -> list[str]:
    return headings[1:3] if unit == "wan" else headings[::2]


def _fill_merged(layout: Layout):
    """Give each cell that is merged downwards in one column the value of the first of them."""
    lines = layout.sheet.lines
    for top, left, bottom, right in layout.sheet.merged:
        if top <= layout.line or left != right or top >= len(lines) or left >= len(lines[top]):
            continue
        for line in lines[top + 1 : min(bottom, len(lines) - 1) + 1]:
            line.extend([""] * (left + 1 - len(line)))
            line[left] = lines[top][left]
