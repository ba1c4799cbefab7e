"""Every figure beside a recount in plain Python: no shared query, no shared sum."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from projects.models import Agreement
from projects.progress import YearFigures, monthly, progress, progress_by
from tests import factories
from zone.models import IndustryChain, Park, User

pytestmark = pytest.mark.django_db
DAYS = (date(2024, 12, 31), date(2025, 3, 31), date(2025, 6, 15), date(2026, 2, 1))


@pytest.fixture
def signings(db):
    """A year of signings of chains, parks and shared credits, some beside each of them."""
    chance = random.Random(7)
    office = factories.make_office()
    chains = [factories.make_chain(code) for code in ("new-energy", "electronics")]
    parks = [factories.make_park(kind="PLATFORM") for _ in range(2)]
    people = [factories.make_specialist(chains[0]) for _ in range(3)]
    for _ in range(30):
        chain, park = chance.choice([*chains, None]), chance.choice([*parks, None])
        project = factories.make_project(chain=chain, park=park)
        for person in chance.sample(people, chance.choice([0, 1, 2])):
            factories.make_credit(project=project, specialist=person, share=Decimal("33.33"))
        day = date(2024, 12, 1) + timedelta(chance.randrange(300))
        factories.make_agreement(project=project, kind="FRAMEWORK", signed_on=day)
        for kind, later in (("FORMAL", 0), ("SUPPLEMENT", chance.randrange(90))):
            agreement = factories.make_agreement(
                project=project,
                kind=kind,
                amount_wan=chance.randrange(1, 90_000),
                signed_on=day + timedelta(later),
            )
            if chance.random() < 0.7:
                agreement.recognise(by=office)
            else:
                break
    enterprise = factories.make_enterprise()
    for park in (*parks, parks[0]):
        space = factories.make_space(park=park)
        factories.make_occupancy(space=space, enterprise=enterprise)


def share(agreement: Agreement, scope) -> Decimal:
    project = agreement.project
    if isinstance(scope, User):
        shares = [row.share for row in project.credits.all() if row.specialist_id == scope.pk]
        return sum(shares, Decimal(0)) / 100
    own = {IndustryChain: project.chain, Park: project.park}
    return Decimal(scope is None or own[type(scope)] == scope)


def recount(on: date, scope) -> tuple:
    counted, pending, projects = Decimal(0), Decimal(0), Decimal(0)
    for row in Agreement.objects.exclude(kind="FRAMEWORK").select_related("project"):
        if row.signed_on.year == 2025 and row.signed_on <= on:
            part = share(row, scope)
            if row.recognised_on:
                counted += row.amount_wan * part
                projects += part * (row.kind == "FORMAL")
            else:
                pending += row.amount_wan * part
    return counted, pending, projects


def shown(figures) -> tuple:
    amount = figures.signed_amount
    return amount.actual, amount.pending, figures.signed_projects.actual


@pytest.mark.parametrize(
    "on", [DAYS[0], *(pytest.param(d, marks=pytest.mark.slow) for d in DAYS[1:])]
)
def test_each_scope_has_what_a_recount_finds(signings, on):
    assert shown(progress(2025, on)) == recount(on, None)
    for kind, model in (("chain", IndustryChain), ("park", Park), ("specialist", User)):
        scopes = list(model.objects.all())
        found = {row.scope: shown(row) for row in progress_by(2025, on, kind, scopes)}
        assert found == {scope: recount(on, scope) for scope in scopes}
        assert shown(progress(2025, on, scopes[0])) == found[scopes[0]]


def test_the_recount_would_see_a_lost_agreement(signings):
    before = recount(DAYS[-1], None)
    counted = Agreement.objects.filter(kind="FORMAL", recognised_on__isnull=False)
    counted.filter(signed_on__year=2025).first().delete()
    assert recount(DAYS[-1], None) != before


def test_months_the_month_before_and_no_chain_are_cut_from_the_same_sums(signings):
    on = date(2025, 6, 15)
    figures = YearFigures(2025, on)
    chain = IndustryChain.objects.first()
    ends = [date(2025, month, 1) - timedelta(1) for month in range(2, 7)] + [on]
    for scope in (None, chain):
        months = monthly(2025, on, scope)
        assert [(row.amount_so_far, row.projects_so_far) for row in months] == [
            recount(end, scope)[::2] for end in ends
        ]
        assert figures.months(scope) == months
    assert shown(figures.a_month_before(chain)) == recount(date(2025, 5, 31), chain)
    chains = [recount(on, chain) for chain in IndustryChain.objects.all()]
    parts = [shown(figures.chainless), *chains]
    assert tuple(map(sum, zip(*parts, strict=True))) == recount(on, None)


@pytest.mark.parametrize("day", [date(2025, 1, 31), date(2024, 6, 1), date(2026, 6, 1)])
def test_there_is_no_month_before_the_years_first(day, chain):
    assert YearFigures(2025, day).a_month_before(chain) is None


def test_a_tenant_of_two_platforms_is_one_of_the_zone_and_one_of_each(signings):
    on = date(2025, 6, 15)
    assert progress(2025, on).platform_tenants.actual == 1
    each = progress_by(2025, on, "park", Park.objects.filter(kind="PLATFORM"))
    assert [row.platform_tenants.actual for row in each] == [1, 1]
