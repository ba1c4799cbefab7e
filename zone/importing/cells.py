"""What stands in a cell, read as its column means it; a refusal names the cure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from zone import identifiers, units
from zone.fields import QuantityField
from zone.files.export import unneutral
from zone.files.sheets import Fault, day_of_serial

FAULTS = {
    "error": _(
        "This cell holds an error such as #N/A; please mend it or copy the value in by hand."
    ),
    "formula": _(
        "This formula was never calculated; please open the file in Excel or WPS and save it."
    ),
}
YES, NO = {"是", "有", "√", "✓", "对", "y", "yes", "true", "1"}, {"否", "无", "×", "✗", "错"}
NO |= {"n", "no", "false", "0"}
DAY = re.compile(
    r"(\d{4})\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})\s?日?(?:\s.{0,20})?", re.ASCII
)
BARE_DAY = re.compile(r"(20\d\d)(\d\d)(\d\d)", re.ASCII)
# The unit of a heading by what stands in its brackets: how much one is in the field's own unit.
SIZES = {
    "wan": {
        "元": Decimal("0.0001"),
        "万元": Decimal(1),
        "亿元": Decimal(10_000),
        "百万元": Decimal(100),
        "千万元": Decimal(1_000),
    },
    "m2": {"㎡": Decimal(1), "平方米": Decimal(1), "亩": units.M2_PER_MU},
}
SPELT = {"万": "万元", "亿": "亿元", "人民币万元": "万元", "万元人民币": "万元", "万人民币": "万元"}
SPELT |= {"rmb": "元", "m2": "㎡", "m²": "㎡", "平米": "㎡", "平": "㎡", "亿人民币": "亿元"}


@dataclass(frozen=True)
class Cell:
    """A value of the sheet with what its reading depends on."""

    value: object
    size: Decimal = Decimal(1)  # of the heading's unit, in the unit of the field
    is_1904: bool = False


def unit_of(text: str, unit: str) -> str:
    """Return the unit that a heading names, as ``SIZES`` has it; "" if it names none of these."""
    plain = identifiers.half_width(text).lower().replace("单位:", "").replace(" ", "")
    found = SPELT.get(plain, plain)
    found = "㎡" if found == "m2" else found
    return found if found in SIZES.get(unit, {}) else ""


def written(cell: Cell) -> str:
    """Return a cell as text, as its reader would have typed it."""
    value = cell.value
    if isinstance(value, Fault):
        raise ValidationError(FAULTS[value.kind], code="fault")
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (int, float)):
        return f"{decimal_of(value):f}"
    return unneutral(str(value))


def decimal_of(value: float) -> Decimal:
    """Return a number of Excel as it shows it: with 15 significant digits."""
    number = Decimal(f"{value:.15g}")
    whole = number.to_integral_value()
    return whole if number == whole else number


def name(cell: Cell) -> str:
    """Read the name of another row."""
    return identifiers.line(written(cell))


def text(field: models.Field) -> Callable[[Cell], object]:
    """Return the reader of a text or code: as the field itself takes one that is typed."""

    def read(cell: Cell):
        found = written(cell)
        longest = field.max_length
        value = field.to_python(found)
        if longest and isinstance(value, str) and len(value) > longest:
            words = _("This has %(length)d characters; at most %(longest)d fit here.")
            raise ValidationError(words, "long", {"length": len(value), "longest": longest})
        return value

    return read


def quantity(field: models.DecimalField) -> Callable[[Cell], Decimal]:
    """Return the reader of a number, in the unit of its heading unless it names its own."""
    unit = field.unit if isinstance(field, QuantityField) else ""

    def read(cell: Cell) -> Decimal | None:
        if isinstance(cell.value, bool):
            raise ValidationError(units.CURES[unit], code="unreadable")
        if isinstance(cell.value, (int, float)):
            number = decimal_of(cell.value) * cell.size
            # What a formula came to has more digits than anybody would type.
            return units.tidy(units.rounded(number, field.decimal_places))
        found = written(cell)
        with suppress(ValidationError):
            return units.tidy(
                units.rounded(units.read(found) * cell.size, field.decimal_places)
                if cell.size != 1
                else units.read(found)
            )
        return units.read(found, unit)

    return read


def day(cell: Cell) -> date:
    """Read a day: a date of the sheet, its serial number, 2025/3/1, 2025年3月1日, 20250301."""
    if isinstance(cell.value, date):
        return cell.value
    is_number = isinstance(cell.value, (int, float)) and not isinstance(cell.value, bool)
    found = day_of_serial(cell.value, cell.is_1904) if is_number else None
    if found and found.year < 2200:  # 20260301 is a day written in figures
        return found
    plain = identifiers.half_width(written(cell))
    parts = DAY.fullmatch(plain) or BARE_DAY.fullmatch(plain)
    with suppress(ValueError):
        if parts:
            return date(*map(int, parts.groups()))
    raise ValidationError(_("This is no day; write it such as 2025-03-01."), code="day")


def boolean(cell: Cell) -> bool:
    if isinstance(cell.value, bool):
        return cell.value
    plain = identifiers.half_width(written(cell)).lower()
    if plain in YES | NO:
        return plain in YES
    raise ValidationError(_("Write 是 or 否."), code="boolean")


def choice(choices: Iterable[tuple[str, str]]) -> Callable[[Cell], str]:
    """Return the reader of one of ``choices``, by its label or its code."""

    def read(cell: Cell) -> str:
        wanted = identifiers.folded(written(cell)).lower()
        labels = [str(label) for _value, label in choices]
        for (value, _label), label in zip(choices, labels, strict=True):
            if wanted in (identifiers.folded(label).lower(), str(value).lower()):
                return value
        words = _("Choose one of: %(labels)s.")
        raise ValidationError(words, "choice", {"labels": "、".join(labels)})

    return read


def reader_of(field: models.Field) -> Callable[[Cell], object]:
    """Return what reads a cell for ``field``, as far as its kind tells."""
    if field.choices:
        return choice([pair for pair in field.choices if pair[0]])
    if isinstance(field, models.BooleanField):
        return boolean
    if isinstance(field, models.DecimalField):
        return quantity(field)
    if isinstance(field, models.DateField):
        return day
    return text(field)
