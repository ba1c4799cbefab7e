from decimal import Decimal

from crm.models import Lead
from crm.models.screenings import Screening, ScreeningCriterion, ScreeningScore
from projects.demo.data import DemoData
from projects.demo.people import chain_leader
from zone.models import User

STAGE = Lead.Stage
PASSED = (STAGE.SCREENED, STAGE.NEGOTIATING, STAGE.AGREEING)
OPINIONS = {
    "PASS": "符合产业方向，落地条件具备，同意进入洽谈。",
    "HOLD": "资金来源待核实，材料补齐后再研判。",
    "REJECT": "能耗偏高，与园区定位不符。",
    "": "材料齐全，建议通过，请链长审定。",
}
EVERY = 5  # of the leads that stand at a stage


def build(data: DemoData):
    """Add a sheet to leads that have passed, and to some of the new ones."""
    criteria = list(ScreeningCriterion.objects.filter(is_active=True, chain=None))
    people = {user.username: user for user in data.rows[User]}
    leads = data.rows[Lead]
    for lead in [lead for lead in leads if lead.stage in PASSED][::EVERY]:
        _sheet(data, lead, criteria, "PASS", people)
    results = ("", "", "HOLD", "REJECT")
    new = [lead for lead in leads if lead.stage == STAGE.NEW and lead.owner][::4]
    for place, lead in enumerate(new):
        _sheet(data, lead, criteria, results[place % len(results)], people)


def _sheet(data: DemoData, lead: Lead, criteria, result: str, people):
    day = data.day_after(lead.created_at.date(), 1, 5)
    full = sum((one.max_points for one in criteria), Decimal(0))
    worth = {"PASS": (60, 95), "": (55, 90), "HOLD": (45, 65), "REJECT": (20, 45)}[result]
    points = [
        (one.max_points * data.rng.randint(*worth) / 100).quantize(Decimal("0.1"))
        for one in criteria
    ]
    leader = chain_leader(people, lead.chain.code)
    decided = {"decided_by": leader, "decided_on": day} if result else {}
    sheet = data.add(
        Screening,
        day,
        lead=lead,
        opinion=OPINIONS[result],
        prepared_by=lead.owner or leader,
        result=result,
        total_points=sum(points, Decimal(0)),
        full_points=full,
        **decided,
    )
    for one, value in zip(criteria, points, strict=True):
        score = {"criterion": one, "points": value, "max_points": one.max_points}
        data.add(ScreeningScore, day, screening=sheet, **score)
