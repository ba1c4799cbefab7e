"""Bands of an investment, for lists and the board."""

from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

# From, and below, in 万元.
BANDS = {
    "s": (None, Decimal(1_000)),
    "m": (Decimal(1_000), Decimal(10_000)),
    "l": (Decimal(10_000), Decimal(100_000)),
    "xl": (Decimal(100_000), None),
}
BAND_NAMES = (
    ("s", _("below RMB 10 million")),
    ("m", _("RMB 10 to 100 million")),
    ("l", _("RMB 100 million to 1 billion")),
    ("xl", _("from RMB 1 billion")),
)


def in_band(field: str, band: str) -> Q:
    """Return the condition that the amount ``field`` lies in a band; an unknown one holds all."""
    least, below = BANDS.get(band, (None, None))
    found = Q() if least is None else Q(**{f"{field}__gte": least})
    return found if below is None else found & Q(**{f"{field}__lt": below})
