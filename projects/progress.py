"""Target progress: the only source of every target figure on pages, in the API and in exports.

Counting rules follow 三明 (明政办〔2006〕95号): only the first signing of a project counts, of a
capital increase the added amount alone. The gap is reckoned as 攀枝花 publishes it.

* an amount counts by its agreement's signing date, when the agreement is recognised and not
  excluded; a FORMAL agreement counts once per project, a SUPPLEMENT adds its increment on its
  own date, FRAMEWORK and INTENT never count;
* a project counts once, on the signing date of its recognised FORMAL agreement; it stays in
  that year's count when it is terminated later;
* completion = actual / target, gap = completion − time progress in percentage points; without
  a target there is neither (shown as “—”, never as 0 %).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from django.contrib.postgres.aggregates import BoolOr
from django.db.models import Case, Count, DecimalField, F, QuerySet, Sum, UUIDField, Value, When
from django.db.models.functions import Cast, Coalesce, ExtractMonth
from django.utils.translation import gettext_lazy as _

from projects.models import Agreement, Occupancy
from zone.calendar import time_progress
from zone.database import remembered
from zone.models import IndustryChain, Measure, Park, Target, User, ZoneSetting
from zone.units import rounded, share

GREEN, BLUE, YELLOW, RED = "green", "blue", "yellow", "red"
LIGHT_WORDS = {
    GREEN: _("on pace"),
    BLUE: _("slightly behind"),
    YELLOW: _("warning"),
    RED: _("serious"),
}
ZERO = Decimal(0)
# More digits than stored: a share of an amount has six decimals.
NUMBER = DecimalField(max_digits=24, decimal_places=6)
ZONE, CHAIN, PARK, SPECIALIST = "zone", "chain", "park", "specialist"
COUNTED, PENDING, TENANTS = "counted", "pending", "tenants"
PATHS = {
    CHAIN: "project__chain",
    PARK: "project__park",
    SPECIALIST: "project__credits__specialist",
}
# A specialist has the agreed share of a project; a chain or a park has all of it.
SHARES = {SPECIALIST: F("project__credits__share") / 100}
Scope = IndustryChain | User | Park | None


@dataclass(frozen=True)
class Figure:
    """One measure of one scope at one day.

    ``target``, ``actual``, ``pending`` and ``shortfall`` are in 万元 for SIGNED_AMOUNT, else
    counts; ``completion``, ``time_progress`` are per cent and ``gap`` percentage points, all
    with two decimals; ``target``, ``completion``, ``gap``, ``light`` are None without a target.
    """

    measure: str
    target: Decimal | None
    actual: Decimal
    pending: Decimal
    pace: Decimal
    yellow_from: Decimal = Decimal(10)
    red_above: Decimal = Decimal(30)

    @property
    def time_progress(self) -> Decimal:
        return rounded(self.pace * 100)

    @property
    def completion(self) -> Decimal | None:
        return share(self.actual, self.target)

    @property
    def gap(self) -> Decimal | None:
        """Completion less time progress, rounded once so that the three figures agree."""
        return None if self.completion is None else self.completion - self.time_progress

    @property
    def light(self) -> str | None:
        if self.gap is None:
            return None
        behind = -self.gap
        if behind <= 0:
            return GREEN
        if behind < self.yellow_from:
            return BLUE
        return YELLOW if behind <= self.red_above else RED

    @property
    def light_word(self) -> str:
        return LIGHT_WORDS.get(self.light, "")

    @property
    def shortfall(self) -> Decimal:
        """How much is missing to be on pace today; 0 when ahead or without a target."""
        return max(self.target * self.pace - self.actual, ZERO) if self.target else ZERO

    @property
    def remaining(self) -> Decimal:
        return max(self.target - self.actual, ZERO) if self.target else ZERO


@dataclass(frozen=True)
class Progress:
    """The figures of one scope; ``progress.signed_amount`` and so on."""

    scope: Scope
    year: int
    on: date
    figures: dict[str, Figure]

    def __getattr__(self, name: str) -> Figure:
        if name.upper() not in Measure.values:
            raise AttributeError(name)
        return self.figures[Measure(name.upper())]


@dataclass(frozen=True)
class Month:
    """Amount in 万元 and projects of one month, and their running totals."""

    month: int
    amount: Decimal
    projects: int
    amount_so_far: Decimal
    projects_so_far: int


class YearFigures:
    """Every target figure of ``year`` as of the day ``on``, added up by one grouped query.

    ``kinds`` names the scopes that will be asked for: chain, park, specialist; those of the zone
    come with the chains'. ``targets`` is one year of ``targets_by_year()`` when it is known.
    Agreements signed after ``on`` do not count. Recognition counts as it stands now, since an
    agreement belongs to the day it was signed on.
    """

    def __init__(
        self, year: int, on: date, kinds: Collection[str] = (CHAIN,), targets: dict | None = None
    ) -> None:
        self.year, self.on = year, on
        self.given_targets = targets
        self.sums = defaultdict(list)
        for row in _sums(year, on, kinds):
            self.sums[row.by, row.key].append(row)

    @cached_property
    def targets(self) -> dict:
        if self.given_targets is not None:
            return self.given_targets
        return targets_by_year(year=self.year).get(self.year, {})

    @cached_property
    def light_limits(self) -> tuple[Decimal, Decimal]:
        values = ZoneSetting.values()
        keys = ZoneSetting.Key
        return values[keys.LIGHT_YELLOW_FROM], values[keys.LIGHT_RED_ABOVE]

    @property
    def has_demo(self) -> bool:
        """Whether a row behind the figures is demo data."""
        return any(row.has_demo for rows in self.sums.values() for row in rows)

    @property
    def chainless(self) -> Progress:
        """What counts for the zone and for none of its chains."""
        return self._progress(None, self.on, self.sums[CHAIN, None], {})

    def of(self, scope: Scope = None) -> Progress:
        return self._progress(scope, self.on, self._sums_of(scope), self.targets)

    def a_month_before(self, scope: Scope) -> Progress | None:
        """Return the figures at the end of the month before ``on``; None before February."""
        if self.on.year != self.year or self.on.month == 1:
            return None
        day = self.on.replace(day=1) - timedelta(days=1)
        rows = [row for row in self._sums_of(scope) if row.month <= day.month]
        return self._progress(scope, day, rows, self.targets)

    def months(self, scope: Scope = None) -> list[Month]:
        """Return the months of the year up to ``on`` with running totals."""
        counted = [row for row in self._sums_of(scope) if row.state == COUNTED]
        months, amount, projects = [], ZERO, ZERO
        for number in range(1, _months_until(self.year, self.on) + 1):
            of_month = [row for row in counted if row.month == number]
            new_amount, new_projects = _total(of_month, "amount"), _total(of_month, "projects")
            amount, projects = amount + new_amount, projects + new_projects
            months.append(Month(number, new_amount, new_projects, amount, projects))
        return months

    def _sums_of(self, scope: Scope) -> list[_Sum]:
        if scope is not None:
            return self.sums[_kind_of(scope), scope.pk]
        of_chains = (rows for (kind, _key), rows in self.sums.items() if kind == CHAIN)
        return [row for rows in of_chains for row in rows] + self.sums[ZONE, None]

    def _progress(self, scope: Scope, on: date, rows: list[_Sum], targets: dict) -> Progress:
        pace, key = time_progress(self.year, on), scope.pk if scope else None
        figures = {
            measure: Figure(measure, targets.get((measure, key)), *cell, pace, *self.light_limits)
            for measure, cell in _cells(rows).items()
        }
        return Progress(scope, self.year, on, figures)


def progress(year: int, on: date, scope: Scope = None) -> Progress:
    """Return the figures of ``scope``: a chain, a specialist, a park; None is the zone."""
    return YearFigures(year, on, [_kind_of(scope)]).of(scope)


def progress_by(year: int, on: date, kind: str, scopes: Iterable[Scope]) -> list[Progress]:
    """Return the figures of many scopes of one kind: chain, park or specialist."""
    figures = YearFigures(year, on, [kind])
    return [figures.of(scope) for scope in scopes]


def monthly(year: int, on: date, scope: Scope = None) -> list[Month]:
    """Return the months of ``year`` up to ``on`` with their counted amounts and projects."""
    return YearFigures(year, on, [_kind_of(scope)]).months(scope)


def targets_by_year(**filters) -> dict[int, dict]:
    """Return the years that have targets, newest first: (measure, id of the scope) → value.

    The zone's own targets stand under the id None.
    """
    years = {}
    rows = (
        Target.objects.filter(**filters)
        .order_by("-year")
        .values_list("year", "measure", "chain", "specialist", "park", "value")
    )
    for year, measure, chain, person, park, value in rows:
        years.setdefault(year, {})[(measure, chain or person or park)] = value
    return years


def tenants(on: date) -> QuerySet[Occupancy]:
    """Return the occupancies of the platforms that hold on ``on``."""
    return Occupancy.objects.current(on).filter(space__park__kind=Park.Kind.PLATFORM)


class _Sum(NamedTuple):
    """Agreements of one scope, state and month added up; of tenants the number, as amount."""

    by: str
    key: UUID | None
    state: str
    month: int
    amount: Decimal
    projects: Decimal
    has_demo: bool


def _sums(year: int, on: date, kinds: Collection[str]) -> list[_Sum]:
    signed = Agreement.objects.signed_in(year, on)
    states = {COUNTED: signed.counted_amounts(), PENDING: signed.pending()}
    parts = [
        _agreement_sums(kind, state, agreements)
        for kind in kinds
        for state, agreements in states.items()
    ]
    if CHAIN in kinds:
        parts.append(_tenant_numbers(ZONE, Value(None, UUIDField()), tenants(on)))
    if PARK in kinds:
        parts.append(_tenant_numbers(PARK, F("space__park"), Occupancy.objects.current(on)))
    return [_Sum(*row) for row in remembered.rows(parts[0].union(*parts[1:], all=True))]


def _agreement_sums(kind: str, state: str, agreements: QuerySet[Agreement]) -> QuerySet:
    share = SHARES.get(kind, Value(Decimal(1)))
    is_project = Case(When(kind=Agreement.Kind.FORMAL, then=share), default=Value(ZERO))
    return (
        agreements.order_by()
        .values(key=F(PATHS[kind]), state=Value(state), month=ExtractMonth("signed_on"))
        .annotate(
            by=Value(kind),
            amount=_number(F("amount_wan") * share),
            projects=_number(is_project),
            has_demo=BoolOr("is_demo"),
        )
        .values_list(*_Sum._fields)
    )


def _tenant_numbers(kind: str, key, occupancies: QuerySet[Occupancy]) -> QuerySet:
    return (
        occupancies.order_by()
        .values(key=key, state=Value(TENANTS), month=Value(0))
        .annotate(
            by=Value(kind),
            amount=Cast(Count("enterprise", distinct=True), NUMBER),
            projects=Value(ZERO, NUMBER),
            has_demo=BoolOr("is_demo"),
        )
        .values_list(*_Sum._fields)
    )


def _number(expression) -> Coalesce:
    return Coalesce(Sum(expression, output_field=NUMBER), Value(ZERO), output_field=NUMBER)


def _cells(rows: list[_Sum]) -> dict[str, tuple[Decimal, Decimal]]:
    """Return actual and pending of each measure."""
    by_state = {
        state: [row for row in rows if row.state == state] for state in (COUNTED, PENDING, TENANTS)
    }
    counted, pending = by_state[COUNTED], by_state[PENDING]
    return {
        Measure.SIGNED_AMOUNT: (_total(counted, "amount"), _total(pending, "amount")),
        Measure.SIGNED_PROJECTS: (_total(counted, "projects"), _total(pending, "projects")),
        Measure.PLATFORM_TENANTS: (_total(by_state[TENANTS], "amount"), ZERO),
    }


def _total(rows: list[_Sum], column: str) -> Decimal:
    return sum((getattr(row, column) for row in rows), ZERO)


def _months_until(year: int, on: date) -> int:
    return 0 if on.year < year else 12 if on.year > year else on.month


def _kind_of(scope: Scope) -> str:
    return {IndustryChain: CHAIN, User: SPECIALIST, Park: PARK, type(None): CHAIN}[type(scope)]
