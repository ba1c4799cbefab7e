"""Target progress: where the year stands, what is missing, and which rows say so.

The zone's figures are for everybody who opens the page. Leaders compare themselves by ranking, so
they see every chain and specialist by name with target, counted amount and count; what lies behind
those (waiting amounts, months, funnel, links to rows) only where all of it is within their reach.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import CharField, Exists, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, NullIf
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from crm.models import Lead
from projects.models import Agreement, Credit, Project
from projects.pages import charts, choices, months
from projects.pages.figures import Shown, amount
from projects.pages.funnel import funnel
from projects.pages.lights import lit
from projects.pages.links import Links, rows
from projects.progress import CHAIN, SPECIALIST, Progress, YearFigures, targets_by_year
from zone.access.row_access import row_access
from zone.calendar import today
from zone.models import Appointment, IndustryChain, Park, PublishedFigure, Target, User


@dataclass(frozen=True)
class Ranked:
    """A row of a ranking; ``moved`` is places won (+) or lost (−) since the month before."""

    rank: int
    moved: int | None
    amount: Shown
    projects: Shown

    @property
    def scope(self):
        return self.amount.scope

    @property
    def is_open(self) -> bool:
        """Whether all rows behind the figures are within reach."""
        return self.amount.links.reaches(self.scope)

    @property
    def places(self) -> int:
        return abs(self.moved or 0)


@dataclass(frozen=True)
class ParkRow:
    """A park's lettable floor space as two bars, one above the other."""

    park: Park
    let: charts.Bar
    held: charts.Bar

    @classmethod
    def of(cls, park: Park) -> ParkRow:
        lettable = park.let_m2 + park.held_m2 + park.vacant_m2
        share = 100 / lettable if lettable else 0
        taken = park.let_m2 + park.held_m2
        return cls(park, charts.bar(park.let_m2 * share), charts.bar(taken * share))

    @property
    def href(self) -> str:
        return rows("zone_park", id__exact=self.park.pk)


def progress_page(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("zone.view_target"):
        raise PermissionDenied
    access = row_access(request.user)
    targets, chains = targets_by_year(), list(_chains())
    chosen = choices.read(request.GET, list(targets), chains, access)
    figures = YearFigures(chosen.year, chosen.on, (CHAIN, SPECIALIST), targets.get(chosen.year, {}))
    links = Links(chosen.year, chosen.on, access)
    context = {
        **admin.site.each_context(request),
        "title": _("Target progress"),
        "is_fullwidth": "1",
        "departed": leads_of_departed(request.user),
        "chosen": chosen,
        "chains": [chain for chain in chains if access.covers(chain)],
        "year_has_targets": chosen.year in targets,
        "may_set_targets": request.user.has_perm("zone.add_target"),
        **_shown(figures, chains, chosen, links),
        **_surroundings(request.user, chosen, links),
    }
    return TemplateResponse(request, "projects/progress.html", context)


def leads_of_departed(user) -> int:
    """Return how many open leads wait for whoever assigns them: their owners have left."""
    if not user.has_perm("crm.assign_lead"):
        return 0
    return Lead.objects.visible_to(user, "crm.assign_lead").departed().count()


def _shown(
    figures: YearFigures, chains: list[IndustryChain], chosen: choices.Choices, links: Links
) -> dict:
    zone, of_chains = figures.of(), [figures.of(chain) for chain in chains]
    scoped = next((row for row in of_chains if row.scope == chosen.chain), zone)
    before = [figures.a_month_before(chain) for chain in chains]
    of_specialists = [figures.of(person) for person in _specialists(chosen)]
    return {
        "links": links,
        "has_demo": figures.has_demo,
        "amount": Shown(scoped.signed_amount, links, scoped.scope),
        "projects": Shown(scoped.signed_projects, links, scoped.scope),
        # A platform belongs to no chain: its tenants are always those of the zone.
        "tenants": Shown(zone.platform_tenants, links),
        "months": months.card(
            figures.months(scoped.scope), scoped.signed_amount, links, scoped.scope
        ),
        "chain_rows": ranking(of_chains, links, [row for row in before if row]),
        "specialist_rows": ranking(of_specialists, links),
        "zone": {
            "amount": Shown(zone.signed_amount, links),
            "projects": Shown(zone.signed_projects, links),
        },
        "rest": _rest(zone, of_chains, figures.chainless),
    }


def _surroundings(user: User, chosen: choices.Choices, links: Links) -> dict:
    """What stands beside the target: funnel, lights, parks, published figures."""
    visible = Project.objects.visible_to(user)
    lights, lights_in_all = lit(visible, chosen.on, chosen.chain)
    parks = list(Park.objects.with_areas(chosen.on))
    return {
        "funnel": funnel(chosen.year, chosen.on, chosen.chain),
        "leads_href": links.leads(chosen.chain),
        "lights": lights,
        "lights_in_all": lights_in_all,
        "projects_href": links.projects(chosen.chain),
        "park_rows": [ParkRow.of(park) for park in parks if park.total_m2],
        "parks_without_spaces": [park for park in parks if not park.total_m2],
        "platforms": [park for park in parks if park.kind == Park.Kind.PLATFORM],
        "published": PublishedFigure.objects.filter(year=chosen.year),
    }


def ranking(scopes: list[Progress], links: Links, before: list[Progress] = ()) -> list[Ranked]:
    """Return ``scopes`` best first: by completion, then by amount; without a target last."""
    places = {row.scope.pk: place for place, row in enumerate(_best_first(before), 1)}
    return [
        Ranked(
            rank=place,
            moved=places[row.scope.pk] - place if places else None,
            amount=Shown(row.signed_amount, links, row.scope),
            projects=Shown(row.signed_projects, links, row.scope),
        )
        for place, row in enumerate(_best_first(scopes), 1)
    ]


def _best_first(scopes: list[Progress]) -> list[Progress]:
    def merit(row: Progress):
        figure = row.signed_amount
        unknown = figure.completion is None
        return (unknown, -(figure.completion or 0), -figure.actual, -row.signed_projects.actual)

    return sorted(scopes, key=merit)


def _rest(zone: Progress, chains: list[Progress], outside: Progress) -> dict | None:
    """Return what no chain has: the part of the target not allotted, and what counts outside."""
    allotted = sum(row.signed_amount.target or 0 for row in chains)
    left = (zone.signed_amount.target or 0) - allotted
    if left <= 0 and not outside.signed_amount.actual:
        return None
    return {
        "target": amount(left) if left > 0 else "",
        "actual": amount(outside.signed_amount.actual),
        "projects": outside.signed_projects.actual,
    }


def _chains():
    leaders = Appointment.objects.current(today()).filter(
        role=Appointment.Role.CHAIN_LEADER, chain=OuterRef("pk")
    )
    name = Coalesce(
        NullIf("user__display_name", Value("")), "user__username", output_field=CharField()
    )
    return IndustryChain.objects.annotate(leader=Subquery(leaders.values(person=name)[:1]))


def _specialists(chosen: choices.Choices):
    """Return those in post on the day, those with a target, and those with a signing."""
    person = OuterRef("pk")
    post = Appointment.objects.current(chosen.on).filter(
        role=Appointment.Role.SPECIALIST, user=person
    )
    signed = Agreement.objects.signed_in(chosen.year, chosen.on).counted_amounts()
    credit = Credit.objects.filter(specialist=person, project__in=signed.values("project"))
    target = Target.objects.filter(year=chosen.year, specialist=person)
    return User.objects.filter(Q(Exists(post)) | Exists(credit) | Exists(target)).order_by(
        "display_name", "username"
    )
