"""The trail as it is read: each row's timeline, the auditor's list, the export."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import (
    make_chain,
    make_contact,
    make_enterprise,
    make_follow_up,
    make_lead,
    make_project,
    make_user,
)
from tests.trail import write
from zone.access.origin import Origin
from zone.calendar import today
from zone.models import AuditEntry

pytestmark = pytest.mark.django_db
LIST = "/admin/zone/auditentry/"
ACTION = AuditEntry.Action


@pytest.fixture
def auditor(client):
    user = make_user("auditor", display_name="审计甲")
    client.force_login(user)
    return user


def record(action=ACTION.CHANGED, **fields) -> AuditEntry:
    return AuditEntry.objects.record(action, **fields)


def page(client, row, name: str = "change", query: str = "") -> str:
    view = f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}"
    response = client.get(reverse(view, args=[row.pk]) + query)
    assert response.status_code == 200
    return response.text


def timeline(text: str) -> str:
    """Return the words of the timeline's part of a page."""
    return text[
        text.index('class="zone-trail"') : text.index("</section>", text.index("zone-trail"))
    ]


def test_a_rows_page_tells_its_story_in_names(as_user, office):
    lead = make_lead()
    chain = make_chain("electronics")
    record(
        by=office,
        of=lead,
        changes={
            "stage": ["NEW", "SCREENED"],
            "chain": ["新能源", str(chain)],
            "planned_investment_wan": ["10000.0000", "20000.0000"],
        },
        why="领导交办",
    )
    story = timeline(page(as_user(office), lead))
    for words in ("招商办", "领导交办", "电子信息", "研判通过", "新线索", "20,000", "10,000"):
        assert words in story, words
    assert "SCREENED" not in story
    assert str(chain.pk) not in story


def test_a_rows_page_in_english_tells_it_in_english(as_user, office, settings):
    lead = make_lead()
    record(by=office, of=lead, changes={"stage": ["NEW", "SCREENED"]})
    client = as_user(office)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    story = timeline(page(client, lead))
    assert "screened" in story
    assert "stage" in story


@pytest.mark.parametrize(("role", "seen"), [("office", False), (None, True)])
def test_the_address_is_for_those_who_watch(as_user, role, seen):
    user = make_user(role, is_superuser=False) if role else make_user(is_superuser=True)
    enterprise = make_enterprise()
    record(of=enterprise, origin=Origin("ADMIN", "203.0.113.9"))
    assert ("203.0.113.9" in page(as_user(user), enterprise)) == seen


def test_a_part_is_named_in_the_story_of_its_whole(as_user, office):
    follow_up = make_follow_up(lead=make_lead(), by=office, summary="谈到用地")
    AuditEntry.objects.record_made(follow_up, by=office)
    assert "谈到用地" in timeline(page(as_user(office), follow_up.lead))


def test_a_contact_is_no_part_of_the_story_that_more_people_read(as_user, office):
    contact = make_contact(name="王经理")
    AuditEntry.objects.record_made(contact, by=office)
    assert AuditEntry.objects.timeline(contact.enterprise).count() == 0
    assert "•••" in timeline(page(as_user(office), contact))


def test_the_page_shows_the_latest_ten_and_leads_to_all(as_user, office):
    lead = make_lead()
    for n in range(61):
        record(by=office, of=lead, why=f"第{n}次。")
    client = as_user(office)
    text = page(client, lead)
    assert (timeline(text).count("<li>"), "第60次。" in text, "第50次。" in text) == (
        10,
        True,
        False,
    )
    history = reverse("admin:crm_lead_history", args=[lead.pk])
    assert history in text
    first = page(client, lead, "history")
    assert timeline(first).count("<li>") == 50
    older = AuditEntry.objects.get(why="第11次。").pk
    assert f"?before={older}" in first
    second = page(client, lead, "history", f"?before={older}")
    assert timeline(second).count("<li>") == 11


@pytest.mark.parametrize("query", ["?before=x", "?before=99999999999999999999"])
def test_an_odd_place_in_the_history_is_the_beginning(as_user, office, query):
    lead = make_lead()
    record(of=lead, why="此行")
    assert "此行" in page(as_user(office), lead, "history", query)


def test_the_history_of_a_row_out_of_reach_is_not_found(as_user, specialist, other_specialist):
    lead = make_lead(owner=other_specialist)
    record(of=lead, why="别人的")
    url = reverse("admin:crm_lead_history", args=[lead.pk])
    assert as_user(specialist).get(url).status_code == 404


def test_a_removed_field_or_model_still_has_its_lines(as_user, office):
    lead = make_lead()
    record(of=lead, changes={"no_such_field": ["a", "b"], "protected_until": ["", "2025-01-01"]})
    assert "no_such_field" in timeline(page(as_user(office), lead))


def queries(client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


def test_a_timeline_asks_once_however_long_it_is(as_user, office):
    lead, client = make_lead(), as_user(office)
    change = reverse("admin:crm_lead_change", args=[lead.pk])
    history = reverse("admin:crm_lead_history", args=[lead.pk])
    record(by=office, of=lead, changes={"chain": ["a", "b"]})
    counts = [queries(client, url) for url in (change, history)]
    for _n in range(29):
        record(by=make_user(), of=lead, changes={"chain": ["a", "b"], "stage": ["NEW", "LOST"]})
    assert [queries(client, url) for url in (change, history)] == counts


def test_the_list_asks_the_same_at_1_and_at_30_lines(client, auditor):
    record(of=make_project(), by=auditor)
    one = queries(client, LIST)
    for _n in range(29):
        record(of=make_project(), by=make_user(), changes={"chain": ["a", "b"]})
    assert queries(client, LIST) == one <= 12


EVERY = {action.value for action in ACTION}
SEEN = {
    "auditor": EVERY,
    "security_admin": set(AuditEntry.SECURITY),
    "office": set(),
    "leadership": set(),
    "system_admin": set(),
    "specialist": set(),
}


@pytest.mark.parametrize("role", SEEN)
def test_each_role_sees_its_part_of_the_trail(client, role):
    for action in ACTION:
        record(action)
    user = make_user(role)
    seen = AuditEntry.objects.visible_to(user).values_list("action", flat=True)
    assert set(seen) == SEEN[role]
    client.force_login(user)
    assert client.get(LIST).status_code == (200 if SEEN[role] else 403)


def test_a_superuser_sees_all_of_it():
    record()
    assert AuditEntry.objects.visible_to(make_user(is_superuser=True)).count() == 1


def test_who_was_auditor_until_yesterday_sees_nothing():
    user = make_user("auditor")
    record()
    user.appointments.update(ends_on=today() - timedelta(days=1))
    assert not AuditEntry.objects.visible_to(user).exists()


def test_a_security_admin_opens_no_line_beyond_his_part(as_user):
    client = as_user(make_user("security_admin"))
    hidden, seen = record(of=make_lead(title="机密线索")), record(ACTION.LOGIN)
    for entry, status in ((hidden, 302), (seen, 200)):
        url = reverse("admin:zone_auditentry_change", args=[entry.pk])
        assert client.get(url).status_code == status
    assert "机密线索" not in client.get(LIST).text
    assert "机密线索" not in client.post(f"{LIST}export/").text


@pytest.mark.parametrize("who", ["auditor", "superuser"])
def test_nobody_changes_the_trail_in_the_admin(client, who):
    user = make_user("auditor") if who == "auditor" else make_user(is_superuser=True)
    client.force_login(user)
    entry = record(why="原样")
    change = reverse("admin:zone_auditentry_change", args=[entry.pk])
    delete = reverse("admin:zone_auditentry_delete", args=[entry.pk])
    assert client.get(change).status_code == 200
    assert client.post(change, {"why": "改了"}).status_code == 403
    assert client.post(delete, {"post": "yes"}).status_code == 403
    assert client.get(reverse("admin:zone_auditentry_add")).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"}
    client.post(LIST, data)
    entry.refresh_from_db()
    assert entry.why == "原样"


def found(client, query: str) -> set:
    response = client.get(LIST + query)
    assert response.status_code == 200, query
    return set(response.context["cl"].result_list)


def test_the_list_is_filtered_and_searched(client, auditor):
    person, lead = make_user(display_name="张丰收"), make_lead(title="年产正极材料")
    mine = record(by=auditor)
    theirs = record(ACTION.LOGIN, by=person, origin=Origin("API", "203.0.113.9"))
    of_lead = record(of=lead)
    old = write(days_ago=3)[0]
    day, before = today().isoformat(), (today() - timedelta(days=3)).isoformat()
    for query, expected in {
        "?action__exact=LOGIN": {theirs},
        "?door__exact=API": {theirs},
        f"?person={person.pk}": {theirs},
        "?kind=crm.lead": {of_lead},
        f"?kind=crm.lead&object_id={lead.pk}": {of_lead},
        f"?at_from={before}&at_to={before}": {old},
        f"?at_from={day}&at_to={day}": {mine, theirs, of_lead},
        "?q=正极": {of_lead},
        "?q=丰收": {theirs},
        "?q=203.0.113.9": {theirs},
        "?q=203.0.113.8": set(),
    }.items():
        assert found(client, query) == expected, query


@pytest.mark.parametrize("query", ["?at_from=2025-99-99", "?person=x", "?kind=x&object_id=x"])
def test_an_odd_filter_is_no_error(client, auditor, query):
    assert client.get(LIST + query).status_code in (200, 302)
    assert client.post(f"{LIST}export/{query}").status_code in (200, 302)


def test_a_lines_own_page_shows_all_of_it(client, auditor):
    lead = make_lead(title="年产正极材料")
    entry = record(by=auditor, of=lead, changes={"stage": ["NEW", "LOST"]}, why="理由", wert="附注")
    text = page(client, entry)
    for words in ("年产正极材料", "理由", "附注", "审计甲", "流失", str(lead.pk)):
        assert words in text, words
    history = reverse("admin:zone_auditentry_history", args=[entry.pk])
    assert (history in text, client.get(history).status_code) == (False, 404)


def exported(client, query: str = "") -> list[list[str]]:
    response = client.post(f"{LIST}export/{query}")
    assert response.status_code == 200
    assert response["Content-Disposition"].startswith("attachment")
    text = response.content.decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.reader(StringIO(text.removeprefix("\ufeff"))))


def test_an_export_holds_the_filtered_list_and_is_recorded(client, auditor):
    record(ACTION.LOGIN)
    record(ACTION.LOGOUT, by=auditor, why="下班")
    rows = exported(client, "?action__exact=LOGOUT&q=")
    assert (len(rows), rows[1][2], rows[1][7]) == (2, auditor.name_and_account, "下班")
    line = AuditEntry.objects.get(action="EXPORTED")
    assert (line.by, line.detail["rows"]) == (auditor, 1)
    assert "LOGOUT" in line.detail["filter"]


@pytest.mark.parametrize("start", list("=+-@＝＋－＠\t"))
def test_no_cell_of_an_export_is_a_formula(client, auditor, start):
    record(why=f"{start}1+1", of=make_lead(title=f"{start}cmd|' /C calc'!A0"))
    row = exported(client)[1]
    assert row[7] == f"'{start}1+1"
    assert not [cell for cell in row if cell[:1] in tuple("=+-@＝＋－＠\t")]


def test_an_export_is_capped(client, auditor, monkeypatch):
    monkeypatch.setattr("zone.admin.audit.MOST_ROWS", 2)
    for _n in range(3):
        record()
    assert len(exported(client)) == 3


def test_a_number_searched_for_is_not_repeated_in_the_trail(client, auditor):
    exported(client, "?q=13800001234")
    assert "13800001234" not in str(AuditEntry.objects.get(action="EXPORTED").detail)


def test_an_export_is_asked_for_by_post_and_by_those_who_may(client, auditor):
    assert client.get(f"{LIST}export/").status_code == 403
    client.force_login(make_user("office"))
    assert client.post(f"{LIST}export/").status_code == 403
    assert not AuditEntry.objects.filter(action="EXPORTED").exists()
