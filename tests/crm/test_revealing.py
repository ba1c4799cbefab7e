"""Reveal: who may, what for, once, into the trail, and counted."""

from datetime import timedelta
from threading import Barrier, Thread
from time import sleep

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.urls import reverse

from crm.models import Contact
from crm.revealing import Spent, looks_today, reveal
from tests.factories import make_chain, make_contact, make_lead, make_user
from zone.calendar import today
from zone.models import AuditEntry, SecurityAlert, User
from zone.navigation import record_url

pytestmark = pytest.mark.django_db
PHONE = "13812345678"
ROLES = {"office": True, "specialist": True, "chain_leader": True}
ROLES |= dict.fromkeys(
    (
        "leadership",
        "statistician",
        "park_operator",
        "service_agent",
        "system_admin",
        "security_admin",
        "auditor",
    ),
    False,
)


@pytest.fixture
def contact(db):
    return make_contact(phone=PHONE, wechat="marker_wx_77", name="王经理")


def reveal_url(contact) -> str:
    return reverse("admin:crm_contact_reveal", args=[contact.pk])


def ask(client, contact, **data):
    """Open the form and send it with its ticket."""
    ticket = client.get(reveal_url(contact)).context["ticket"]
    return client.post(reveal_url(contact), {"ticket": ticket, "purpose": "CALL"} | data)


@pytest.mark.parametrize(("role", "may"), ROLES.items())
def test_who_may_reveal(client, contact, role, may):
    user = make_user(role, chain=make_chain() if role in ("specialist", "chain_leader") else None)
    make_lead(enterprise=contact.enterprise, contact=contact, owner=user)
    client.force_login(user)
    page = client.get(reveal_url(contact))
    assert page.status_code in ((200,) if may else (403, 404))
    post = client.post(reveal_url(contact), {"purpose": "CALL", "ticket": ""})
    assert (post.status_code == 302) is may
    if not may:
        with pytest.raises(PermissionDenied):
            reveal(contact, by=user, purpose="CALL")
    assert AuditEntry.objects.filter(action="REVEALED").count() == 0


def test_the_answer_shows_the_number_once_and_is_kept_nowhere(as_user, office, contact):
    client = as_user(office)
    ticket = client.get(reveal_url(contact)).context["ticket"]
    data = {"ticket": ticket, "purpose": "CALL"}
    page = client.post(reveal_url(contact), data)
    assert f'href="tel:{PHONE}"' in page.text
    assert "marker_wx_77" in page.text
    assert "no-store" in page["Cache-Control"]
    again = client.post(reveal_url(contact), data)
    assert (again.status_code, again["Location"]) == (302, reveal_url(contact))
    form = client.get(reveal_url(contact))
    assert (PHONE in form.text, "no-store" in form["Cache-Control"]) == (False, True)
    assert AuditEntry.objects.filter(action="REVEALED").count() == 1


def test_the_trail_says_who_what_for_and_which_fields_never_the_number(as_user, office, contact):
    ask(as_user(office), contact, purpose="OTHER", note="年检通知")
    entry = AuditEntry.objects.of(contact).get(action="REVEALED")
    assert (entry.by, entry.door, entry.detail["purpose"]) == (office, "ADMIN", "OTHER")
    assert entry.detail["fields"] == ["phone", "wechat"]
    assert "年检通知" in entry.why
    line = str([entry.why, entry.detail, entry.changes, entry.object_name])
    assert [mark for mark in (PHONE, "138****5678", "marker_wx", "王经理") if mark in line] == []


@pytest.mark.parametrize(
    "data",
    [
        {"purpose": ""},
        {"purpose": "OTHER"},
        {"purpose": "OTHER", "note": "  "},
        {"purpose": "X"},
        {"note": "打给王经理"},
        {"note": "改拨 139 1234 5678"},
    ],
)
def test_no_number_without_a_purpose_that_may_be_kept(as_user, office, contact, data):
    page = ask(as_user(office), contact, **data)
    assert page.status_code == 200
    assert page.context["form"].errors
    assert (PHONE in page.text, AuditEntry.objects.filter(action="REVEALED").count()) == (False, 0)
    assert page.context["ticket"]  # corrected, it goes on


def test_a_contact_without_numbers_has_nothing_to_reveal(as_user, office):
    empty = make_contact(phone="")
    client = as_user(office)
    assert client.get(reveal_url(empty)).status_code == 403
    page = client.get(reverse("admin:crm_contact_change", args=[empty.pk]))
    assert reveal_url(empty) not in page.text


def test_the_ways_to_the_reveal_page_are_there_for_who_may(client, contact):
    lead = make_lead(enterprise=contact.enterprise, contact=contact)
    pages = [
        reverse("admin:crm_contact_change", args=[contact.pk]),
        reverse("admin:crm_enterprise_change", args=[contact.enterprise_id]),
        reverse("admin:crm_lead_change", args=[lead.pk]),
    ]
    for role, may in (("office", True), ("leadership", False)):
        client.force_login(make_user(role))
        assert [reveal_url(contact) in client.get(page).text for page in pages] == [may] * 3


def test_back_leads_to_the_lead_one_came_from(as_user, office, contact):
    lead = make_lead(enterprise=contact.enterprise, contact=contact)
    client = as_user(office)
    for query, back in (
        (f"?lead={lead.pk}", record_url(type(lead), lead.pk)),
        (f"?lead={make_lead().pk}", record_url(Contact, contact.pk)),
        ("?lead=%00x", record_url(Contact, contact.pk)),
    ):
        assert client.get(reveal_url(contact) + query).context["back"] == back


def looked(person, times: int):
    for _ in range(times):
        AuditEntry.objects.record("REVEALED", by=person)


def test_more_than_fifty_a_day_alert_once_and_the_work_goes_on(as_user, office, contact):
    looked(office, 49)
    client = as_user(office)
    assert PHONE in ask(client, contact).text
    assert SecurityAlert.objects.count() == 0
    page = ask(client, contact)
    assert (PHONE in page.text, page.context["revealed"].times_today) == (True, 51)
    alert = SecurityAlert.objects.get()
    assert (alert.about, alert.count, alert.seen_at) == (office, 51, None)
    assert PHONE in ask(client, contact).text
    assert SecurityAlert.objects.get().count == 52
    assert AuditEntry.objects.filter(action="ALERT", by=office).count() == 1


def test_a_day_begins_at_midnight_in_the_zone(office, monkeypatch):
    looked(office, 3)
    assert looks_today(office) == 3
    tomorrow = today() + timedelta(days=1)
    monkeypatch.setattr("crm.revealing.today", lambda: tomorrow)
    assert looks_today(office) == 0


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_eight_who_pass_fifty_at_once_one_raises_the_alert(monkeypatch):
    person = make_user(is_superuser=True)
    contact = make_contact(phone=PHONE)
    looked(person, 43)
    start, failed = Barrier(8), []

    def slow_count(of):
        sleep(0.3)  # time for the others to write what this one would not see
        return looks_today(of)

    monkeypatch.setattr("crm.revealing.looks_today", slow_count)

    def work():
        try:
            own = User.objects.get(pk=person.pk)
            start.wait()
            reveal(Contact.objects.get(pk=contact.pk), by=own, purpose="CALL")
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert SecurityAlert.objects.get().count == 51
    assert AuditEntry.objects.filter(action="ALERT").count() == 1


@pytest.fixture
def alert(db, office):
    return SecurityAlert.objects.note("REVEALS", about=office, on=today(), count=51)


def test_the_security_administrator_is_told_and_settles_it(client, alert):
    guard = make_user("security_admin")
    client.force_login(guard)
    changelist = reverse("admin:zone_securityalert_changelist")
    index = client.get(reverse("admin:index"))
    assert [str(m).count(changelist) for m in index.context["messages"]] == [1]
    assert client.get(changelist).status_code == 200
    url = reverse("admin:zone_securityalert_handle", args=[alert.pk])
    assert client.post(url, {"reason": ""}).status_code == 200
    assert client.post(url, {"reason": "集中邀约，情况属实"}).status_code == 302
    alert.refresh_from_db()
    assert (alert.seen_by, alert.finding) == (guard, "集中邀约，情况属实")
    assert AuditEntry.objects.of(alert).get(action="STATE").why == "集中邀约，情况属实"
    client.get(reverse("admin:index"))
    assert list(client.get(reverse("admin:index")).context["messages"]) == []
    with pytest.raises(ValidationError):
        alert.handle(by=guard, finding="再次")


def test_the_sidebar_counts_the_alerts_that_wait(client, alert):
    client.force_login(make_user("security_admin"))

    def badge():
        sections = client.get(reverse("admin:index")).context["sidebar_navigation"]
        items = [item for section in sections for item in section["items"]]
        return [item["badge"] for item in items if "securityalert" in item["link"]]

    assert badge() == [1]
    alert.handle(by=make_user(), finding="属实")
    assert badge() == [0]


def test_nobody_settles_an_alert_about_themselves(client, alert):
    alert.about = make_user("security_admin")
    alert.save()
    client.force_login(alert.about)
    url = reverse("admin:zone_securityalert_handle", args=[alert.pk])
    assert client.post(url, {"reason": "属实"}).status_code == 403


@pytest.mark.parametrize("role", [role for role in ROLES if role != "security_admin"])
def test_alerts_are_for_the_security_administrator_alone(client, alert, role):
    client.force_login(make_user(role))
    assert client.get(reverse("admin:zone_securityalert_changelist")).status_code == 403
    url = reverse("admin:zone_securityalert_handle", args=[alert.pk])
    assert client.post(url, {"reason": "属实"}).status_code in (403, 404)


def test_a_demo_persons_alert_goes_with_the_demo():
    person = make_user(is_demo=True)
    alert = SecurityAlert.objects.note("REVEALS", about=person, on=today(), count=51)
    assert alert.is_demo


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("ticket", "opened"), [("one", 1), ("", 8)])
def test_of_eight_posts_with_one_ticket_one_opens(ticket, opened):
    """The second case is the control: without a ticket each of them opens."""
    person = make_user(is_superuser=True)
    contact = make_contact(phone=PHONE)
    start, spent, failed = Barrier(8), [], []

    def work():
        try:
            own = User.objects.get(pk=person.pk)
            start.wait()
            reveal(Contact.objects.get(pk=contact.pk), by=own, purpose="CALL", ticket=ticket)
        except Spent as refusal:
            spent.append(refusal)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failed, 8 - len(spent)) == ([], opened)
    assert AuditEntry.objects.filter(action="REVEALED").count() == opened


def test_a_ticket_opens_one_contact_for_one_person(as_user, office, contact):
    ticket = as_user(office).get(reveal_url(contact)).context["ticket"]
    other = make_contact(phone=PHONE)
    posted = {"ticket": ticket, "purpose": "CALL"}
    assert as_user(office).post(reveal_url(other), posted).status_code == 302
    colleague = as_user(make_user("office"))
    assert colleague.post(reveal_url(contact), posted).status_code == 302
    assert not AuditEntry.objects.filter(action="REVEALED").exists()


def test_a_search_by_number_is_recorded_and_counts_once_a_day(as_user, office, contact, settings):
    settings.REVEALS_A_DAY = 2
    client = as_user(office)
    address = reverse("admin:crm_contact_changelist")
    for number in (PHONE, f"+86 {PHONE}", "13900000001", "13900000001"):
        client.get(address, {"q": number})
    lines = AuditEntry.objects.filter(action="SEARCHED").order_by("id")
    assert [line.detail["found"] for line in lines] == [1, 0]
    assert PHONE not in str(list(AuditEntry.objects.values()))
    assert not SecurityAlert.objects.exists()
    client.get(address, {"q": "13900000002"})
    assert SecurityAlert.objects.get().count == 3
