"""One action for many rows: the questions once, each row by its own rules, told row by row."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Lead
from tests import factories
from tests.racing import at_once
from zone.calendar import today
from zone.models import AuditEntry, SentForm, ZoneSetting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_screening")]
LEADS = reverse("admin:crm_lead_changelist")


def chosen(client, action: str, leads, query: str = "", **more):
    """Choose rows in the list and pick the action, as a browser does."""
    data = {"action": f"many_{action}", "_selected_action": [str(lead.pk) for lead in leads]}
    return client.post(LEADS + query, data | {"index": 0, "select_across": 0} | more)


def carried_out(client, action: str, leads, **answers):
    page = chosen(client, action, leads)
    address = reverse(f"admin:crm_lead_{action}_many")
    return client.post(address, page.context["hidden"] | answers, follow=True)


def made(number: int, **fields) -> list[Lead]:
    return [factories.make_lead(title=f"线索{n}", **fields) for n in range(number)]


def test_what_may_be_done_is_done_and_of_the_rest_one_is_told_why(as_user, office, specialist):
    owned, [closed] = made(3, owner=specialist), made(1, owner=specialist)
    closed.close(by=office, to="LOST", reason="测试")
    page = carried_out(as_user(office), "release", [*owned, closed], reason="重新分配")
    assert {lead.owner for lead in Lead.objects.filter(pk__in=[x.pk for x in owned])} == {None}
    assert (page.context["done"], len(page.context["refused"])) == (3, 1)
    refused = page.context["refused"][0]
    assert refused["name"] == closed.title
    assert reverse("admin:crm_lead_record", args=[closed.pk]) in page.text
    history = owned[0].owner_changes.get()
    assert (history.by, history.reason) == (office, "重新分配")


def test_each_goes_to_its_own_next_stage(as_user, specialist, chain):
    new, screened = made(2, owner=specialist, chain=chain)
    screened.advance(by=specialist)
    carried_out(as_user(specialist), "advance", [new, screened], to="", on=str(today()))
    assert [Lead.objects.get(pk=lead.pk).stage for lead in (new, screened)] == [
        "SCREENED",
        "NEGOTIATING",
    ]


def test_a_skip_without_a_reason_is_refused_row_by_row(as_user, specialist, chain):
    new, screened = made(2, owner=specialist, chain=chain)
    screened.advance(by=specialist)
    page = carried_out(
        as_user(specialist), "advance", [new, screened], to="NEGOTIATING", on=str(today())
    )
    assert [Lead.objects.get(pk=lead.pk).stage for lead in (new, screened)] == [
        "NEW",
        "NEGOTIATING",
    ]
    assert "跳过或退回阶段须填写原因" in page.context["refused"][0]["why"]


def test_a_date_is_set_for_all_and_stands_in_the_trail(as_user, specialist, chain):
    leads, day = made(2, owner=specialist, chain=chain), today() + timedelta(5)
    carried_out(as_user(specialist), "reschedule", leads, next_on=str(day))
    assert {lead.next_follow_up_on for lead in Lead.objects.all()} == {day}
    lines = AuditEntry.objects.of(leads[0]).filter(action="CHANGED")
    assert lines.get().changes == {"next_follow_up_on": ["", str(day)]}


def test_a_colleague_s_rows_cannot_be_slipped_in(as_user, specialist, other_specialist, chain):
    [mine] = made(1, owner=specialist, chain=chain)
    theirs = factories.make_lead(owner=other_specialist, chain=chain)
    client = as_user(specialist)
    page = chosen(client, "release", [mine])
    data = page.context["hidden"] | {"chosen": f"{mine.pk},{theirs.pk}", "reason": "测试"}
    page = client.post(reverse("admin:crm_lead_release_many"), data, follow=True)
    assert (page.context["done"], page.context["gone"]) == (1, 1)
    assert Lead.objects.get(pk=theirs.pk).owner == other_specialist
    assert theirs.title not in page.text


def test_an_action_is_offered_to_those_who_may_and_refused_to_others(as_user, leader, specialist):
    [lead] = made(1)
    assert "many_" not in as_user(leader).get(LEADS).text
    offered = set(re.findall(r'value="many_(\w+)"', as_user(specialist).get(LEADS).text))
    assert offered == {"advance", "release", "reschedule"}
    address = reverse("admin:crm_lead_assign_many")
    assert as_user(specialist).post(address, {"chosen": str(lead.pk)}).status_code == 403


def test_more_than_the_office_allows_is_not_begun(as_user, office, specialist):
    ZoneSetting.objects.create(key="ROWS_AT_ONCE", value=2)
    leads = made(3, owner=specialist)
    client = as_user(office)
    answer = chosen(client, "release", leads[:1], select_across=1)
    assert answer.status_code == 302
    assert "一次最多 2 条" in client.get(LEADS).text
    data = {"chosen": ",".join(str(lead.pk) for lead in leads), "reason": "测试"}
    client.post(reverse("admin:crm_lead_release_many"), data)
    assert Lead.objects.filter(owner=specialist).count() == 3


def test_all_of_a_filtered_list_are_chosen_at_once(as_user, office, specialist, other_specialist):
    made(2, owner=specialist)
    [other] = made(1, owner=other_specialist)
    page = chosen(
        as_user(office),
        "release",
        [other],
        query=f"?owner__id__exact={specialist.pk}",
        select_across=1,
    )
    assert len(page.context["hidden"]["chosen"].split(",")) == 2
    assert f"owner__id__exact={specialist.pk}" in page.context["back"]


def test_an_answer_that_lacks_something_is_asked_again_with_the_rows_kept(as_user, office):
    leads = made(2, owner=factories.make_specialist())
    page = carried_out(as_user(office), "release", leads, reason="")
    assert page.context["form"].errors["reason"]
    kept = page.context["hidden"]["chosen"].split(",")
    assert set(kept) == {str(lead.pk) for lead in leads}
    assert SentForm.objects.count() == 0


def test_the_outcome_is_shown_to_nobody_else(as_user, office, colleague):
    page = carried_out(
        as_user(office), "release", made(1, owner=factories.make_specialist()), reason="测试"
    )
    address = page.redirect_chain[-1][0]
    assert as_user(office).get(address).status_code == 200
    assert as_user(colleague).get(address).status_code == 404


@pytest.mark.parametrize("keys", ["", "x", "1,2", "00000000-0000-0000-0000-000000000000,x"])
def test_what_names_no_rows_leads_back_to_the_list(as_user, office, keys):
    address = reverse("admin:crm_lead_release_many")
    assert as_user(office).post(address, {"chosen": keys, "reason": "x"})["Location"] == LEADS
    assert as_user(office).get(address)["Location"] == LEADS


def test_no_row_costs_more_than_fifteen_statements(as_user, office, specialist):
    asked = {}
    for number in (1, 30):
        leads = made(number, owner=specialist)
        with CaptureQueriesContext(connection) as seen:
            carried_out(as_user(office), "release", leads, reason="测试")
        asked[number] = len(seen)
    assert (asked[30] - asked[1]) / 29 <= 15  # three of them tell the owner and the leaders


@pytest.mark.django_db(transaction=True)
def test_two_taps_do_it_once_and_show_the_same_outcome(office, specialist):
    client = Client()
    client.force_login(office)
    leads = made(5, owner=specialist)
    data = chosen(client, "release", leads).context["hidden"] | {"reason": "测试"}
    session = client.cookies

    def tap(n):
        own = Client()
        own.cookies = session
        return own.post(reverse("admin:crm_lead_release_many"), data)["Location"]

    assert len(set(at_once(2, tap))) == 1
    assert [lead.owner_changes.count() for lead in leads] == [1] * 5


@pytest.mark.django_db(transaction=True)
def test_two_who_take_the_same_rows_share_them_out(office, colleague, specialist):
    leads = made(20, owner=specialist)
    clients = [Client(), Client()]
    for client, user in zip(clients, (office, colleague), strict=True):
        client.force_login(user)
    pages = [chosen(client, "release", leads).context["hidden"] for client in clients]

    def release(n):
        address = reverse("admin:crm_lead_release_many")
        return clients[n].post(address, pages[n] | {"reason": "测试"}).status_code

    assert at_once(2, release) == [302, 302]
    outcomes = list(SentForm.objects.values_list("outcome", flat=True))
    assert sum(one["done"] for one in outcomes) == 20
    assert sum(len(one["refused"]) for one in outcomes) == 20
    assert Lead.objects.pool().count() == 20
