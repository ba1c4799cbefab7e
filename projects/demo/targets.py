"""The demo's split of the zone's target, within 239 亿元 and 40 projects."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from projects.demo.data import DemoData
from projects.demo.people import specialists
from zone.models import Measure, Target

SET_ON = date(2025, 1, 10)
YEAR = 2025
# 亿元 and projects of each chain; the rest of 239 and 40 is not allocated.
CHAINS = {
    "electronics": ("58", 10),
    "equipment": ("62", 11),
    "biomedicine": ("36", 6),
    "new-energy": ("76", 12),
}


def add_targets(data: DemoData, people):
    """Add chain and specialist targets, unless the office has set such targets already."""
    set_already = Target.objects.filter(year=YEAR)
    chains = not set_already.filter(chain__isnull=False).exists()
    persons = not set_already.filter(specialist__isnull=False).exists()
    for code, (yi, projects) in CHAINS.items():
        amounts = {Measure.SIGNED_AMOUNT: Decimal(yi) * 10_000, Measure.SIGNED_PROJECTS: projects}
        for measure, value in amounts.items():
            if chains:
                _target(data, measure, value, chain=data.chains[code])
            if persons:
                first, second = specialists(people, code)
                _target(data, measure, value - value // 2, specialist=first)
                _target(data, measure, value // 2, specialist=second)


def _target(data: DemoData, measure, value, **scope):
    data.add(
        Target, SET_ON, year=YEAR, measure=measure, value=Decimal(value), source="演示数据", **scope
    )
