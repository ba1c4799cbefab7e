"""The board: what stands in each column, and what a card may do."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Lead
from crm.pages import board
from tests import factories
from tests.racing import at_once
from zone.calendar import today
from zone.models import Appointment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_screening")]
BOARD, MOVE, MORE = (reverse(name) for name in ("board", "board_move", "board_cards"))


def columns(client, query: str = "") -> dict:
    """Return {stage: (count, amount in 万元, titles of the cards)}."""
    found = client.get(BOARD + query).context["columns"]
    return {c.stage: (c.count, c.amount_wan, [lead.title for lead in c.cards]) for c in found}


def moved(client, lead, to: str, **more):
    data = {"lead": lead.pk, "from": lead.stage, "to": to}
    return client.post(MOVE, data | more)


@pytest.fixture
def lead(specialist, chain):
    return factories.make_lead(title="正极材料", owner=specialist, chain=chain)


def test_a_column_counts_and_sums_all_its_leads_and_shows_the_first(as_user, office, monkeypatch):
    monkeypatch.setattr(board, "CARDS", 2)
    for n in range(5):
        day = None if n == 4 else today() + timedelta(3 - n)
        factories.make_lead(title=f"线索{n}", planned_investment_wan=n + 1, next_follow_up_on=day)
    client = as_user(office)
    assert columns(client)["NEW"] == (5, 15, ["线索3", "线索2"])
    rest = [client.get(f"{MORE}?stage=NEW&offset={offset}") for offset in (2, 4, 6)]
    shown = [[lead.title for lead in page.context["cards"]] for page in rest]
    assert shown == [["线索1", "线索0"], ["线索4"], []]


def test_nobody_sees_or_counts_what_is_out_of_reach(as_user, specialist, lead, chain):
    other = factories.make_chain("electronics")
    factories.make_lead(chain=other)
    factories.make_lead(chain=chain, owner=factories.make_specialist(chain))
    factories.make_lead(title="公海", chain=chain)
    client = as_user(specialist)
    assert columns(client)["NEW"][2] == ["正极材料"]
    assert columns(client, "?whose=all")["NEW"][0] == 2
    assert columns(client, "?whose=pool")["NEW"][2] == ["公海"]


def test_who_may_view_no_leads_sees_no_board(as_user):
    client = as_user(factories.make_user("auditor"))
    assert client.get(BOARD).status_code == client.get(MORE).status_code == 403
    assert client.post(MOVE).status_code == 403


def test_it_is_narrowed_by_chain_owner_and_amount(as_user, office, specialist, lead):
    factories.make_lead(planned_investment_wan=200_000, chain=factories.make_chain("equipment"))
    client = as_user(office)
    for query in (f"chain={lead.chain_id}", f"owner={specialist.pk}", "amount=l"):
        assert columns(client, f"?{query}")["NEW"][2] == ["正极材料"]
    for query in ("chain=x", "owner=\0", "amount=%00", "whose=x"):
        assert columns(client, f"?{query}")["NEW"][0] == 2


def test_the_last_column_holds_what_was_signed_this_year(as_user, office, specialist, chain):
    for title, back in (("今年", 0), ("去年", 400)):
        one = factories.make_lead(title=title, owner=specialist, chain=chain)
        Lead.objects.filter(pk=one.pk).update(stage="SIGNED")
        one.stage_changes.create(
            from_stage="AGREEING", to_stage="SIGNED", by=office, on=today() - timedelta(back)
        )
    assert columns(as_user(office))["SIGNED"] == (1, 10_000, ["今年"])


def test_a_move_advances_the_lead_and_tells_the_new_sums(as_user, specialist, lead):
    answer = moved(as_user(specialist), lead, "SCREENED")
    assert answer.status_code == 200
    found = answer.json()["columns"]
    assert (found["NEW"]["count"], found["SCREENED"]) == (0, {"count": 1, "amount": "1.00 亿元"})
    assert "正极材料" in answer.json()["card"]
    change = lead.stage_changes.get()
    assert (change.from_stage, change.to_stage, change.by) == ("NEW", "SCREENED", specialist)


def test_a_skip_or_a_way_back_needs_a_reason(as_user, specialist, lead):
    client = as_user(specialist)
    assert moved(client, lead, "AGREEING").status_code == 409
    assert moved(client, lead, "AGREEING", reason="投资方已带方案").status_code == 200
    lead.refresh_from_db()
    assert moved(client, lead, "NEW").status_code == 409
    assert moved(client, lead, "NEW", reason="方案作废").status_code == 200
    assert [change.reason for change in lead.stage_changes.order_by("at")] == [
        "投资方已带方案",
        "方案作废",
    ]


@pytest.mark.parametrize("to", ["SIGNED", "LOST", "NEW", "x", ""])
def test_a_card_goes_to_open_stages_only(as_user, specialist, lead, to):
    if to == "":
        assert moved(as_user(specialist), lead, to).status_code == 200  # the next one
        return
    assert moved(as_user(specialist), lead, to, reason="测试").status_code == 409
    lead.refresh_from_db()
    assert lead.stage == "NEW"


def test_a_refusal_says_why_and_leads_to_the_lead(as_user, specialist, lead, monkeypatch):
    monkeypatch.setattr(Lead, "missing_for", lambda lead, stage: ["请先完成研判。"])
    answer = moved(as_user(specialist), lead, "SCREENED")
    link = reverse("admin:crm_lead_record", args=[lead.pk])
    assert (answer.status_code, answer.json()) == (
        409,
        {"message": "请先完成研判。", "link": link, "name": "正极材料"},
    )


def test_a_lead_of_others_is_not_moved_and_one_out_of_reach_is_not_there(as_user, chain, lead):
    leader = factories.make_user("leadership")
    assert moved(as_user(leader), lead, "SCREENED").status_code == 409
    stranger = factories.make_specialist(factories.make_chain("electronics"))
    assert moved(as_user(stranger), lead, "SCREENED").status_code == 404
    assert as_user(stranger).post(MOVE, {"lead": "x"}).status_code == 404
    assert lead.stage_changes.count() == 0


def test_a_card_that_stands_elsewhere_by_now_says_who_moved_it(as_user, office, lead):
    Lead.objects.get(pk=lead.pk).advance(by=lead.owner)
    answer = moved(as_user(office), lead, "SCREENED")
    assert answer.status_code == 409
    assert "专员甲" in answer.json()["message"]


def test_without_the_page_s_token_nothing_is_moved(specialist, lead):
    client = Client(enforce_csrf_checks=True)
    client.force_login(specialist)
    assert moved(client, lead, "SCREENED").status_code == 403


@pytest.mark.parametrize("role", ["office", "chain_leader", "specialist"])
def test_the_board_takes_as_many_queries_for_30_leads_as_for_one(as_user, chain, role):
    user = factories.make_user(role, chain=chain)
    client = as_user(user)
    client.get(BOARD)
    asked = []
    for number in (1, 30):
        for n in range(number):
            made = factories.make_lead(chain=chain, owner=user)
            if n % 2:
                made.advance(by=user)
        with CaptureQueriesContext(connection) as seen:
            client.get(BOARD)
        asked.append(len(seen))
    assert asked[0] == asked[1] <= 12, [query["sql"][:90] for query in seen]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_move_a_card_at_once_one_is_told_who_did(office, specialist, lead):
    assert Appointment.objects.count() == 2
    clients = [Client(), Client()]
    for client, user in zip(clients, (office, specialist), strict=True):
        client.force_login(user)
    answers = at_once(2, lambda n: moved(clients[n], lead, "SCREENED"))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    [loser] = [answer for answer in answers if answer.status_code == 409]
    assert lead.stage_changes.get().by.display_name in loser.json()["message"]
