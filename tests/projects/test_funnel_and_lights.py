from datetime import date

import pytest

from projects.models import Agreement, Project, StageChange
from projects.pages.funnel import funnel
from projects.pages.lights import lit
from tests import factories

pytestmark = pytest.mark.django_db

MARCH = date(2025, 3, 31)
ADDRESS = "/admin/progress/?year=2025&on=2025-03-31"


def test_the_funnel_follows_each_lead_into_its_project(db, office):
    for steps in range(4):
        lead = factories.make_lead(owner=office)
        factories.make_screening(lead=lead)
        for _ in range(steps):
            lead.advance(by=office, on=MARCH)
    project = factories.make_project(lead=lead)
    for stage in ("SIGNED", "LANDED"):
        StageChange.objects.create(project=project, to_stage=stage, on=MARCH, by=office)
    type(lead).objects.update(registered_at="2025-01-31T12:00:00+08:00")
    assert [step.count for step in funnel(2025, MARCH)] == [4, 3, 2, 1, 1, 1, 0]
    assert [step.count for step in funnel(2025, date(2025, 3, 30))] == [4, 0, 0, 0, 0, 0, 0]
    assert funnel(2025, MARCH)[1].share == "75.00%"
    assert [step.count for step in funnel(2024, MARCH)] == [0] * 7


def test_a_year_of_leads_begins_and_ends_at_midnight_in_shanghai(db, office):
    lead = factories.make_lead()
    for moment, count in (
        ("2024-12-31T15:59:59Z", 0),
        ("2024-12-31T16:00:00Z", 1),
        ("2025-03-31T15:59:59Z", 1),
        ("2025-03-31T16:00:00Z", 0),
    ):
        type(lead).objects.update(registered_at=moment)
        assert funnel(2025, MARCH)[0].count == count


@pytest.mark.parametrize(
    ("planned", "light"),
    [(date(2025, 3, 31), None), (date(2025, 3, 30), "yellow"), (date(2024, 12, 30), "red")],
)
def test_a_project_past_its_planned_start_is_lit_until_it_starts(db, planned, light):
    project = factories.make_project(planned_start_on=planned)
    found, in_all = lit(Project.objects.all(), MARCH)
    assert [item.light for item in found] == ([light] if light else [])
    assert in_all == len(found)
    Project.objects.update(stage="STARTED")
    assert lit(Project.objects.filter(pk=project.pk), MARCH) == ([], 0)


@pytest.mark.parametrize(
    ("signed", "light"),
    [(date(2025, 3, 1), None), (date(2025, 2, 28), "yellow"), (date(2024, 12, 30), "red")],
)
def test_an_agreement_that_waits_too_long_lights_its_project(db, signed, light):
    agreement = factories.make_agreement(kind="FORMAL", signed_on=signed)
    found, _ = lit(Project.objects.all(), MARCH)
    assert [item.light for item in found] == ([light] if light else [])
    assert all(item.reasons for item in found)
    Agreement.objects.filter(pk=agreement.pk).update(exclusion_reason="LATER_PHASE")
    assert lit(Project.objects.all(), MARCH) == ([], 0)


def test_a_signed_project_without_a_planned_start_is_lit_after_ninety_days(db):
    factories.make_counted(100, signed_on=date(2024, 12, 30))
    factories.make_counted(100, signed_on=date(2025, 1, 1))
    found, in_all = lit(Project.objects.all(), MARCH)
    assert (in_all, found[0].light) == (1, "yellow")


def test_the_worst_light_comes_first_and_only_visible_projects_are_named(as_user, db):
    mine, other = factories.make_chain("electronics"), factories.make_chain("equipment")
    factories.make_project(name="甲", chain=mine, planned_start_on=date(2025, 3, 1))
    factories.make_project(name="乙", chain=mine, planned_start_on=date(2024, 3, 1))
    factories.make_project(name="别的链的项目", chain=other, planned_start_on=date(2024, 1, 1))
    head = factories.make_user("chain_leader", mine)
    response = as_user(head).get(ADDRESS)
    assert [item.project.name for item in response.context["lights"]] == ["乙", "甲"]
    assert "别的链的项目" not in response.content.decode()
