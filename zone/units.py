"""The only place where money and area change their unit.

Stored: 万元 as Decimal(16, 4) in ``…_wan``, ㎡ as Decimal(14, 2) in ``…_m2``.
Shown: 亿元 with two decimals from 1 亿 up, else 万元; ㎡ with 亩 beside.
"""

import re
from decimal import ROUND_HALF_UP, Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from zone.identifiers import half_width, holds_numeral

WAN_PER_YI = Decimal(10_000)
M2_PER_MU = Decimal(2000) / 3
NOTHING = "—"
ALMOST = Decimal("99.99")
MOST_WAN = 100_000_000  # 1 万亿元; no single amount of a zone comes near

# How a person writes a number: commas only between groups of three, then perhaps a unit. The
# script beside a field reads by the same pattern and the same units.
WRITTEN = r"(?!.{31})([-−–—]?)((?:\d{1,3}(?:[,、 ]\d{3})+|\d+)(?:\.\d+)?|\.\d+) ?(\D.*)?"
WAN = {
    "": "1",
    "元": "0.0001",
    "万": "1",
    "百万": "100",
    "千万": "1000",
    "亿": "10000",
    "万亿": "100000000",
    "million": "100",
    "billion": "100000",
}
WAN |= {f"{unit}元": size for unit, size in WAN.items() if unit.endswith(("万", "亿"))}
# What each unit that may be written behind a number counts, by the unit of the field.
UNITS = {
    "": {"": "1"},
    "count": {"": "1", "个": "1", "家": "1"},
    "m2": {"": "1", "m2": "1", "平方米": "1"},
    "wan": WAN,
}
CURES = {
    "": _("Write a plain number, such as 12000, 12,000 or 1.5."),
    "count": _("Write a plain number, such as 40."),
    "m2": _("Write a plain number in ㎡, such as 12000, 12,000 or 1.5."),
    "wan": _("Write an amount such as 12000, 12,000万元 or 1.2亿; a bare number counts as 万元."),
}
COMMAS = _("A comma goes between groups of three digits, as in 12,000; for a fraction write 1.5.")


def read(text: str, unit: str = "") -> Decimal | None:
    """Return what a person wrote as a number of ``unit``; None for nothing.

    Raises ``ValidationError`` with the cure for what is no number or could mean two.
    """
    plain = half_width(text).lower()
    if not plain:
        return None
    found = None if holds_numeral(text) else re.fullmatch(WRITTEN, plain, re.ASCII)
    size = UNITS[unit].get((found[3] or "").strip()) if found else None
    if size is None:
        is_comma = "," in plain and re.fullmatch(WRITTEN, plain.replace(",", ""), re.ASCII)
        raise ValidationError(COMMAS if is_comma else CURES[unit], code="unreadable")
    number = Decimal(re.sub("[,、 ]", "", found[2])) * Decimal(size)
    return tidy(-number if found[1] else number)


def tidy(number: Decimal) -> Decimal:
    """Return ``number`` without zeros after the point."""
    whole = number.to_integral_value()
    return whole if number == whole else number.normalize()


def rounded(value: Decimal, places: int = 2) -> Decimal:
    """Round half up, as official tables do (Python's own rounding is half to even)."""
    return Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def share(part: Decimal, whole: Decimal | None) -> Decimal | None:
    """Return ``part`` of ``whole`` in per cent; 100.00 only where all of it is reached."""
    if not whole:
        return None
    found = rounded(Decimal(part) / whole * 100)
    return min(found, ALMOST) if part < whole else found


def yi(wan: Decimal | None, places: int = 2) -> Decimal | None:
    """Turn 万元 into 亿元; unknown stays unknown."""
    return None if wan is None else rounded(Decimal(wan) / WAN_PER_YI, places)


def mu(m2: Decimal | None, places: int = 2) -> Decimal | None:
    """Turn ㎡ into 亩 (1 亩 = 2000/3 ㎡)."""
    return None if m2 is None else rounded(Decimal(m2) / M2_PER_MU, places)


def plain(value: Decimal, places: int = 2) -> str:
    """Write a number with thousands separators and without needless zeros."""
    text = f"{rounded(value, places):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def money(wan: Decimal | None) -> str:
    """Write an amount in 万元 as people read it: ``20.00 亿元``, ``5,000 万元`` or ``—``."""
    if wan is None:
        return NOTHING
    if get_language() == "en":
        return f"RMB {plain(Decimal(wan) / 100)} million"
    if abs(wan) >= WAN_PER_YI:
        return f"{yi(wan):,} 亿元"
    return f"{plain(wan, 4)} 万元"


def money_in_full(wan: Decimal | None) -> str:
    """Write an amount to the last yuan: ``29,565 万元（2.96 亿元）``, ``5,000 万元`` or ``—``."""
    if wan is None or abs(wan) < WAN_PER_YI or get_language() == "en":
        return money(wan)
    return f"{plain(wan, 4)} 万元（{money(wan)}）"


def area(m2: Decimal | None) -> str:
    """Write an area: ``2,000 ㎡（3.00 亩）``."""
    if m2 is None:
        return NOTHING
    if get_language() == "en":
        return f"{plain(m2)} sqm"
    return f"{plain(m2)} ㎡（{mu(m2):,} 亩）"


def percent(share: Decimal | None) -> str:
    """Write a percentage that is already in per cent with two decimals; unknown is ``—``."""
    return NOTHING if share is None else f"{rounded(share)}%"


def in_words(value: Decimal | None, unit: str) -> str:
    """Write a number of ``unit`` as people read it."""
    if value is None:
        return NOTHING
    return {"wan": money_in_full, "m2": area}[unit](value) if unit in OTHER else plain(value, 4)


# What is shown beside a number of a unit, to see at a glance what it comes to.
OTHER = {"wan": money, "m2": lambda m2: f"{mu(m2):,} {_('mu')}"}


def echo(text: str | Decimal | None, unit: str) -> str:
    """Return what stands beside a field with ``text`` in it: ``= 1.20 亿元``, or nothing."""
    try:
        number = read(str(text or ""), unit)
    except ValidationError:
        return ""
    return "" if number is None or unit not in OTHER else f"= {OTHER[unit](number)}"
