"""How far the leads of a year have come: registered, screened … signed, landed, started."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Case, Count, IntegerField, Max, Q, Value, When
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext_lazy as _
from django_cte import CTE, with_cte

from crm.models import Lead
from projects.models import Project
from projects.pages import charts
from zone.calendar import SHANGHAI
from zone.database import remembered
from zone.units import percent, share

STEPS = (
    _("leads registered"),
    _("screened"),
    _("in negotiation"),
    _("agreement being drafted"),
    _("signed"),
    _("landed"),
    _("started"),
)
# A converted lead has passed negotiation; the steps after that are its project's own.
LEAD_STEPS = {
    Lead.Stage.SCREENED: 1,
    Lead.Stage.NEGOTIATING: 2,
    Lead.Stage.AGREEING: 3,
    Lead.Stage.SIGNED: 3,
}
PROJECT_STEPS = {
    Project.Stage.SIGNED: 4,
    Project.Stage.LANDED: 5,
    Project.Stage.STARTED: 6,
    Project.Stage.BUILDING: 6,
    Project.Stage.PRODUCING: 6,
    Project.Stage.AT_CAPACITY: 6,
}


@dataclass(frozen=True)
class Step:
    """``share`` is per cent of the step before; empty for the first."""

    name: str
    count: int
    share: str
    bar: charts.Bar


def funnel(year: int, on: date, chain=None) -> list[Step]:
    """Return the steps that the leads registered in ``year`` up to ``on`` had reached by then.

    Each lead is followed through its history into its project, so no step can be larger
    than the one before.
    """
    leads = Lead.objects.filter(_registered(year, on))
    if chain is not None:
        leads = leads.filter(chain=chain)
    leads = (
        leads.order_by()
        .values("pk")
        .annotate(
            step=Greatest(
                _furthest("stage_changes", LEAD_STEPS, on),
                _furthest("project__stage_changes", PROJECT_STEPS, on),
            )
        )
    )
    furthest = CTE(leads)
    counted = with_cte(furthest, select=furthest.queryset().values("step")).annotate(n=Count("pk"))
    counts = dict(remembered.rows(counted.values_list("step", "n")))
    return _steps([sum(n for s, n in counts.items() if s >= step) for step in range(len(STEPS))])


def _steps(counts: list[int]) -> list[Step]:
    steps = []
    for index, (name, count) in enumerate(zip(STEPS, counts, strict=True)):
        before = counts[index - 1] if index else 0
        of_before = percent(share(count, before)) if before else ""
        steps.append(Step(name, count, of_before, charts.bar(share(count, counts[0]) or 0)))
    return steps


def _registered(year: int, on: date) -> Q:
    last = min(on, date(year, 12, 31)) + timedelta(days=1)
    moments = [datetime.combine(day, time(), SHANGHAI) for day in (date(year, 1, 1), last)]
    return Q(registered_at__gte=moments[0], registered_at__lt=moments[1])


def _furthest(changes: str, steps: dict, on: date) -> Coalesce:
    by_then = {f"{changes}__on__lte": on}
    cases = [
        When(**{f"{changes}__to_stage": s}, **by_then, then=Value(n)) for s, n in steps.items()
    ]
    return Coalesce(Max(Case(*cases, output_field=IntegerField())), 0)
