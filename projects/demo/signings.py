"""The demo's projects: their agreements, the office's decisions, stages, credits and money."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import count

from stdnum.iso7064 import mod_11_10

from crm.models import FollowUp
from projects.demo.data import LAST, DemoData, words
from projects.demo.deals import COUNTED, MONTHS, PENDING, Deal, wan
from projects.demo.leads import fixed_assets
from projects.demo.people import specialists
from projects.models import Agreement, AgreementChange, Credit, Project, StageChange

KIND, STAGE, STATUS = Agreement.Kind, Project.Stage, Project.Status
FIRST_NUMBER = 101  # after the numbers of the published projects
ADVANCED = (STAGE.LANDED, STAGE.STARTED, STAGE.BUILDING, STAGE.PRODUCING)
# Days until a stage after the signing, least and most.
PACE = {"LANDED": (20, 50), "STARTED": (30, 75), "BUILDING": (25, 60), "PRODUCING": (110, 170)}
PARKS = {
    "electronics": ("consumer-goods", "consumer-goods", "international"),
    "equipment": ("equipment-park-1", "equipment-park-2", "surface-treatment"),
    "biomedicine": ("international", "green-power"),
    "new-energy": ("lithium", "lithium", "green-power"),
}
# Places in the order of the counted projects.
TERMINATED, SUSPENDED, UPGRADED, SHARED = (5, 16), (21,), (3, 8, 11, 19, 26, 30, 35), 5


class ProjectWriter:
    """Writes the deals as projects into the data."""

    def __init__(self, data: DemoData, people):
        self.data, self.rng, self.people = data, data.rng, people
        self.numbers, self.national = count(FIRST_NUMBER), count(1)

    def write(self, deals: list[Deal]):
        counted = [deal for deal in deals if deal.outcome == COUNTED]
        for deal in deals:
            self._project(deal)
            place = counted.index(deal) if deal.outcome == COUNTED else None
            self._sign(deal, upgrades=place in UPGRADED)
            self._credit(deal, shared=place is not None and place % SHARED == 2)
            if deal.outcome == COUNTED:
                # What was terminated had not got far.
                self._build(deal, ADVANCED[:1] if place in TERMINATED else ADVANCED)
                self._end(deal, place)
            self._follow(deal)
        self._supplement(counted)

    def _project(self, deal: Deal):
        rng, number = self.rng, next(self.numbers)
        converted = deal.converted_on
        deal.project = self.data.add(
            Project,
            converted,
            code=f"CZGX-2025-{number:04d}",
            name=deal.title,
            enterprise=deal.enterprise,
            chain=self.data.chains[deal.chain],
            park=self.data.parks[rng.choice(PARKS[deal.chain])],
            total_investment_wan=deal.amount_wan,
            fixed_asset_investment_wan=fixed_assets(rng, deal.amount_wan),
            lead=deal.lead,
            handler=deal.lead.owner,
            entered_by=deal.lead.owner,
            service_agent=self.people["agent1"] if number % 3 == 0 else None,
            planned_start_on=deal.signed_on + timedelta(days=rng.randint(60, 150)),
            content=f"示例：{deal.lead.needs}。" if deal.lead.needs else "",
            source="演示数据",
        )
        self._change(deal, converted, from_stage="", to_stage=STAGE.RESERVED, from_status="")

    def _change(self, deal: Deal, on: date, *, from_status=STATUS.ACTIVE, by=None, **fields):
        project = deal.project
        fields = {"from_stage": project.stage, "to_stage": project.stage, **fields}
        fields.setdefault("to_status", STATUS.ACTIVE)
        by = by or project.handler
        self.data.add(
            StageChange, on, project=project, on=on, by=by, from_status=from_status, **fields
        )
        project.stage, project.status = fields["to_stage"], fields["to_status"]

    def _sign(self, deal: Deal, *, upgrades: bool):
        earlier = None
        if upgrades:
            day = self.data.day_after(deal.signed_on, -90, -40)
            earlier = self._agreement(deal, KIND.FRAMEWORK, day, None)
        main = self._agreement(deal, deal.kind, deal.signed_on, deal.amount_wan, upgrades=earlier)
        if deal.outcome == COUNTED:
            self._recognise(main)
            self._change(deal, deal.signed_on, to_stage=STAGE.SIGNED, by=main.recognised_by)
        elif deal.kind == KIND.FORMAL and deal.outcome != PENDING:
            main.exclusion_reason = deal.outcome
            reason = str(main.get_exclusion_reason_display())
            self._decide(main, "EXCLUDED", self._soon(main), reason)
            self._change(deal, deal.signed_on, to_stage=STAGE.SIGNED)

    def _agreement(self, deal: Deal, kind, day: date, amount, **fields) -> Agreement:
        # Some are handled by the office itself, so that the other half must recognise them.
        office = self.rng.random() < 0.15
        handler = self.people["office"] if office else deal.project.handler
        return self.data.add(
            Agreement,
            day,
            project=deal.project,
            kind=kind,
            title=f"{deal.title}{kind_word(kind)}",
            signed_on=day,
            amount_wan=amount,
            handled_by=handler,
            entered_by=handler,
            **fields,
        )

    def _recognise(self, agreement: Agreement):
        agreement.recognised_on = self._soon(agreement)
        agreement.recognised_by = self._decide(agreement, "RECOGNISED", agreement.recognised_on)

    def _soon(self, agreement: Agreement) -> date:
        return self.data.day_after(agreement.signed_on, 2, 15)

    def _decide(self, agreement: Agreement, action: str, on: date, reason: str = ""):
        """Let someone of the office decide who does not handle it, and return them."""
        own = agreement.handled_by == self.people["office"]
        by = self.people["office2" if own else self.rng.choice(("office", "office2"))]
        self.data.add(
            AgreementChange, on, agreement=agreement, action=action, by=by, on=on, reason=reason
        )
        return by

    def _credit(self, deal: Deal, *, shared: bool):
        owner = deal.project.handler
        shares = [(owner, 100)]
        if shared:
            (colleague,) = (one for one in specialists(self.people, deal.chain) if one != owner)
            shares = [(owner, 60), (colleague, 40)]
        for person, share in shares:
            self.data.add(
                Credit,
                deal.signed_on,
                project=deal.project,
                specialist=person,
                share=Decimal(share),
            )

    def _build(self, deal: Deal, stages: tuple):
        """Advance the project as far as the year allows."""
        day = deal.signed_on
        for stage in stages:
            day = self.data.day_after(day, *PACE[stage])
            if day >= LAST - timedelta(days=7):
                return
            if stage == STAGE.LANDED:
                deal.project.project_code = national_code(day, next(self.national))
            self._change(deal, day, to_stage=stage)

    def _end(self, deal: Deal, place: int):
        if place not in (*TERMINATED, *SUSPENDED):
            return
        status = STATUS.TERMINATED if place in TERMINATED else STATUS.SUSPENDED
        reasons = "terminate_reasons" if place in TERMINATED else "suspend_reasons"
        reason = self.rng.choice(words()[reasons])
        day = self.data.day_between(date(2025, 11, 10), date(2025, 12, 24))
        self._change(deal, day, to_status=status, by=self.people["office"], reason=reason)

    def _follow(self, deal: Deal):
        for _ in range(self.rng.randint(0, 3)):
            day = self.data.day_between(deal.signed_on, LAST)
            self.data.add(
                FollowUp,
                day,
                project=deal.project,
                kind=self.rng.choice(("CALL", "VISIT_IN", "SURVEY", "MEETING")),
                happened_on=day,
                summary=self.rng.choice(words()["project_follow_ups"]),
                by=deal.project.handler,
            )

    def _supplement(self, counted: list[Deal]):
        """Add the planned increments, each to an earlier project, and one that waits."""
        alive = [deal for deal in counted if deal.project.status == STATUS.ACTIVE]
        for month, (_, _, yi) in MONTHS.items():
            if Decimal(yi):
                deal = self._earlier(alive, date(2025, month, 1))
                day = self.data.day_between(date(2025, month, 12), date(2025, month, 24))
                self._recognise(self._agreement(deal, KIND.SUPPLEMENT, day, wan(yi)))
        waiting = self._earlier(alive, date(2025, 9, 1))
        self._agreement(waiting, KIND.SUPPLEMENT, date(2025, 12, 11), wan("0.9"))

    def _earlier(self, deals: list[Deal], day: date) -> Deal:
        deal = self.rng.choice([deal for deal in deals if deal.signed_on < day])
        deals.remove(deal)
        return deal


def kind_word(kind: str) -> str:
    return {
        KIND.FRAMEWORK: "框架协议",
        KIND.INTENT: "意向书",
        KIND.FORMAL: "投资合同",
        KIND.SUPPLEMENT: "补充协议",
    }[kind]


def national_code(day: date, number: int) -> str:
    """Return a well-formed project code (GB/T 40058-2021) with its check digit."""
    digits = f"{day:%y%m}14047189{1:02d}{number:05d}"
    check = mod_11_10.calc_check_digit(digits)
    return f"{digits[:4]}-{digits[4:10]}-{digits[10:12]}-{digits[12:14]}-{digits[14:]}{check}"
