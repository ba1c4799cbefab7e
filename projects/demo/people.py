"""The demo's people: an account and an appointment for each of the ten roles."""

from __future__ import annotations

from datetime import date

from django.contrib.auth.hashers import make_password

from projects.demo.data import DemoData
from zone.login.demo import DEMO_PASSWORD
from zone.models import Appointment, User

ARRIVED = date(2024, 10, 8)
CHAINS = ("electronics", "equipment", "biomedicine", "new-energy")
# username, display name, department, role, chain or park
PEOPLE = (
    ("leader", "示例·周主任", "管委会", "leadership", ""),
    ("office", "示例·李科长", "招商办公室", "office", ""),
    ("office2", "示例·陈干事", "招商办公室", "office", ""),
    ("chain1", "示例·赵链长", "电子信息产业链", "chain_leader", "electronics"),
    ("chain2", "示例·钱链长", "装备制造产业链", "chain_leader", "equipment"),
    ("chain3", "示例·孙链长", "生物医药产业链", "chain_leader", "biomedicine"),
    ("chain4", "示例·吴链长", "新能源产业链", "chain_leader", "new-energy"),
    ("specialist1", "示例·王专员", "电子信息产业链", "specialist", "electronics"),
    ("specialist2", "示例·冯专员", "电子信息产业链", "specialist", "electronics"),
    ("specialist3", "示例·郑专员", "装备制造产业链", "specialist", "equipment"),
    ("specialist4", "示例·卫专员", "装备制造产业链", "specialist", "equipment"),
    ("specialist5", "示例·蒋专员", "生物医药产业链", "specialist", "biomedicine"),
    ("specialist6", "示例·沈专员", "生物医药产业链", "specialist", "biomedicine"),
    ("specialist7", "示例·韩专员", "新能源产业链", "specialist", "new-energy"),
    ("specialist8", "示例·杨专员", "新能源产业链", "specialist", "new-energy"),
    ("park1", "示例·朱园长", "晋创谷·长治", "park_operator", "jinchuanggu"),
    ("park2", "示例·秦园长", "锂电产业园", "park_operator", "lithium"),
    ("agent1", "示例·许代办", "项目服务中心", "service_agent", ""),
    ("statistician", "示例·何统计", "统计中心", "statistician", ""),
    ("sysadmin", "示例·吕管理", "信息中心", "system_admin", ""),
    ("secadmin", "示例·张安全", "信息中心", "security_admin", ""),
    ("auditor", "示例·施审计", "审计室", "auditor", ""),
)
SUPERUSER = ("admin", "示例·超级管理员", "信息中心")


def usernames() -> list[str]:
    return [SUPERUSER[0], *(person[0] for person in PEOPLE)]


def add_people(data: DemoData) -> dict[str, User]:
    """Add the people with their appointments and return them by username."""
    # One hash for all: the password is public anyway, and hashing is slow on purpose.
    password = make_password(DEMO_PASSWORD)
    people = {}
    for username, name, department, role, where in PEOPLE:
        user = people[username] = _user(data, username, name, department, password)
        data.add(
            Appointment,
            ARRIVED,
            user=user,
            role=role.upper(),
            chain=data.chains.get(where),
            park=data.parks.get(where),
            starts_on=ARRIVED,
        )
    people["admin"] = _user(data, *SUPERUSER, password, is_superuser=True)
    return people


def _user(data: DemoData, username, name, department, password, **fields) -> User:
    return data.add(
        User,
        ARRIVED,
        username=username,
        display_name=name,
        department=department,
        password=password,
        is_staff=True,
        date_joined=data.moment(ARRIVED),
        **fields,
    )


def specialists(people: dict[str, User], chain: str) -> list[User]:
    """Return the two specialists of a chain."""
    return [
        people[name] for name, _, _, role, code in PEOPLE if (role, code) == ("specialist", chain)
    ]


def chain_leader(people: dict[str, User], chain: str) -> User:
    return people[f"chain{CHAINS.index(chain) + 1}"]
