"""The demo's money: what arrived in the projects that are being built."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from projects.demo.data import LAST, DemoData
from projects.demo.deals import Deal
from projects.models import CapitalArrival, Project

PAYING = (Project.Stage.STARTED, Project.Stage.BUILDING, Project.Stage.PRODUCING)
REPORTED_ON = 25  # the day of the month


def add_arrivals(data: DemoData, deals: list[Deal]):
    """Add monthly arrivals, in all less than what was agreed, and one correction."""
    corrected = False
    for deal in deals:
        if deal.project.stage not in PAYING:
            continue
        left, day = deal.amount_wan * 6 / 10, deal.signed_on + timedelta(days=45)
        while (day := date(day.year, day.month, REPORTED_ON)) < LAST - timedelta(days=4):
            amount = (left * data.rng.randint(8, 22) / 100).quantize(Decimal(1))
            left -= amount
            _arrival(data, deal, day, amount)
            if not corrected:
                _arrival(data, deal, day, -(amount / 10).quantize(Decimal(1)), "更正：重复计入")
                corrected = True
            day = (day + timedelta(days=10)).replace(day=1)


def _arrival(data: DemoData, deal: Deal, day: date, amount: Decimal, note: str = ""):
    uses = CapitalArrival.Use
    data.add(
        CapitalArrival,
        day,
        project=deal.project,
        arrived_on=day,
        amount_wan=amount,
        origin=_origin(deal.enterprise.origin_region),
        use=uses.WORKING_CAPITAL if data.rng.random() < 0.2 else uses.FIXED_ASSETS,
        note=note,
    )


def _origin(region: str) -> str:
    origins = CapitalArrival.Origin
    if region.startswith("1404"):
        return origins.CITY
    return origins.OUTSIDE_CITY if region.startswith("14") else origins.OUTSIDE_PROVINCE
