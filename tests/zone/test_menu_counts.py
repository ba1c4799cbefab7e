"""The numbers of the menu are those of the rows that its entries open, for every role."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Lead
from tests import factories
from tests.crm.test_pool import put
from zone.access.roles import ROLES
from zone.calendar import today
from zone.navigation import entries

pytestmark = pytest.mark.django_db
COUNTS = reverse("menu_counts")


def counted() -> list:
    return [entry for listed in entries().values() for entry in listed if entry.menu.counted]


def opened(client, link: str) -> int:
    """Return how many rows a link leads to: of a list, or of the open parts of one's day."""
    page = client.get(link)
    if cl := page.context.get("cl"):
        return cl.result_count
    return sum(section.count for section in page.context["sections"] if section.is_open)


@pytest.fixture
def work(chain, specialist, other_specialist, office):
    """Leads of two chains, two owners and the pool; sheets, transfers, claims that wait."""
    far = factories.make_chain("electronics")
    for place, owner in (
        (chain, specialist),
        (chain, other_specialist),
        (far, None),
        (chain, None),
    ):
        for days in (-3, 0, 2, None):
            lead = factories.make_lead(chain=place, owner=owner)
            put(
                lead,
                next_follow_up_on=None if days is None else today() + timedelta(days=days),
                protected_until=owner and today() + timedelta(days=5),
            )
        factories.make_screening(result="", lead=lead)
        factories.make_conflict(lead=lead)
    factories.make_transfer(lead=lead, to_owner=specialist)
    factories.make_transfer(to_chain=far)


@pytest.mark.parametrize("role", ["mine", *ROLES])
def test_each_number_is_that_of_the_rows_its_link_opens(as_user, chain, specialist, work, role):
    where = {"chain": chain} if role in ("specialist", "chain_leader") else {}
    user = specialist if role == "mine" else factories.make_user(role, **where)
    client = as_user(user)
    found = client.get(COUNTS).json()
    mine = [entry for entry in counted() if user.has_perm(entry.permission)]
    assert found.keys() <= {entry.link for entry in mine}
    expected = {entry.link: number for entry in mine if (number := opened(client, entry.link))}
    assert found == {link: str(number) for link, number in expected.items()}


def test_beyond_99_it_says_so(as_user, office, specialist, chain):
    lead = factories.make_lead(chain=chain, owner=specialist)
    put(lead, next_follow_up_on=today())
    rows = [factories.build(Lead, chain=chain, enterprise=lead.enterprise) for _ in range(99)]
    for row in rows:
        row.owner, row.next_follow_up_on = specialist, today()
    due = reverse("admin:crm_lead_changelist") + "?whose=due"
    Lead.objects.bulk_create(rows[:98])
    assert as_user(office).get(COUNTS).json()[due] == "99"
    Lead.objects.bulk_create(rows[98:])
    assert as_user(office).get(COUNTS).json()[due] == "99+"


def test_all_are_counted_by_one_query_and_no_page_waits_for_it(as_user, office, work):
    client = as_user(office)
    client.get(COUNTS)
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(COUNTS)
    assert sum("UNION ALL" in query["sql"] for query in seen) == 1
    assert answer["Cache-Control"] == "private, max-age=30"
    with CaptureQueriesContext(connection) as seen:
        page = client.get(reverse("admin:crm_enterprise_changelist")).text
    assert not any("UNION ALL" in query["sql"] for query in seen)
    assert page.count(" data-counted") == len(counted())
    auditor = as_user(factories.make_user("auditor"))
    assert "data-counted" not in auditor.get(reverse("admin:index"), follow=True).text
    with CaptureQueriesContext(connection) as seen:
        assert auditor.get(COUNTS).json() == {}
    assert not any("crm_lead" in query["sql"] for query in seen)
