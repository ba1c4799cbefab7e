"""The only place where money and area change their unit.

Stored: 万元 as Decimal(16, 4) in ``…_wan``, ㎡ as Decimal(14, 2) in ``…_m2``.
Shown: 亿元 with two decimals from 1 亿 up, else 万元; ㎡ with 亩 beside.
"""

from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import get_language

WAN_PER_YI = Decimal(10_000)
M2_PER_MU = Decimal(2000) / 3
NOTHING = "—"
ALMOST = Decimal("99.99")


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
