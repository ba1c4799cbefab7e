from decimal import Decimal

from crm.models import Lead
from crm.models.conflicts import Conflict
from crm.models.transfers import LeadTransfer
from projects.demo.data import LAST, DemoData
from projects.demo.people import CHAINS, specialists
from zone.models import User

REASONS = ("专员分工调整，请接续跟进", "项目更贴近贵链方向", "投资方改选沿海配套，转兄弟园区")


def build(data: DemoData):
    """Add transfers that wait, one that was refused, and two claims on investors."""
    people = {user.username: user for user in data.rows[User]}
    owned = [lead for lead in data.rows[Lead] if lead.is_open and lead.owner]
    for place, lead in enumerate(owned[5:95:15]):
        _transfer(data, lead, people, place)
    for place, lead in enumerate(owned[40:120:40]):
        _conflict(data, lead, people, is_decided=bool(place))


def _transfer(data: DemoData, lead: Lead, people, place: int):
    chain = lead.chain.code
    colleague = next(one for one in specialists(people, chain) if one != lead.owner)
    other = next(code for code in CHAINS if code != chain)
    there, away = {"to_chain": data.chains[other]}, {"to_place": "示例开发区"}
    target = ({"to_owner": colleague}, there, away)[place % 3]
    answer = {}
    if place == 3:
        by = {"answered_by": colleague, "answered_on": LAST, "answer": "手上在谈项目已满"}
        answer = {"state": LeadTransfer.State.REFUSED, **by}
    data.add(
        LeadTransfer,
        LAST,
        lead=lead,
        subject=f"{lead.enterprise} · {lead.title}",
        from_owner=lead.owner,
        first_contact=lead.owner,
        first_share=Decimal(30),
        reason=REASONS[place % 3],
        proposed_by=lead.owner,
        **target,
        **answer,
    )


def _conflict(data: DemoData, lead: Lead, people, *, is_decided: bool):
    colleague = next(one for one in specialists(people, lead.chain.code) if one != lead.owner)
    told = {"decision": "STAYS", "reason": "首报时间在先且持续跟进，维持原归属"}
    told |= {"decided_by": people["office"], "decided_on": LAST}
    data.add(
        Conflict,
        LAST,
        lead=lead,
        enterprise_name=lead.enterprise.name,
        chain=lead.chain,
        title=f"{lead.enterprise}扩建",
        planned_investment_wan=Decimal(5000),
        grounds="上月随商会考察时与其投资部对接，已约定下次会面。",
        raised_by=colleague,
        **(told if is_decided else {}),
    )
