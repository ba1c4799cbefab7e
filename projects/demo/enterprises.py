"""The demo's enterprises, their contacts, and the map of the chains."""

from __future__ import annotations

from decimal import Decimal
from itertools import count, product

from crm.models import Contact, Enterprise, Lead
from crm.models.contacts import retention_from
from projects.demo.data import FIRST, LAST, DemoData, words
from projects.models import Occupancy
from zone.identifiers import uscc_check_character
from zone.models import ChainSegment

PER_CHAIN = 75
CITY = "1404"


def uscc(number: int) -> str:
    """Return a valid code of region 149999, which GB/T 2260 does not hold."""
    body = f"91149999MA{number:07d}"
    return body + uscc_check_character(body)


def add_enterprises(data: DemoData) -> dict[str, list[Enterprise]]:
    """Add the enterprises, each with one or two contacts; return them by chain."""
    numbers, phones = count(101), count(1)
    found = {}
    for code, chain in words()["chains"].items():
        names = data.rng.sample(list(product(words()["brands"], chain["trades"])), PER_CHAIN)
        found[code] = [_enterprise(data, code, brand, trade, numbers) for brand, trade in names]
    for enterprise in (one for group in found.values() for one in group):
        for _ in range(data.rng.choice((1, 1, 2))):
            _contact(data, enterprise, next(phones))
    return found


def _enterprise(data: DemoData, chain: str, brand: str, trade: list[str], numbers) -> Enterprise:
    rng, (field, industry) = data.rng, trade
    number = next(numbers)
    enterprise = data.add(
        Enterprise,
        FIRST,
        name=f"示例{brand}{field}有限公司",
        # One in six is known by name only so far.
        uscc=uscc(number) if number % 6 else None,
        industry_code=industry,
        origin_region=rng.choice(words()["regions"]),
        chain=data.chains[chain],
        scale=rng.choice(("LARGE", "MEDIUM", "MEDIUM", "SMALL", "SMALL", "MICRO")),
        is_chain_leader=number % 75 == 1,
        is_above_scale=rng.random() < 0.4,
        registered_capital_wan=Decimal(rng.randint(2, 200) * 100),
        source="演示数据",
    )
    Enterprise.set_derived_fields([enterprise])
    return enterprise


def _contact(data: DemoData, enterprise: Enterprise, number: int):
    title, role = data.rng.choice(words()["posts"])
    data.add(
        Contact,
        FIRST,
        enterprise=enterprise,
        name=f"示例·{data.rng.choice(words()['surnames'])}{'先生' if number % 3 else '女士'}",
        title=title,
        role=role,
        # No local number begins with 0, so this one reaches nobody.
        phone=f"0355-000{number:04d}",
    )


def add_segments(data: DemoData) -> dict[str, list[ChainSegment]]:
    return {
        code: [
            data.add(
                ChainSegment,
                FIRST,
                chain=data.chains[code],
                name=f"{name}（示例）",
                position=position,
                gap=gap,
            )
            for name, position, gap in chain["segments"]
        ]
        for code, chain in words()["chains"].items()
    }


def date_enterprises(data: DemoData):
    """Let an enterprise and its contacts be recorded with its first lead or lease, or some time."""
    first = {}
    for row in (*data.rows[Lead], *data.rows[Occupancy]):
        known = first.get(row.enterprise_id, row.created_at)
        first[row.enterprise_id] = min(row.created_at, known)
    for enterprise in data.rows[Enterprise]:
        some_day = data.moment(data.day_between(FIRST, LAST))
        enterprise.created_at = first.setdefault(enterprise.pk, some_day)
    for contact in data.rows[Contact]:
        contact.created_at = first[contact.enterprise_id]
        contact.retain_until = retention_from(LAST)


def contacts_by_enterprise(data: DemoData) -> dict:
    found = {}
    for contact in data.rows[Contact]:
        found.setdefault(contact.enterprise_id, contact)
    return found
