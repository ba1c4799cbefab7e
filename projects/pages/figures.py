"""What the progress page writes for a figure: text, machine value, address and words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from projects.pages import charts
from projects.pages.links import Links
from projects.progress import BLUE, GREEN, RED, YELLOW, Figure
from zone import units
from zone.models import Measure

SHAPES = {GREEN: "●", BLUE: "◆", YELLOW: "▲", RED: "■"}
FIELDS = ("target", "actual", "pending", "completion", "time_progress", "gap", "light")


def amount(wan: Decimal | None) -> str:
    """Write an amount without its unit, which stands in the heading: 亿元 or RMB million."""
    if wan is None:
        return units.NOTHING
    if get_language() == "en":
        return units.plain(units.yi(wan, 6) * 100)
    return f"{units.yi(wan):,}"


def signed(points: Decimal | None) -> str:
    if points is None:
        return units.NOTHING
    return f"{'+' if points > 0 else '−' if points < 0 else ''}{units.rounded(abs(points))}"


def machine(value: Decimal | str | None, places: int = 4, fixed: bool = False) -> str:
    """Write a value for programs: plain digits without needless zeros, or two decimals."""
    if value is None or isinstance(value, str):
        return value or ""
    text = f"{units.rounded(value, 2 if fixed else places):f}"
    return text if fixed or "." not in text else text.rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Cell:
    """One figure as written: ``name`` is what data-figure says, ``value`` what data-value says."""

    name: str
    value: str
    text: str
    href: str = ""


@dataclass(frozen=True)
class Shown:
    """A figure with its scope and the addresses of its rows."""

    figure: Figure
    links: Links
    scope: object = None

    @property
    def slug(self) -> str:
        return self.figure.measure.lower()

    @property
    def is_amount(self) -> bool:
        return self.figure.measure == Measure.SIGNED_AMOUNT

    @property
    def has_target(self) -> bool:
        return bool(self.figure.target)

    def write(self, value: Decimal | None) -> str:
        if value is None:
            return units.NOTHING
        return amount(value) if self.is_amount else units.plain(value)

    @cached_property
    def cells(self) -> dict[str, Cell]:
        figure, measure = self.figure, self.figure.measure
        texts = {
            "target": self.write(figure.target),
            "actual": self.write(figure.actual),
            "pending": self.write(figure.pending),
            "completion": units.percent(figure.completion),
            "time_progress": units.percent(figure.time_progress),
            "gap": signed(figure.gap),
            "light": str(figure.light_word) or units.NOTHING,
        }
        hrefs = {
            "target": self.links.target(measure, self.scope) if self.has_target else "",
            "actual": self.links.actual(measure, self.scope) if figure.actual else "",
            "pending": self.links.pending(measure, self.scope) if figure.pending else "",
        }
        return {field: self._cell(field, texts[field], hrefs.get(field, "")) for field in FIELDS}

    def _cell(self, field: str, text: str, href: str) -> Cell:
        fixed = field in ("completion", "time_progress", "gap")
        value = machine(getattr(self.figure, field), fixed=fixed)
        return Cell(f"{self.slug}.{field}", value, text, href)

    @property
    def light(self) -> str:
        return self.figure.light or ""

    @property
    def shape(self) -> str:
        return SHAPES.get(self.figure.light, "")

    @cached_property
    def gauge(self) -> charts.Gauge:
        return charts.gauge(self.figure.completion, self.figure.time_progress)

    @cached_property
    def bar(self) -> charts.Bar:
        return charts.bar(self.figure.completion, self.figure.time_progress)

    @property
    def gap_words(self) -> str:
        """Say in words how far ahead or behind, and how much is missing."""
        gap = self.figure.gap
        if gap is None:
            return units.NOTHING
        points = units.rounded(abs(gap))
        if gap == 0:
            return _("Exactly on pace.")
        if gap > 0:
            return _("Ahead of pace by %(points)s percentage points.") % {"points": points}
        words = {"points": points, "missing": self._quantity(self.figure.shortfall)}
        return _("Behind pace by %(points)s percentage points, %(missing)s short.") % words

    @property
    def pending_words(self) -> str:
        if not self.figure.pending:
            return _("Nothing waits for recognition.")
        missing = self._quantity(self.figure.pending)
        return _("Another %(quantity)s wait for recognition.") % {"quantity": missing}

    def _quantity(self, value: Decimal) -> str:
        if self.is_amount:
            return units.money(value)
        number = 1 if value == 1 else 2  # a shared project counts in part
        if self.figure.measure == Measure.SIGNED_PROJECTS:
            words = ngettext("%(count)s project", "%(count)s projects", number)
        else:
            words = ngettext("%(count)s tenant", "%(count)s tenants", number)
        return words % {"count": units.plain(value, 1)}
