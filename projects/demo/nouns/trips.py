from datetime import date, timedelta

from crm.models import Lead
from crm.models.trips import Trip, TripMeeting, TripPerson
from projects.demo.data import LAST, DemoData
from projects.demo.people import CHAINS, specialists
from zone.models import User

PLACES = ("深圳", "苏州", "杭州", "北京", "西安", "合肥", "青岛", "东莞")
SUMMARY = "拜访企业并介绍园区厂房、电价和人才政策，约定回访时间。"


def build(data: DemoData):
    """Add a trip of each chain for every month of the year, with the companies met."""
    people = {user.username: user for user in data.rows[User]}
    for month in range(1, 13):
        for chain in CHAINS:
            _trip(data, chain, specialists(people, chain), data.day_between(*_days(month)))


def _days(month: int) -> tuple[date, date]:
    return date(2025, month, 3), date(2025, month, 22)


def _trip(data: DemoData, chain: str, who: list[User], start: date):
    end = min(start + timedelta(days=data.rng.randint(1, 4)), LAST)
    leader, companion = data.rng.sample(who, 2)
    trip = data.add(
        Trip,
        end,
        place=data.rng.choice(PLACES),
        chain=data.chains[chain],
        starts_on=start,
        ends_on=end,
        purpose="上门招商，拜访产业链上下游企业",
        summary=SUMMARY,
        entered_by=leader,
    )
    went = [leader, companion][: data.rng.randint(1, 2)]
    for person in went:
        data.add(TripPerson, end, trip=trip, person=person)
    leads = [lead for lead in data.rows[Lead] if lead.chain.code == chain]
    for lead in data.rng.sample(leads, data.rng.randint(2, 4)):
        gained = start <= lead.created_at.date() <= end
        met = {"enterprise": lead.enterprise, "lead": lead if gained else None}
        data.add(TripMeeting, end, trip=trip, met_on=start, **met)
