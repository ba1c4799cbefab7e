"""How long a session lasts and what ends it, with the reason on the login page."""

import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.test import Client

from tests.factories import make_user
from zone.audit.details import STEPS
from zone.login import sessions
from zone.models import AuditEntry

pytestmark = pytest.mark.django_db

PARKS = "/admin/zone/park/"


@pytest.fixture
def person(client):
    user = make_user("office")
    client.force_login(user)
    assert client.get(PARKS).status_code == 200
    return user


def set_back(client, **minutes):
    """Let the marks of the session be so many minutes old."""
    session = client.session
    for name, number in minutes.items():
        session[name] = time.time() - number * 60
    session.save()


def test_half_an_hour_without_work_ends_a_session_and_29_minutes_do_not(client, person):
    set_back(client, seen_at=29)
    assert client.get(PARKS).status_code == 200
    set_back(client, seen_at=31)
    assert client.get(PARKS)["Location"] == "/admin/login/?why=idle&next=%2Fadmin%2Fzone%2Fpark%2F"
    assert "_auth_user_id" not in client.session


def test_eight_hours_end_a_session_however_busy(client, person):
    set_back(client, started_at=8 * 60 - 1, seen_at=0)
    assert client.get(PARKS).status_code == 200
    set_back(client, started_at=8 * 60 + 1, seen_at=0)
    assert client.get(PARKS)["Location"].startswith("/admin/login/?why=longest")


@pytest.mark.parametrize("mark", ["seen_at", "started_at"])
def test_a_clock_set_back_ends_a_session_and_does_not_prolong_it(client, person, mark):
    set_back(client, **{mark: -0.5})
    assert client.get(PARKS).status_code == 200
    set_back(client, **{mark: -2})
    assert client.get(PARKS)["Location"].startswith("/admin/login/?why=clock")
    assert AuditEntry.objects.get(action="LOGOUT").detail["step"] == "clock"
    assert "_auth_user_id" not in client.session


def test_the_words_say_the_limits_of_the_settings(client, db, settings):
    settings.SESSION_IDLE, settings.SESSION_LONGEST = timedelta(minutes=45), timedelta(hours=3)
    assert "45 分钟没有操作" in client.get("/admin/login/?why=idle").text
    assert "已登录满 3 小时" in client.get("/admin/login/?why=longest").text
    client.force_login(make_user("office"))
    page = client.get("/admin/account/").text
    assert ("45 分钟没有操作" in page, "3 小时" in page) == (True, True)
    assert [str(STEPS[step]) for step in ("idle", "longest")] == ["45 分钟无操作", "已满 3 小时"]


@pytest.mark.parametrize("why", sessions.WHY)
def test_the_login_page_says_why(client, db, why):
    assert str(sessions.WHY[why]) in client.get(f"/admin/login/?why={why}").text


def test_the_login_page_says_nothing_for_an_invented_reason(client, db):
    assert "<b>" not in client.get("/admin/login/?why=<b>").text


def test_an_expired_form_leads_back_to_its_page(client, person):
    set_back(client, seen_at=31)
    answer = client.post("/admin/zone/park/add/", {"name": "x"})
    assert answer["Location"].endswith("next=%2Fadmin%2Fzone%2Fpark%2Fadd%2F")


def test_a_script_gets_401_and_the_next_page_still_says_why(client, person):
    set_back(client, seen_at=31)
    headers = {"X-Requested-With": "XMLHttpRequest"}
    assert client.get("/admin/autocomplete/", headers=headers).status_code == 401
    assert client.get(PARKS)["Location"].startswith("/admin/login/?why=idle")


def test_a_piece_of_a_page_takes_the_whole_page_to_the_login(client, person):
    set_back(client, seen_at=31)
    answer = client.get("/admin/search/?s=x", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (401, "/admin/login/?why=idle&next=%2F")


def test_the_mark_is_written_once_a_minute_at_most(client, person):
    def writes():
        request = SimpleNamespace(session=client.session, user=person)
        request.session.modified = False
        assert sessions.why_over(request) == ""
        assert not request.session.modified
        sessions.prolong(request)
        return request.session.modified

    set_back(client, started_at=5, seen_at=0.5)
    assert writes() is False
    set_back(client, seen_at=1.5)
    assert writes() is True


def test_a_closed_account_is_out_at_the_next_request(client, person):
    person.is_active = False
    person.save()
    assert client.get(PARKS)["Location"].startswith("/admin/login/?why=ended")


def test_signing_out_everywhere_else_ends_the_others_and_keeps_this_one(client, person):
    other = Client()
    other.force_login(person)
    assert other.get(PARKS).status_code == 200
    assert client.post("/admin/account/sign-out/")["Location"] == "/admin/account/"
    assert client.get(PARKS).status_code == 200
    assert other.get(PARKS)["Location"].startswith("/admin/login/?why=ended")
    assert AuditEntry.objects.filter(action="LOGOUT", by=person).count() == 1


def test_a_get_signs_nobody_out(client, person):
    assert client.get("/admin/account/sign-out/").status_code == 405


def test_a_system_administrator_signs_somebody_out_with_a_reason(client, person):
    page = f"/admin/zone/user/{person.pk}/sign-out/"
    admin = Client()
    admin.force_login(make_user("system_admin"))
    assert admin.post(page, {"reason": "电脑遗失"}).status_code == 302
    assert client.get(PARKS)["Location"].startswith("/admin/login/?why=ended")
    line = AuditEntry.objects.get(action="LOGOUT")
    assert (line.object_id, line.why) == (str(person.pk), "电脑遗失")


@pytest.mark.parametrize("role", ["office", "security_admin", "auditor"])
def test_nobody_else_signs_others_out(client, person, role):
    client.force_login(make_user(role))
    page = f"/admin/zone/user/{person.pk}/sign-out/"
    assert client.post(page, {"reason": "x"}).status_code in (403, 404)


def test_health_pages_ask_nothing_of_the_session(client, person, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz").status_code == 200
