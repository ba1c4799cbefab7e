"""The demo's invented year of signings, as a plan: who signs what and when, and what counts.

By 2025-09-30 it counts 172 亿元 and 27 projects, by the year's end 232 亿元 and 39.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from crm.models import Enterprise, Lead
from projects.demo.data import DemoData, words, working_day
from projects.demo.enterprises import CITY
from projects.models import Agreement, Project

COUNTED, PENDING = "counted", "pending"
# month: chains of the counted projects, amount of all of them, supplement within it (亿元)
MONTHS = {
    1: ("n q", "8.6", "0"),
    2: ("e", "6.2", "0"),
    3: ("n b q n", "20.1", "0"),
    4: ("e q n", "17.4", "1.2"),
    5: ("n e b", "20.8", "0"),
    6: ("n q e n b", "34.6", "2.0"),
    7: ("e n q", "19.5", "0"),
    8: ("n e", "14.3", "1.5"),
    9: ("q n e n", "30.5", "0"),
    10: ("b e q", "15.6", "0"),
    11: ("n q e", "14.8", "0.8"),
    12: ("e n q n b q", "29.6", "1.6"),
}
CHAINS = {"e": "electronics", "q": "equipment", "b": "biomedicine", "n": "new-energy"}
# day, chain, 亿元: signed, and still waiting for the office at every quarter's end
WAITING = (
    ((3, 21), "e", "2.6"),
    ((6, 24), "q", "4.1"),
    ((9, 18), "b", "3.2"),
    ((12, 17), "n", "6.5"),
    ((12, 24), "e", "2.2"),
    ((12, 30), "q", "3.8"),
)
EXCLUDED = (
    ((2, 20), "q", "1.5", "LOCAL_INVESTOR"),
    ((5, 15), "b", "0.45", "BELOW_FLOOR"),
    ((7, 22), "q", "2.4", "LOCAL_RELOCATION"),
    ((10, 16), "n", "5.0", "LATER_PHASE"),
)
UNBINDING = (
    ((3, 12), "n", "50", "FRAMEWORK"),
    ((4, 17), "e", "12", "FRAMEWORK"),
    ((6, 12), "b", "8", "INTENT"),
    ((8, 14), "q", "6", "INTENT"),
    ((9, 25), "n", "30", "FRAMEWORK"),
    ((11, 20), "e", "15", "FRAMEWORK"),
)


@dataclass
class Deal:
    """One project of the demo: its outcome is counted, pending, an exclusion or a kind."""

    enterprise: Enterprise
    chain: str
    title: str
    amount_wan: Decimal
    signed_on: date
    outcome: str
    lead: Lead | None = None
    converted_on: date | None = None
    project: Project | None = None

    @property
    def kind(self) -> str:
        kinds = Agreement.Kind
        return self.outcome if self.outcome in (kinds.FRAMEWORK, kinds.INTENT) else kinds.FORMAL


def plan_deals(data: DemoData, enterprises: dict[str, list[Enterprise]]) -> list[Deal]:
    """Return the deals in the order of signing; an enterprise has one."""
    parts = [*_counted_parts(data.rng)]
    parts += [(date(2025, *day), chain, wan(yi), PENDING) for day, chain, yi in WAITING]
    parts += [(date(2025, *day), chain, wan(yi), why) for day, chain, yi, why in EXCLUDED]
    parts += [(date(2025, *day), chain, wan(yi), kind) for day, chain, yi, kind in UNBINDING]
    investors = {code: _investors(data.rng, rows) for code, rows in enterprises.items()}
    parts.sort(key=lambda part: part[0])
    return [_deal(data, investors, *part) for part in parts]


def wan(yi: str) -> Decimal:
    return Decimal(yi) * 10_000


def _counted_parts(rng: Random):
    for month, (letters, total, supplement) in MONTHS.items():
        chains = letters.split()
        amounts = _split(rng, wan(total) - wan(supplement), len(chains))
        last = monthrange(2025, month)[1]
        first = 10 if month in (2, 10) else 6
        days = sorted(working_day(date(2025, month, rng.randint(first, last - 3))) for _ in chains)
        for day, chain, amount in zip(days, chains, amounts, strict=True):
            yield day, chain, amount, COUNTED


def _split(rng: Random, total: Decimal, parts: int) -> list[Decimal]:
    """Split ``total`` into uneven parts of at least 1 亿元, in steps of 500 万元."""
    weights = [rng.uniform(0.4, 1.6) for _ in range(parts)]
    spare = total - parts * wan("1")
    shares = [
        wan("1") + Decimal(int(float(spare) * weight / sum(weights) / 500)) * 500
        for weight in weights
    ]
    shares[-1] += total - sum(shares)
    return shares


def _investors(rng: Random, enterprises: list[Enterprise]) -> dict[bool, list[Enterprise]]:
    """Return who may sign, apart: those from outside the city and those from it."""
    known = [one for one in enterprises if one.uscc]
    rng.shuffle(known)
    return {
        local: [one for one in known if one.origin_region.startswith(CITY) == local]
        for local in (False, True)
    }


def _deal(data: DemoData, investors, day: date, letter: str, amount: Decimal, outcome: str) -> Deal:
    chain = CHAINS[letter]
    enterprise = investors[chain][outcome == "LOCAL_INVESTOR"].pop()
    title = title_for(data, enterprise, chain)
    return Deal(enterprise, chain, title, amount, working_day(day), outcome)


def title_for(data: DemoData, enterprise: Enterprise, chain: str) -> str:
    """Return what an enterprise plans, in words that no other plan has."""
    vocabulary = words()["chains"][chain]
    short = enterprise.name.removesuffix("有限公司")
    for trade, _code in vocabulary["trades"]:
        short = short.removesuffix(trade)
    plans = [
        f"{short}{product}{end}"
        for end in words()["title_ends"]
        for product in data.rng.sample(vocabulary["products"], len(vocabulary["products"]))
    ]
    title = next(plan for plan in plans if plan not in data.titles)
    data.titles.add(title)
    return title
