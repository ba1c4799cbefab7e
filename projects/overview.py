"""A year's figures for the zone, its chains and its specialists, read with two queries.

The progress page shows all of them at once; the sums and the rules are those of ``progress``,
grouped in one UNION instead of one query a group.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.contrib.postgres.aggregates import BoolOr
from django.db.models import Count, DecimalField, F, QuerySet, UUIDField, Value
from django.db.models.functions import Cast, ExtractMonth

from projects.models import Agreement
from projects.progress import (
    PATHS,
    ZERO,
    Month,
    Progress,
    amount_of,
    build,
    cells_of,
    light_limits,
    projects_of,
    running,
    share_of,
    tenants,
)
from zone.models import IndustryChain, Target

CHAINLESS = "no chain"


@dataclass(frozen=True)
class Overview:
    """A whole year's figures at one day: what the progress page shows, at one go.

    ``chains_before`` are the chains at the end of the month before ``on`` (empty in January),
    ``chainless`` is what counts without belonging to a chain, ``has_demo`` says that a row
    behind the figures is demo data.
    """

    zone: Progress
    chains: list[Progress]
    chains_before: list[Progress]
    specialists: list[Progress]
    months: dict[object, list[Month]]
    chainless: Progress
    has_demo: bool


def overview(year: int, on: date, *, chains, specialists, targets: dict) -> Overview:
    """Return what ``progress``, ``progress_by`` and ``monthly`` say of these scopes, at once.

    ``targets`` is one year of ``targets_by_year()``; ``months`` are by chain, None = the zone.
    """
    rows, lights = _sums_of_year(year, on), light_limits()
    cells = _by_scope(rows)
    before = _month_before(on) if on.year == year and on.month > 1 else None
    cells_before = _by_scope([row for row in rows if before and row.month <= before.month])

    def figures(scopes, day=on, known=cells):
        return [build(year, day, s, known.get(s and s.pk, {}), targets, lights) for s in scopes]

    return Overview(
        zone=figures([None])[0],
        chains=figures(chains),
        chains_before=figures(chains, before, cells_before) if before else [],
        specialists=figures(specialists),
        months={c and c.pk: running(year, on, _by_month(rows, c)) for c in (None, *chains)},
        chainless=build(year, on, None, cells.get(CHAINLESS, {}), {}, lights),
        has_demo=any(row.demo for row in rows),
    )


def targets_by_year() -> dict[int, dict]:
    """Return each year that has targets, newest first, with its targets as ``overview`` asks."""
    years = {}
    rows = Target.objects.order_by("-year").values_list(
        "year", "measure", "chain", "specialist", "park", "value"
    )
    for year, measure, chain, person, park, value in rows:
        years.setdefault(year, {})[(measure, chain or person or park)] = value
    return years


class _Sum(NamedTuple):
    part: str
    key: object
    month: int
    amount: Decimal
    projects: Decimal
    demo: bool


def _sums_of_year(year: int, on: date) -> list[_Sum]:
    """Return the year's sums by chain and by specialist and the tenants, in one round trip."""
    signed = Agreement.objects.signed_in(year, on)
    states = {"done": signed.counted_amounts(), "pending": signed.pending()}
    parts = [
        _part(f"{field} {state}", agreements, field)
        for field in ("chain", "specialist")
        for state, agreements in states.items()
    ]
    number = DecimalField(max_digits=24, decimal_places=6)
    count = Cast(Count("enterprise", distinct=True), number)
    enterprises = (
        tenants(on)
        .order_by()
        .values(part=Value("tenants"), key=Value(None, UUIDField()), month=Value(0))
        .annotate(amount=count, projects=Value(ZERO, number), demo=BoolOr("is_demo"))
        .values_list(*_Sum._fields)
    )
    return [_Sum(*row) for row in parts[0].union(*parts[1:], enterprises, all=True)]


def _part(name: str, agreements: QuerySet[Agreement], field: str) -> QuerySet:
    share = share_of(field)
    return (
        agreements.order_by()
        .values(part=Value(name), key=F(PATHS[field]), month=ExtractMonth("signed_on"))
        .annotate(amount=amount_of(share), projects=projects_of(share), demo=BoolOr("is_demo"))
        .values_list(*_Sum._fields)
    )


def _by_scope(rows: list[_Sum]) -> dict:
    """Return the cells of the zone (None), of each chain and specialist, and of no chain."""
    sums = defaultdict(lambda: {"done": [ZERO, ZERO], "pending": [ZERO, ZERO]})
    tenant_count = 0
    for row in rows:
        field, _space, state = row.part.partition(" ")
        if not state:
            tenant_count = int(row.amount)
            continue
        keys = [row.key] if row.key else []
        if field == "chain":
            keys = [row.key or CHAINLESS, None]
        for key in keys:
            sums[key][state][0] += row.amount
            sums[key][state][1] += row.projects
    sums[None]
    pair = ("amount", "projects")
    return {
        key: cells_of(
            dict(zip(pair, of["done"], strict=True)),
            dict(zip(pair, of["pending"], strict=True)),
            0 if key else tenant_count,
        )
        for key, of in sums.items()
    }


def _by_month(rows: list[_Sum], chain: IndustryChain | None) -> dict:
    found = defaultdict(lambda: (ZERO, ZERO))
    for row in rows:
        if row.part == "chain done" and (chain is None or row.key == chain.pk):
            amount, projects = found[row.month]
            found[row.month] = (amount + row.amount, projects + row.projects)
    return found


def _month_before(on: date) -> date:
    return on.replace(day=1) - timedelta(days=1)
