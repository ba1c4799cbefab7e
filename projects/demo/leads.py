"""The demo's leads: their way through the stages, their owners and their follow-ups."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from crm.models import FollowUp, Lead, LeadOwnerChange, LeadStageChange
from projects.demo.data import FIRST, LAST, DemoData, words
from projects.demo.deals import Deal, title_for
from projects.demo.enterprises import contacts_by_enterprise
from projects.demo.people import chain_leader, specialists
from zone.calendar import today
from zone.models import User

HOW_MANY = 600
STAGE = Lead.Stage
WAY = (STAGE.NEW, STAGE.SCREENED, STAGE.NEGOTIATING, STAGE.AGREEING)
# Where the leads without a project stand, and when such leads were registered.
STANDING = {
    STAGE.NEW: (110, date(2025, 9, 8), date(2025, 12, 26)),
    STAGE.SCREENED: (125, date(2025, 6, 3), date(2025, 12, 12)),
    STAGE.NEGOTIATING: (110, date(2025, 3, 3), date(2025, 11, 7)),
    STAGE.AGREEING: (49, date(2025, 2, 10), date(2025, 9, 30)),
    STAGE.LOST: (95, date(2024, 10, 8), date(2025, 10, 17)),
    STAGE.INVALID: (56, date(2024, 10, 8), date(2025, 11, 21)),
}
# Days until the next stage, least and most.
PACE = {STAGE.SCREENED: (1, 6), STAGE.NEGOTIATING: (7, 35), STAGE.AGREEING: (15, 60)}
REASON = Lead.LostReason
# Of the demo's words, in their order.
KINDS_OF_REASON = {
    STAGE.LOST: (REASON.ELSEWHERE, REASON.FUNDS, REASON.ENERGY, REASON.PREMISES, REASON.FUNDS),
    STAGE.INVALID: (REASON.WRONG_DATA, REASON.EXCLUDED, REASON.DUPLICATE, REASON.EXCLUDED),
}
PROTECTED = range(3, 170)  # days from the loading on: else the job would return all of them at once
LATELY, DUE = 12, range(-4, 24)  # days before the loading, and from it on
UNDATED = 15  # of so many open leads one has no next date
BESIDE = "示例：同一投资方的另一个项目，经招商办同意另行登记"


@dataclass
class Journey:
    """A lead with the day of each of its stages."""

    lead: Lead
    steps: list[tuple[str, date]]
    until: date
    owners: list[tuple[date, User]] = field(default_factory=list)

    def owner_on(self, day: date) -> User:
        return [owner for since, owner in self.owners if since <= day][-1]


class LeadWriter:
    """Writes leads into the data; knows the cast so that each function need not."""

    def __init__(self, data: DemoData, people, enterprises, segments):
        self.data, self.rng, self.people = data, data.rng, people
        self.enterprises, self.segments = enterprises, segments
        self.contacts = contacts_by_enterprise(data)
        self.courted = set()

    def write(self, deals: list[Deal]):
        for deal in deals:
            self._signed(deal)
        plan = [stage for stage, (number, _, _) in STANDING.items() for _ in range(number)]
        self.rng.shuffle(plan)
        for place, stage in enumerate(plan[: HOW_MANY - len(deals)]):
            self._standing(stage, pooled=place % 40 == 7)

    def _signed(self, deal: Deal):
        """Lead up to the deal: registered 45 to 150 days before, converted shortly before."""
        converted = deal.converted_on = min(
            self.data.day_after(deal.signed_on, -8, -3), deal.signed_on
        )
        registered = self.data.day_between(
            max(FIRST, deal.signed_on - timedelta(days=150)), deal.signed_on - timedelta(days=45)
        )
        days = self._spread(registered, converted, len(WAY))
        steps = [*zip(WAY, days, strict=True), (STAGE.SIGNED, converted)]
        deal.lead = self._lead(
            deal.chain, deal.enterprise, deal.title, deal.amount_wan, steps, stage=STAGE.SIGNED
        )

    def _spread(self, first: date, last: date, number: int) -> list[date]:
        between = sorted(self.data.day_between(first, last) for _ in range(number - 1))
        return [first, *between]

    def _standing(self, stage: str, *, pooled: bool):
        chain = self.rng.choice(sorted(self.enterprises))
        enterprise = self.rng.choice(self.enterprises[chain])
        _, first, last = STANDING[stage]
        day = self.data.day_between(first, last)
        steps = [(STAGE.NEW, day)]
        ended = stage in (STAGE.LOST, STAGE.INVALID)
        furthest = self.rng.choice(WAY[:2] if stage == STAGE.INVALID else WAY) if ended else stage
        for step in WAY[1 : WAY.index(furthest) + 1]:
            day = self.data.day_after(day, *PACE[step])
            steps.append((step, day))
        if ended:
            steps.append((stage, self.data.day_after(day, 5, 45)))
        amount = Decimal(min(int(self.rng.lognormvariate(8.9, 1.0) / 100) + 5, 3000) * 100)
        title = title_for(self.data, enterprise, chain)
        lead = self._lead(
            chain, enterprise, title, amount, steps, stage=stage, pooled=pooled and not ended
        )
        if lead.is_open and enterprise.pk in self.courted:
            lead.override_reason = BESIDE
        self.courted |= {enterprise.pk} if lead.is_open else set()

    def _lead(self, chain, enterprise, title, amount, steps, *, stage, pooled=False) -> Lead:
        rng, registered = self.rng, steps[0][1]
        source = rng.choice(Lead.Source.values)
        lead = self.data.add(
            Lead,
            registered,
            enterprise=enterprise,
            title=title,
            chain=self.data.chains[chain],
            segment=rng.choice(self.segments[chain]),
            source=source,
            referrer=rng.choice(words()["referrers"]) if source == "REFERRAL" else "",
            planned_investment_wan=amount,
            planned_fixed_asset_wan=fixed_assets(rng, amount),
            contact=self.contacts[enterprise.pk],
            needs=rng.choice(words()["needs"]),
            expected_output_wan=amount * rng.randint(8, 25) / 10,
            expected_tax_wan=amount * rng.randint(3, 9) / 100,
            stage=stage,
        )
        self._record(Journey(lead, steps, steps[-1][1] if not lead.is_open else LAST), pooled)
        if lead.is_open and lead.owner:
            days = PROTECTED[lead.pk.int % len(PROTECTED)]
            lead.protected_until = today() + timedelta(days=days)
        return lead

    def _record(self, journey: Journey, pooled: bool):
        """Write who owned the lead, how it moved, and what was talked about."""
        lead, (_, registered) = journey.lead, journey.steps[0]
        chain = lead.chain.code
        reporter, colleague = self.rng.sample(specialists(self.people, chain), 2)
        self._own(lead, None, reporter, reporter, registered)
        journey.owners.append((registered, reporter))
        if pooled:
            day = self.data.day_between(journey.steps[-1][1], LAST)
            self._own(lead, reporter, None, reporter, day, self._word("release_reasons"))
            journey.until = day
        elif lead.is_open and self.rng.random() < 0.07:
            leader, day = chain_leader(self.people, chain), journey.steps[-1][1]
            self._own(lead, reporter, colleague, leader, day, self._word("assign_reasons"))
            journey.owners.append((day, colleague))
        self._move(journey, reporter)
        self._follow(journey)
        if lead.is_open and lead.owner:
            self._follow_lately(lead)

    def _own(self, lead, before, after, by, on: date, reason: str = ""):
        self.data.add(
            LeadOwnerChange,
            on,
            lead=lead,
            from_owner=before,
            to_owner=after,
            by=by,
            on=on,
            reason=reason,
        )
        lead.owner, lead.owned_on = after, on if after else None

    def _move(self, journey: Journey, by):
        before = ""
        reasons = {STAGE.LOST: "lost_reasons", STAGE.INVALID: "invalid_reasons"}
        for stage, day in journey.steps:
            reason = self._word(reasons[stage]) if stage in reasons else ""
            self.data.add(
                LeadStageChange,
                day,
                lead=journey.lead,
                from_stage=before,
                to_stage=stage,
                by=by,
                on=day,
                reason=reason,
            )
            before = stage
            journey.lead.stage_since = day
            if stage != STAGE.NEW:
                journey.lead.screened_on = journey.lead.screened_on or day
        if stage in reasons:
            kinds = zip(words()[reasons[stage]], KINDS_OF_REASON[stage], strict=True)
            journey.lead.lost_reason = dict(kinds)[reason]

    def _follow(self, journey: Journey):
        """Write a handful of follow-ups; the newest says when the lead is due next."""
        lead, first = journey.lead, journey.steps[0][1]
        last = min(journey.until, journey.steps[-1][1] + timedelta(days=60))
        number = self.rng.randint(0, 2) + len(journey.steps) - 1
        days = sorted(self.data.day_between(first, max(first, last)) for _ in range(number))
        if lead.is_open and not days:
            lead.next_follow_up_on = self.data.day_after(first, 3, 10)
        for day, following in zip(days, [*days[1:], None], strict=False):
            due = following or (self._due(day) if lead.is_open else None)
            self._follow_up(lead, day, due, journey.owner_on(day))
            lead.next_follow_up_on = due if lead.is_open else None

    def _follow_lately(self, lead: Lead):
        """Talk about an open lead in the days before the loading, so that lists look as at work."""
        number, on = lead.pk.int, today()
        if number % UNDATED == 0:
            lead.next_follow_up_on = None
            return
        day = on - timedelta(days=1 + number % LATELY)
        due = max(day, on + timedelta(days=number % len(DUE) + DUE[0]))
        self._follow_up(lead, day, due, lead.owner)
        lead.next_follow_up_on = due

    def _due(self, day: date) -> date:
        return day + timedelta(days=self.rng.randint(5, 21))

    def _follow_up(self, lead: Lead, day: date, due: date | None, by):
        kind = self.rng.choice(sorted(words()["follow_ups"]))
        self.data.add(
            FollowUp,
            day,
            lead=lead,
            kind=kind,
            happened_on=day,
            summary=self.rng.choice(words()["follow_ups"][kind]),
            next_step=self._word("next_steps") if due else "",
            next_on=due,
            by=by,
        )

    def _word(self, section: str) -> str:
        return self.rng.choice(words()[section])


def fixed_assets(rng, amount: Decimal) -> Decimal:
    return (amount * rng.randint(60, 85) / 100).quantize(Decimal(1))
