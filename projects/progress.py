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

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Case, Count, DecimalField, F, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, ExtractMonth
from django.utils.translation import gettext_lazy as _

from projects.models import Agreement, Occupancy
from zone.calendar import time_progress
from zone.models import IndustryChain, Measure, Park, Target, User, ZoneSetting
from zone.units import rounded

GREEN, BLUE, YELLOW, RED = "green", "blue", "yellow", "red"
LIGHT_WORDS = {
    GREEN: _("on pace"),
    BLUE: _("slightly behind"),
    YELLOW: _("warning"),
    RED: _("serious"),
}
ZERO = Decimal(0)
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
        return rounded(self.actual / self.target * 100) if self.target else None

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


def progress(year: int, on: date, scope: Scope = None) -> Progress:
    """Return the figures of ``scope`` (a chain, a specialist, a park; None = the zone).

    ``on`` is the as-of day: agreements signed after it do not count. Recognition counts as
    it stands now, since an agreement belongs to the day it was signed on.
    """
    if scope is None:
        return build(year, on, None, _zone_actuals(year, on), _targets(year), light_limits())
    field = _scope_field(scope)
    return progress_by(year, on, field, [scope])[0]


def progress_by(year: int, on: date, field: str, scopes: Iterable[Scope]) -> list[Progress]:
    """Return the figures of many scopes of one kind ('chain', 'specialist', 'park').

    The number of queries does not depend on the number of scopes.
    """
    actuals, targets, lights = _actuals_by(year, on, field), _targets(year), light_limits()
    return [build(year, on, scope, actuals.get(scope.pk, {}), targets, lights) for scope in scopes]


def monthly(year: int, on: date, scope: Scope = None) -> list[Month]:
    """Return the months of ``year`` up to ``on`` with their counted amounts and projects."""
    agreements, share = _of_scope(_counted(year, on), scope)
    rows = (
        agreements.annotate(month=ExtractMonth("signed_on"))
        .values("month")
        .annotate(amount=amount_of(share), projects=projects_of(share))
    )
    return running(year, on, {row["month"]: (row["amount"], row["projects"]) for row in rows})


def counted(year: int, on: date, scope: Scope = None) -> QuerySet[Agreement]:
    """Return the agreements behind the actual amount: the rows a figure links to."""
    return _of_scope(_counted(year, on), scope)[0]


def waiting(year: int, on: date, scope: Scope = None) -> QuerySet[Agreement]:
    """Return the agreements behind ``pending``."""
    return _of_scope(Agreement.objects.signed_in(year, on).pending(), scope)[0]


def tenants(on: date, park: Park | None = None) -> QuerySet[Occupancy]:
    """Return the occupancies of the platforms (or one park) that hold on ``on``."""
    current = Occupancy.objects.current(on)
    if park is not None:
        return current.filter(space__park=park)
    return current.filter(space__park__kind=Park.Kind.PLATFORM)


def running(year: int, on: date, found: dict) -> list[Month]:
    """Return the months up to ``on`` with running totals; ``found``: month → (amount, projects)."""
    last = 0 if on.year < year else 12 if on.year > year else on.month
    months, amount, projects = [], ZERO, ZERO
    for number in range(1, last + 1):
        of_month = found.get(number, (ZERO, ZERO))
        amount, projects = amount + of_month[0], projects + of_month[1]
        months.append(Month(number, *of_month, amount, projects))
    return months


def _counted(year: int, on: date) -> QuerySet[Agreement]:
    return Agreement.objects.signed_in(year, on).counted_amounts()


def _scope_field(scope: Scope) -> str:
    return {IndustryChain: "chain", User: "specialist", Park: "park"}[type(scope)]


PATHS = {
    "chain": "project__chain",
    "park": "project__park",
    "specialist": "project__credits__specialist",
}


def _of_scope(agreements: QuerySet[Agreement], scope: Scope):
    """Return the agreements of a scope and the share of each that belongs to it."""
    if scope is None:
        return agreements, Value(Decimal(1))
    field = _scope_field(scope)
    return agreements.filter(**{PATHS[field]: scope}), share_of(field)


def share_of(field: str):
    """A specialist has the agreed share of a project; a chain or a park has all of it."""
    return F("project__credits__share") / 100 if field == "specialist" else Value(Decimal(1))


def _number(expression) -> Coalesce:
    # More digits than stored: a share of an amount has six decimals.
    output = DecimalField(max_digits=24, decimal_places=6)
    return Coalesce(Sum(expression, output_field=output), Value(ZERO), output_field=output)


def amount_of(share) -> Coalesce:
    return _number(F("amount_wan") * share)


def projects_of(share) -> Coalesce:
    return _number(Case(When(kind=Agreement.Kind.FORMAL, then=share), default=Value(ZERO)))


def _sums(agreements: QuerySet[Agreement], share) -> dict:
    return agreements.aggregate(amount=amount_of(share), projects=projects_of(share))


def _zone_actuals(year: int, on: date) -> dict:
    whole = Value(Decimal(1))
    return cells_of(
        _sums(_counted(year, on), whole),
        _sums(Agreement.objects.signed_in(year, on).pending(), whole),
        tenants(on).aggregate(n=Count("enterprise", distinct=True))["n"],
    )


def cells_of(done: dict | None, pending: dict | None, tenant_count: int) -> dict:
    nothing = {"amount": ZERO, "projects": ZERO}
    done, pending = done or nothing, pending or nothing
    return {
        Measure.SIGNED_AMOUNT: (done["amount"], pending["amount"]),
        Measure.SIGNED_PROJECTS: (done["projects"], pending["projects"]),
        Measure.PLATFORM_TENANTS: (Decimal(tenant_count), ZERO),
    }


def _actuals_by(year: int, on: date, field: str) -> dict:
    done = _grouped(_counted(year, on), field)
    pending = _grouped(Agreement.objects.signed_in(year, on).pending(), field)
    tenant_counts = {}
    if field == "park":
        rows = Occupancy.objects.current(on).order_by().values("space__park")
        tenant_counts = {
            row["space__park"]: row["n"]
            for row in rows.annotate(n=Count("enterprise", distinct=True))
        }
    return {
        key: cells_of(done.get(key), pending.get(key), tenant_counts.get(key, 0))
        for key in {*done, *pending, *tenant_counts}
    }


def _grouped(agreements: QuerySet[Agreement], field: str) -> dict:
    share, path = share_of(field), PATHS[field]
    rows = (
        agreements.order_by()
        .values(path)
        .annotate(amount=amount_of(share), projects=projects_of(share))
    )
    return {row[path]: row for row in rows if row[path] is not None}


def _targets(year: int) -> dict:
    """Return every target of the year: (measure, id of its scope or None) → value."""
    rows = Target.objects.filter(year=year).values_list(
        "measure", "chain", "specialist", "park", "value"
    )
    return {
        (measure, chain or person or park): value for measure, chain, person, park, value in rows
    }


def light_limits() -> tuple[Decimal, Decimal]:
    values = ZoneSetting.values()
    return (
        values[ZoneSetting.Key.LIGHT_YELLOW_FROM],
        values[ZoneSetting.Key.LIGHT_RED_ABOVE],
    )


def build(year, on, scope, actuals: dict, targets: dict, lights) -> Progress:
    pace = time_progress(year, on)
    cells = actuals or cells_of(None, None, 0)
    key = scope.pk if scope else None
    figures = {
        measure: Figure(measure, targets.get((measure, key)), *cells[measure], pace, *lights)
        for measure in Measure
    }
    return Progress(scope, year, on, figures)
