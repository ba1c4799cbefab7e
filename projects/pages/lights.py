"""Projects with a light, each with its reason: what today's data can tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import or_

from django.db.models import (
    Case,
    Count,
    F,
    IntegerField,
    Min,
    Q,
    Value,
    When,
    Window,
)
from django.db.models.functions import Least
from django.db.models.sql.constants import LOUTER
from django.utils.translation import ngettext_lazy
from django_cte import CTE, with_cte

from projects.models import Agreement, Project
from projects.pages.figures import SHAPES
from projects.progress import LIGHT_WORDS, RED, YELLOW
from zone.database import remembered

# Days after which a project turns yellow, and red.
WAITING_YELLOW, WAITING_RED = 30, 90  # a signed agreement without recognition
START_YELLOW, START_RED = 0, 90  # past the planned start of construction, as 银川 has it (2025)
UNPLANNED_YELLOW = 90  # signed, neither started nor with a planned start

SHOWN = 5
REASONS = {
    "overdue_since": ngettext_lazy(
        "Construction was planned for %(on)s and has not begun: %(days)s day.",
        "Construction was planned for %(on)s and has not begun: %(days)s days.",
        "days",
    ),
    "waiting_since": ngettext_lazy(
        "Signed on %(on)s, waiting for recognition for %(days)s day.",
        "Signed on %(on)s, waiting for recognition for %(days)s days.",
        "days",
    ),
    "unplanned_since": ngettext_lazy(
        "Signed on %(on)s, not begun after %(days)s day, no planned start.",
        "Signed on %(on)s, not begun after %(days)s days, no planned start.",
        "days",
    ),
}
NOT_STARTED = (Project.Stage.RESERVED, Project.Stage.SIGNED, Project.Stage.LANDED)


@dataclass(frozen=True)
class Lit:
    """A project with its worst light and every reason for one."""

    project: Project
    light: str
    reasons: list[str]

    @property
    def shape(self) -> str:
        return SHAPES[self.light]

    @property
    def word(self) -> str:
        return str(LIGHT_WORDS[self.light])


def lit(projects, on: date, chain=None) -> tuple[list[Lit], int]:
    """Return the worst of ``projects`` as of ``on``, red first, and how many there are in all."""
    if chain is not None:
        projects = projects.filter(chain=chain)
    waiting, formal = _waiting(on), _formal(on)
    rows = remembered.rows(
        _joined(projects.active(), waiting, formal)
        .annotate(**_dates(on, waiting.col.since, formal.col.since))
        .filter(_is_lit())
        .annotate(
            severity=Case(
                When(_is_red(on), then=Value(2)), default=Value(1), output_field=IntegerField()
            ),
            since=Least("waiting_since", "overdue_since", "unplanned_since"),
            in_all=Window(Count("pk")),
        )
        .order_by("-severity", "since", "pk")
        .values_list("in_all", "pk", "severity", *REASONS)[:SHOWN]
    )
    found = Project.objects.select_related("handler").in_bulk([row[1] for row in rows])
    worst = [_describe(found[pk], on, severity, *since) for _all, pk, severity, *since in rows]
    return worst, rows[0][0] if rows else 0


def _waiting(on: date) -> CTE:
    signed = Agreement.objects.filter(signed_on__lt=on - timedelta(days=WAITING_YELLOW))
    return _first("waiting", signed.pending())


def _formal(on: date) -> CTE:
    signed = Agreement.objects.filter(signed_on__lt=on - timedelta(days=UNPLANNED_YELLOW))
    return _first("formal", signed.counted_projects())


def _first(name: str, agreements) -> CTE:
    """Return the first signing of each project, read once for all that is asked about it."""
    return CTE(agreements.order_by().values("project").annotate(since=Min("signed_on")), name)


def _joined(projects, *ctes: CTE):
    for cte in ctes:
        projects = cte.join(projects, pk=cte.col.project, _join_type=LOUTER)
    return with_cte(*ctes, select=projects)


def _dates(on: date, waiting_since, formal_since) -> dict:
    """Annotations: since when each reason holds, null where it does not."""
    late = Q(stage__in=NOT_STARTED, planned_start_on__lt=on - timedelta(days=START_YELLOW))
    unplanned = Q(stage__in=NOT_STARTED, planned_start_on=None)
    return {
        "waiting_since": waiting_since,
        "overdue_since": Case(When(late, then=F("planned_start_on"))),
        "unplanned_since": Case(When(unplanned, then=formal_since)),
    }


def _is_lit() -> Q:
    return reduce(or_, (Q(**{f"{name}__isnull": False}) for name in REASONS))


def _is_red(on: date) -> Q:
    waiting, start = (on - timedelta(days=days) for days in (WAITING_RED, START_RED))
    return Q(waiting_since__lt=waiting) | Q(overdue_since__lt=start)


def _describe(project, on: date, severity: int, *since: date | None) -> Lit:
    light = RED if severity == 2 else YELLOW
    reasons = [
        words % {"on": day, "days": (on - day).days}
        for words, day in zip(REASONS.values(), since, strict=True)
        if day
    ]
    return Lit(project, light, reasons)
