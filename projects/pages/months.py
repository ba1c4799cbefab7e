"""The chart of the months and the table behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import get_language, pgettext

from projects.pages import charts
from projects.pages.figures import amount
from projects.pages.links import Links
from projects.progress import Figure, Month
from zone import units


@dataclass(frozen=True)
class Drawn:
    """A chart of one width with its texts: (y, text) beside the grid, (x, text) below."""

    shape: charts.Months
    grid: list[tuple]
    names: list[tuple]
    columns: list[tuple]


@dataclass(frozen=True)
class MonthsCard:
    rows: list[dict]
    wide: Drawn
    narrow: Drawn
    last: str
    target: str
    label: str

    @property
    def has_something(self) -> bool:
        """An axis without any value on it says nothing."""
        return bool(self.rows) and bool(self.wide.shape.target or self.wide.grid[1:])


def month_name(number: int) -> str:
    """Name a month as short as an axis needs it."""
    return pgettext("month on an axis", "M%(number)s") % {"number": number}


def short(wan: Decimal) -> str:
    """Write an amount for a label in a chart: one decimal of 亿元, or whole RMB millions."""
    if get_language() == "en":
        return units.plain(units.yi(wan, 6) * 100, 0)
    return f"{units.yi(wan, 1):,}"


def card(months: list[Month], figure: Figure, links: Links, scope) -> MonthsCard:
    rows = [_row(month, links, scope) for month in months]
    return MonthsCard(
        rows=rows,
        wide=_draw(rows, figure, charts.WIDE),
        narrow=_draw(rows, figure, charts.NARROW),
        last=amount(months[-1].amount_so_far) if months else "",
        target=amount(figure.target),
        label=_days(months, links.on),
    )


def _row(month: Month, links: Links, scope) -> dict:
    return {
        "amount": month.amount,
        "name": month_name(month.month),
        "short": short(month.amount),
        "text": amount(month.amount),
        "so_far": amount(month.amount_so_far),
        "projects": units.plain(month.projects),
        "projects_so_far": units.plain(month.projects_so_far),
        "href": links.agreements("counted", scope, month.month) if month.amount else "",
    }


def _days(months: list[Month], on: date) -> str:
    return f"{month_name(1)}–{month_name(len(months))}" if months else on.isoformat()


def _draw(rows: list[dict], figure: Figure, layout: charts.Layout) -> Drawn:
    shape = charts.months([row["amount"] for row in rows], figure.target, layout, figure.pace)
    grid = [(line.y, line.y + 4, _scale(line.value)) for line in shape.grid]
    names = [(m.middle, month_name(i)) for i, m in enumerate(shape.months, 1) if m.is_named]
    return Drawn(shape, grid, names, list(zip(shape.columns, rows, strict=True)))


def _scale(wan: Decimal) -> str:
    if get_language() == "en":
        return units.plain(units.yi(wan, 6) * 100)
    return units.plain(units.yi(wan, 4), 4)
