"""我的一天: what is due stands where it belongs, and a line is acted on and taken back in place."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.daily import contacted, put_off, take_back, usual_next
from crm.models import FollowUp, Lead
from tests import factories
from zone.calendar import today

pytestmark = pytest.mark.django_db
PAGE, ACT, UNDO = (reverse(name) for name in ("my_day", "my_day_act", "my_day_undo"))
DAY = timedelta(days=1)


@pytest.fixture
def lead(specialist, chain) -> Lead:
    return factories.make_lead(owner=specialist, chain=chain, next_follow_up_on=today() - 3 * DAY)


def counts(page) -> dict[str, int]:
    return {section.name: section.count for section in page.context["sections"]}


def ticket_of(page) -> str:
    return re.search(r'name="ticket" value="([^"]+)"', page.text)[1]


def test_each_lead_stands_where_its_next_date_puts_it(as_user, specialist, chain, lead):
    for days in (0, 7, 8):
        on = today() + days * DAY
        factories.make_lead(owner=specialist, chain=chain, next_follow_up_on=on)
    factories.make_lead(owner=specialist, chain=chain, protected_until=today() + 2 * DAY)
    factories.make_lead(owner=None, chain=chain)
    factories.make_lead(owner=factories.make_user("specialist"), next_follow_up_on=today())
    factories.make_lead(owner=specialist, stage="LOST", next_follow_up_on=today())
    page = as_user(specialist).get(PAGE)
    assert counts(page) == {
        "overdue": 1,
        "today": 1,
        "week": 1,
        "undated": 1,
        "untouched": 0,
        "ending": 1,
        "pool": 1,
    }


def test_each_section_leads_to_a_list_of_as_many(as_user, specialist, chain, lead):
    for days in (0, 7, 8):
        on = today() + days * DAY
        factories.make_lead(owner=specialist, chain=chain, next_follow_up_on=on)
    client = as_user(specialist)
    sections = client.get(PAGE).context["sections"]
    listed = {s.name: client.get(s.url).context["cl"].result_count for s in sections}
    assert listed == {section.name: section.count for section in sections}


def test_it_costs_the_same_at_1_and_at_30_leads(as_user, specialist, chain, lead):
    client = as_user(specialist)
    client.get(PAGE)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(PAGE)
        return len(queries)

    few = cost()
    for days in range(30):
        on = today() + (days % 9 - 4) * DAY
        factories.make_lead(owner=specialist, chain=chain, next_follow_up_on=on)
    assert cost() == few <= 16


def test_one_tap_says_contacted_and_another_takes_it_back(as_user, specialist, lead):
    client = as_user(specialist)
    before, protected = lead.next_follow_up_on, lead.protected_until
    data = {"lead": lead.pk, "act": "contacted", "version": lead.version}
    answer = client.post(ACT, data, headers={"HX-Request": "true"})
    lead.refresh_from_db()
    assert (lead.next_follow_up_on, lead.follow_ups.get().by) == (usual_next(), specialist)
    client.post(ACT, data)  # a second tap
    assert lead.follow_ups.count() == 1
    client.post(UNDO, {"lead": lead.pk, "ticket": ticket_of(answer)})
    lead.refresh_from_db()
    assert (lead.next_follow_up_on, lead.follow_ups.count()) == (before, 0)
    assert (lead.last_contact_on, lead.protected_until) == (None, protected)


def test_a_day_is_put_off_and_without_the_script_the_page_says_so(as_user, specialist, lead):
    client, to = as_user(specialist), today() + 5 * DAY
    page = client.post(ACT, {"lead": lead.pk, "to": to, "version": lead.version}, follow=True)
    lead.refresh_from_db()
    assert (lead.next_follow_up_on, f"{to:%m-%d}" in page.text) == (to, True)
    late = {"lead": lead.pk, "to": today() - DAY, "version": lead.version}
    refused = client.post(ACT, late, follow=True)
    lead.refresh_from_db()
    assert (lead.next_follow_up_on, "error" in refused.text) == (to, True)


def test_what_was_changed_since_is_not_taken_back(specialist, lead):
    ticket = put_off(lead, by=specialist, to=today() + DAY, version=lead.version)
    contacted(lead, by=specialist, version=lead.version)
    with pytest.raises(ValidationError, match="又有变更"):
        take_back(ticket, lead, by=specialist)
    assert FollowUp.objects.filter(lead=lead).count() == 1


def test_only_who_has_the_lead_in_hand_acts_on_it(as_user, specialist, chain, lead):
    other = as_user(factories.make_user("specialist", chain=chain))
    assert other.post(ACT, {"lead": lead.pk, "act": "contacted"}).status_code == 404
    reader = as_user(factories.make_user("leadership"))
    assert reader.post(ACT, {"lead": lead.pk, "act": "contacted"}).status_code == 403
    for key in ("", "x", "00000000-0000-0000-0000-000000000000"):
        assert as_user(specialist).post(ACT, {"lead": key}).status_code == 404


def test_a_leader_sees_who_is_behind_and_opens_just_their_leads(as_user, chain, specialist):
    leader = factories.make_user("chain_leader", chain=chain)
    late = factories.make_lead(owner=specialist, chain=chain)
    Lead.objects.filter(pk=late.pk).update(registered_at=late.registered_at - 40 * DAY)
    factories.make_lead(owner=factories.make_user("specialist"))
    client = as_user(leader)
    [person] = client.get(PAGE).context["people"]
    assert (person["owner"], person["leads"]) == (specialist.pk, 1)
    address = (
        f"{reverse('admin:crm_lead_changelist')}?whose=behind&owner__id__exact={specialist.pk}"
    )
    assert client.get(address).context["cl"].result_count == 1


def test_a_new_lead_is_proposed_what_one_enters_every_time(as_user, specialist, chain, lead):
    Lead.objects.update(source="EXHIBITION")
    initial = (
        as_user(specialist).get(reverse("admin:crm_lead_add")).context["adminform"].form.initial
    )
    assert (str(initial["chain"]), initial["source"]) == (str(chain.pk), "EXHIBITION")
    assert initial["next_follow_up_on"] == usual_next()


def test_what_waits_for_a_decision_leads_to_just_that(as_user, office, chain, lead):
    factories.make_screening(lead=lead, result="")
    factories.make_screening(lead=lead)
    [one] = as_user(office).get(PAGE).context["awaited"]
    assert one["count"] == as_user(office).get(one["url"]).context["cl"].result_count == 1
