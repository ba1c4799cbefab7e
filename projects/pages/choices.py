"""What the address of the progress page asks for; anything odd falls back and says so."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from zone.access.row_access import RowAccess
from zone.calendar import today
from zone.models import IndustryChain

FIRST_YEAR, LAST_YEAR = 2000, 2100


@dataclass(frozen=True)
class MonthEnd:
    on: date
    href: str
    is_chosen: bool


@dataclass
class Choices:
    """The chosen year, day and chain, the years to choose from, and what was put right."""

    year: int
    on: date
    chain: IndustryChain | None
    years: list[int]
    notes: list[str] = field(default_factory=list)

    def address(self, **changed) -> str:
        query = {"year": self.year, "on": self.on, **changed}
        if self.chain and "chain" not in changed:
            query["chain"] = self.chain.code
        kept = {key: value for key, value in query.items() if value}
        return f"{reverse('progress')}?{urlencode(kept)}"

    @property
    def without_chain(self) -> str:
        return self.address(chain="")

    @property
    def month_ends(self) -> list[MonthEnd]:
        """Return the ends of the year's months that have come."""
        ends = [date(self.year, m, monthrange(self.year, m)[1]) for m in range(1, 13)]
        return [MonthEnd(on, self.address(on=on), on == self.on) for on in ends if on <= today()]


def read(query, years: list[int], chains: list[IndustryChain], access: RowAccess) -> Choices:
    """Return what ``query`` (request.GET) asks for; ``years`` are those with targets."""
    notes = []
    year = _year(query.get("year", ""), years, notes)
    on = _day(query.get("on", ""), year, notes)
    chain = _chain(query.get("chain", ""), chains, access, notes)
    if on > today():
        notes.append(_("This day lies in the future: the pace is that of the day, not of today."))
    elif on < date(year, 1, 1):
        notes.append(_("This day lies before %(year)s: nothing can count yet.") % {"year": year})
    return Choices(year, on, chain, sorted({year, *years}, reverse=True), notes)


def _year(text: str, years: list[int], notes: list[str]) -> int:
    default = next((year for year in sorted(years, reverse=True) if year <= today().year), None)
    default = default or today().year
    if not text:
        return default
    if text.isascii() and text.isdigit() and len(text) == 4:
        year = int(text)
        if FIRST_YEAR <= year <= LAST_YEAR:
            return year
    notes.append(_("This year cannot be shown; here is %(year)s.") % {"year": default})
    return default


def _day(text: str, year: int, notes: list[str]) -> date:
    default = min(today(), date(year, 12, 31))
    if not text:
        return default
    try:
        on = date.fromisoformat(text)
    except ValueError:
        on = None
    if on and FIRST_YEAR <= on.year <= LAST_YEAR:
        return on
    notes.append(_("This date cannot be read; figures are as of %(on)s.") % {"on": default})
    return default


def _chain(code: str, chains: list[IndustryChain], access: RowAccess, notes: list[str]):
    if not code:
        return None
    found = next((chain for chain in chains if chain.code == code), None)
    if found is None:
        notes.append(_("This industry chain is unknown; the whole zone is shown."))
    elif not access.covers(found):
        notes.append(_("“%(chain)s” is led by others; the whole zone is shown.") % {"chain": found})
        return None
    return found
