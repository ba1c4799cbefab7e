"""The lists that are worked off: what is due, in the order of its urgency, and whose it is."""

from datetime import timedelta

import pytest
from django.urls import reverse

from crm.models import Lead
from tests import factories
from zone.calendar import today

pytestmark = pytest.mark.django_db
LEADS = reverse("admin:crm_lead_changelist")
DAYS = {"前天": -2, "昨天": -1, "今天": 0, "明天": 1, "下周": 7, "下月": 30}


@pytest.fixture
def leads(specialist, chain):
    """Leads of one specialist, the most urgent registered last."""
    for title, days in reversed(DAYS.items()):
        lead = factories.make_lead(owner=specialist, chain=chain, title=title)
        Lead.objects.filter(pk=lead.pk).update(next_follow_up_on=today() + timedelta(days))
    factories.make_lead(owner=specialist, chain=chain, title="未定")
    Lead.objects.filter(title="未定").update(next_follow_up_on=None)


def titles(client, query: str) -> list[str]:
    return [lead.title for lead in client.get(LEADS + query).context["cl"].result_list]


def test_what_is_due_begins_with_what_waits_longest(as_user, specialist, leads):
    assert titles(as_user(specialist), "?whose=due") == ["前天", "昨天", "今天"]


@pytest.mark.parametrize("role", ["office", "leadership", "chain_leader"])
def test_who_looks_after_others_sees_what_is_due_to_them(as_user, chain, leads, role):
    assert titles(as_user(factories.make_user(role, chain=chain)), "?whose=due") == [
        "前天",
        "昨天",
        "今天",
    ]


def test_a_colleague_s_are_not_one_s_own(as_user, other_specialist, leads):
    assert titles(as_user(other_specialist), "?whose=due") == []


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ("overdue", ["前天", "昨天"]),
        ("today", ["今天"]),
        ("week", ["明天", "下周"]),
        ("later", ["下月"]),
        ("none", ["未定"]),
        ("x", ["前天", "昨天", "今天", "明天", "下周", "下月", "未定"]),
    ],
)
def test_open_leads_are_found_by_their_next_date(as_user, office, leads, chosen, found):
    assert titles(as_user(office), f"?next={chosen}") == found


def test_leads_are_found_by_owner_and_by_amount(as_user, office, specialist, leads):
    factories.make_lead(title="另一位", planned_investment_wan=150_000)
    client = as_user(office)
    assert len(titles(client, f"?owner__id__exact={specialist.pk}")) == len(DAYS) + 1
    assert titles(client, "?amount=xl") == ["另一位"]
    bands = [titles(client, f"?amount={band}") for band in ("s", "m", "l", "xl")]
    assert sum(map(len, bands)) == Lead.objects.count()


def test_overdue_is_marked(as_user, office, leads):
    page = as_user(office).get(LEADS).text
    assert page.count('class="zone-overdue"') == 2
