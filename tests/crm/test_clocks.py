"""The clocks of a lead: a pure function of its days, and the same in SQL."""

from datetime import date, timedelta
from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import FollowUp, Lead
from crm.models.clocks import Terms
from crm.models.visits import Visit
from tests import factories
from tests.crm.test_pool import days, put, setting
from zone.calendar import local_date, start_of, today

ON = date(2025, 6, 30)
TERMS = Terms(1, 3, 7, 14, 45, 30, 20, workdays=False)


def lead_of(**fields) -> Lead:
    """Return a lead, registered on 1 June 2025 and owned since, that is nowhere stored."""
    registered = fields.pop("registered_on", date(2025, 6, 1))
    days = {"stage": "NEW", "owned_on": registered, "stage_since": registered}
    return Lead(registered_at=start_of(registered), **days | fields)


def clocks(lead: Lead, on: date = ON, terms: Terms = TERMS) -> dict[str, tuple]:
    return {
        clock.name: (clock.due, str(clock.state), clock.days_late)
        for clock in lead.clocks(on, terms)
    }


def june(day: int) -> date:
    return date(2025, 6, day)


def test_a_new_lead_is_due_after_1_3_7_14_and_45_days():
    assert clocks(lead_of(), june(1)) == {
        "respond": (june(2), "RUNNING", 0),
        "screen": (june(4), "RUNNING", 0),
        "feed_back": (june(8), "RUNNING", 0),
        "reporting": (june(15), "RUNNING", 0),
        "stale": (date(2025, 7, 16), "RUNNING", 0),
    }


def test_a_clock_is_overdue_the_day_after():
    assert clocks(lead_of(), june(2))["respond"] == (june(2), "RUNNING", 0)
    assert clocks(lead_of(), june(3))["respond"] == (june(2), "OVERDUE", 1)
    assert clocks(lead_of(), june(30))["respond"] == (june(2), "OVERDUE", 28)


def test_what_was_met_in_time_or_late_stays_so():
    met = lead_of(first_contact_on=june(2), screened_on=june(9), fed_back_on=june(8))
    assert clocks(met)["respond"] == (june(2), "MET", 0)
    assert clocks(met)["screen"] == (june(4), "MET_LATE", 5)
    assert clocks(met)["feed_back"] == (june(8), "MET", 0)


def test_reporting_runs_from_the_last_contact_or_from_the_day_one_owns_it():
    assert clocks(lead_of(last_contact_on=june(20)))["reporting"][0] == date(2025, 7, 4)
    handed = lead_of(last_contact_on=june(2), owned_on=june(25))
    assert clocks(handed)["reporting"] == (date(2025, 7, 9), "RUNNING", 0)


@pytest.mark.parametrize(
    ("stage", "days"), [("NEW", 45), ("SCREENED", 45), ("NEGOTIATING", 30), ("AGREEING", 20)]
)
def test_a_stage_grows_stale_after_45_30_and_20_days(stage, days):
    lead = lead_of(stage=stage, stage_since=june(1))
    assert clocks(lead)["stale"][0] == june(1) + timedelta(days)


def test_a_lead_of_the_pool_asks_nobody_to_report():
    assert {"reporting", "stale"} & clocks(lead_of(owned_on=None)).keys() == set()


def test_a_closed_lead_has_the_clocks_it_met():
    assert clocks(lead_of(stage="LOST", first_contact_on=june(2))).keys() == {"respond"}


def test_workdays_skip_holidays_and_count_shifted_days():
    """2025-10-01 to 10-08 are holidays, Sunday 2025-09-28 and Saturday 10-11 are worked."""
    terms = Terms(1, 3, 7, 14, 45, 30, 20, workdays=True)
    lead = lead_of(registered_on=date(2025, 9, 27))
    found = clocks(lead, date(2025, 9, 27), terms)
    assert found["respond"][0] == date(2025, 9, 28)
    assert found["screen"][0] == date(2025, 9, 30)
    assert found["feed_back"][0] == date(2025, 10, 13)


@pytest.mark.django_db
def test_the_office_sets_the_days():
    setting("RESPOND_DAYS", 2)
    setting("STALE_AGREEING_DAYS", 5)
    setting("COUNT_WORKDAYS", 1)
    assert Terms.read() == Terms(2, 3, 7, 14, 45, 30, 5, workdays=True)


@pytest.mark.django_db
@pytest.mark.parametrize("workdays", [False, True])
def test_the_database_finds_the_same_clocks_overdue(chain, specialist, workdays):
    setting("COUNT_WORKDAYS", int(workdays))
    met = (None, june(3), june(16), june(29))
    for stage, owned, day in product(
        ("NEW", "NEGOTIATING", "AGREEING", "LOST"), (1, 16, None), met
    ):
        lead = factories.make_lead(chain=chain, owner=specialist if owned else None, stage=stage)
        put(
            lead,
            registered_at=start_of(june(1)) + timedelta(hours=20),
            owned_on=owned and june(owned),
            stage_since=june(owned or 1),
            first_contact_on=day,
            last_contact_on=day,
            screened_on=day,
            fed_back_on=day,
        )
    for on in (june(2), june(3), june(5), june(9), june(17), date(2025, 7, 20), date(2026, 10, 9)):
        expected = {
            lead.pk: number
            for lead in Lead.objects.all()
            if (number := sum(clock.state == "OVERDUE" for clock in lead.clocks(on)))
        }
        found = dict(Lead.objects.overdue_clocks(on).values_list("pk", "overdue"))
        assert found == expected, on


@pytest.mark.django_db
def test_who_is_behind_is_told_by_one_query(chain, specialist, other_specialist):
    long_ago = start_of(days(-10))
    for person, number in ((specialist, 1), (other_specialist, 3)):
        for _ in range(number):
            lead = factories.make_lead(owner=person, chain=chain, owned_on=days(-10))
            put(lead, registered_at=long_ago, first_contact_on=days(-9), last_contact_on=days(-9))
    leader = factories.make_user("chain_leader", chain)
    leader.has_perm("crm.view_lead")
    Terms.read()
    with CaptureQueriesContext(connection) as seen:
        rows = list(Lead.objects.visible_to(leader).behind())
    assert [(row["owner"], row["leads"], row["clocks"]) for row in rows] == [
        (other_specialist.pk, 3, 6),  # screen, feed back
        (specialist.pk, 1, 2),
    ]
    assert sum("crm_lead" in query["sql"] for query in seen) == 1


# The days that the clocks stand on


@pytest.mark.django_db
def test_follow_ups_and_visits_set_the_days_of_contact(specialist, chain):
    lead = factories.make_lead(owner=specialist, chain=chain)
    for number in (-3, -9, -5):
        factories.make_follow_up(lead=lead, by=specialist, happened_on=days(number))
    visit = factories.make(Visit, lead=lead, happened_on=days(-1))
    lead.refresh_from_db()
    assert (lead.first_contact_on, lead.last_contact_on) == (days(-9), days(-1))
    visit.happened_on = days(-20)
    visit.save()
    lead.refresh_from_db()
    assert (lead.first_contact_on, lead.last_contact_on) == (days(-20), days(-3))
    visit.delete()
    lead.refresh_from_db()
    assert (lead.first_contact_on, lead.last_contact_on) == (days(-9), days(-3))


@pytest.mark.django_db
@pytest.mark.parametrize("minutes", [-1, 0, 1])
@pytest.mark.parametrize("day", [-1, 0, 1])
def test_the_first_follow_up_is_one_entered_since_the_lead_was_given(
    specialist, office, chain, day, minutes
):
    """The morning's contact stops no clock of whom the lead is given at noon."""
    lead = factories.make_lead(chain=chain)
    lead.assign(by=office, to=specialist, reason="分办")
    said = factories.make_follow_up(lead=lead, by=specialist)
    given = said.created_at - timedelta(minutes=minutes)
    happened = local_date(given) + timedelta(days=day)
    FollowUp.objects.filter(pk=said.pk).update(happened_on=happened)
    put(lead, untouched_since=given)
    Lead.objects.refresh_contacts({lead.pk})
    is_first = (happened, said.created_at) >= (local_date(given), given)
    assert Lead.objects.untouched().exists() == (not is_first)


@pytest.mark.django_db
def test_a_visit_moved_to_another_lead_counts_there_alone(specialist, chain):
    first, second = (factories.make_lead(owner=specialist, chain=chain) for _ in range(2))
    visit = factories.make(Visit, lead=first, happened_on=today())
    visit.lead = second
    visit.save()
    assert [Lead.objects.get(pk=lead.pk).last_contact_on for lead in (first, second)] == [
        None,
        today(),
    ]


@pytest.mark.django_db
def test_the_first_contact_after_screening_is_the_feedback(specialist, chain):
    lead = factories.make_lead(owner=specialist, chain=chain)
    factories.make_follow_up(lead=lead, by=specialist, happened_on=days(-4))
    factories.make_screening(lead=lead)
    lead.advance(by=specialist, on=days(-3))
    lead.refresh_from_db()
    assert (lead.screened_on, lead.fed_back_on) == (days(-3), None)
    factories.make_follow_up(lead=lead, by=specialist, happened_on=days(-1))
    lead.refresh_from_db()
    assert lead.fed_back_on == days(-1)


@pytest.mark.django_db
def test_an_end_answers_screening_and_feedback(specialist, chain):
    lead = factories.make_lead(owner=specialist, chain=chain)
    lead.close(by=specialist, to="INVALID", lost_reason="WRONG_DATA", reason="查无此企业")
    lead.refresh_from_db()
    assert (lead.screened_on, lead.fed_back_on) == (today(), today())


@pytest.mark.django_db
def test_lists_show_what_is_overdue(as_user, specialist, other_specialist, chain):
    mine, theirs, fresh = (
        factories.make_lead(owner=person, chain=chain, title=title)
        for person, title in (
            (specialist, "我的"),
            (other_specialist, "别人的"),
            (specialist, "新"),
        )
    )
    for lead in (mine, theirs):
        put(lead, registered_at=start_of(days(-2)))
    address = reverse("admin:crm_lead_changelist")

    def titles(person, query):
        cl = as_user(person).get(address + query).context["cl"]
        return {lead.title for lead in cl.result_list}

    leader = factories.make_user("chain_leader", chain)
    assert titles(specialist, "?whose=behind") == {"我的"}
    assert titles(leader, "?whose=behind") == {"我的", "别人的"}
    assert titles(leader, "?clock=respond") == {"我的", "别人的"}
    assert titles(leader, "?clock=screen") == set()
    page = as_user(specialist).get(reverse("admin:crm_lead_change", args=[mine.pk])).text
    assert "超期 1 天" in page
