"""Projects with a light, each with its reason: what today's data can tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

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
from django.utils.translation import gettext as _

from projects.models import Agreement, Project
from projects.pages.figures import SHAPES
from projects.progress import LIGHT_WORDS, RED, YELLOW

# Days after which a project turns yellow, and red.
WAITING_YELLOW, WAITING_RED = 30, 90  # a signed agreement without recognition
START_YELLOW, START_RED = 0, 90  # past the planned start of construction, as 银川 has it (2025)
UNPLANNED_YELLOW = 90  # signed, neither started nor with a planned start

SHOWN = 5
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
    rows = (
        projects.active()
        .annotate(**_dates(on))
        .filter(_is_lit(on))
        .annotate(
            severity=Case(
                When(_is_red(on), then=Value(2)), default=Value(1), output_field=IntegerField()
            ),
            since=Least("waiting_since", "overdue_since", "unplanned_since"),
            in_all=Window(Count("pk")),
        )
        .select_related("handler")
        .order_by("-severity", "since", "pk")[:SHOWN]
    )
    found = list(rows)
    return [_describe(project, on) for project in found], found[0].in_all if found else 0


def _dates(on: date) -> dict:
    """Annotations: since when each reason holds, null where it does not."""
    signed = Agreement.objects.filter(signed_on__lte=on)
    waiting = signed.pending().filter(signed_on__lt=on - timedelta(days=WAITING_YELLOW))
    formal = signed.counted_projects().filter(signed_on__lt=on - timedelta(days=UNPLANNED_YELLOW))
    late = Q(stage__in=NOT_STARTED, planned_start_on__lt=on - timedelta(days=START_YELLOW))
    unplanned = Q(stage__in=NOT_STARTED, planned_start_on=None)
    return {
        "waiting_since": _first(waiting),
        "overdue_since": Case(When(late, then=F("planned_start_on"))),
        "unplanned_since": Case(When(unplanned, then=_first(formal))),
    }


def _first(agreements) -> Min:
    # One pass over the agreements: a subquery for each project took ten times as long.
    return Min("agreements__signed_on", filter=Q(agreements__in=agreements.values("pk")))


def _is_lit(on: date) -> Q:
    names = ("waiting_since", "overdue_since", "unplanned_since")
    lights = Q()
    for name in names:
        lights |= Q(**{f"{name}__isnull": False})
    return lights


def _is_red(on: date) -> Q:
    waiting, start = (on - timedelta(days=days) for days in (WAITING_RED, START_RED))
    return Q(waiting_since__lt=waiting) | Q(overdue_since__lt=start)


def _describe(project, on: date) -> Lit:
    light = RED if project.severity == 2 else YELLOW
    words = {
        "overdue_since": _("Construction was planned for %(on)s and has not begun: %(days)s days."),
        "waiting_since": _("Signed on %(on)s, waiting for recognition for %(days)s days."),
        "unplanned_since": _("Signed on %(on)s, not begun after %(days)s days, no planned start."),
    }
    since = {name: getattr(project, name) for name in words if getattr(project, name)}
    reasons = [words[name] % {"on": day, "days": (on - day).days} for name, day in since.items()]
    return Lit(project, light, reasons)
