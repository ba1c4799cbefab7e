"""The login page: who gets in, who is locked out and until when, and what the trail says."""

import re
from datetime import date, timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.utils import timezone

from tests.factories import make_appointment, make_user
from zone.models import Appointment, AuditEntry

pytestmark = pytest.mark.django_db

PASSWORD = "kuangye-jiangshan-77"
LOGIN = "/admin/login/"


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def person(db):
    user = make_user("statistician", username="tongji", is_staff=False)
    user.set_password(PASSWORD)
    user.save()
    return user


def enter(client, username="tongji", password=PASSWORD, address="10.0.0.1", **query):
    path = LOGIN + (f"?next={query['next']}" if query else "")
    data = {"username": username, "password": password}
    return client.post(path, data, REMOTE_ADDR=address)


def fail(client, times=1, **who):
    return [enter(client, **{"password": "not-this-one-77"} | who) for _ in range(times)][-1]


def trail() -> list:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def test_a_post_opens_the_pages_and_is_staff_decides_nothing(client, person):
    assert enter(client).status_code == 302
    assert client.get("/admin/").status_code == 200


def test_a_staff_member_without_a_post_gets_nowhere_and_reads_whom_to_ask(client, person):
    person.is_staff = True
    person.save()
    Appointment.objects.filter(user=person).update(ends_on=date(2025, 1, 2))
    page = enter(client)
    assert page.status_code == 200
    assert "no post today" in str(page.context["form"].errors) or "在任职务" in page.text
    assert "_auth_user_id" not in client.session


def test_a_post_that_ends_during_a_session_ends_the_session(client, person):
    enter(client)
    Appointment.objects.filter(user=person).update(ends_on=date(2025, 1, 2))
    answer = client.get("/admin/zone/park/")
    assert answer["Location"] == "/admin/login/?why=no_post&next=%2Fadmin%2Fzone%2Fpark%2F"
    make_appointment(person, "STATISTICIAN", starts_on=date(2025, 2, 1))
    assert client.get("/admin/").status_code == 302


def test_an_inactive_account_reads_the_same_as_a_wrong_password(client, person):
    person.is_active = False
    person.save()
    inactive, wrong = enter(client), fail(client)
    assert inactive.context["form"].errors == wrong.context["form"].errors


def test_five_failures_lock_the_name_at_the_address_and_say_until_when(client, person):
    assert fail(client, 4).status_code == 200
    page = fail(client)
    until = timezone.localtime(timezone.now() + timedelta(minutes=15))
    assert page.status_code == 429
    assert f"{until:%H:%M}" in page.text or f"{until - timedelta(minutes=1):%H:%M}" in page.text
    assert enter(client).status_code == 429  # with the right password too
    assert "_auth_user_id" not in client.session


def test_another_address_of_the_same_user_still_gets_in(client, person):
    fail(client, 5)
    assert enter(client, address="10.0.0.2").status_code == 302


def test_another_user_at_the_same_address_still_gets_in(client, person):
    other = make_user("auditor", username="shenji")
    other.set_password(PASSWORD)
    other.save()
    fail(client, 5)
    assert enter(client, username="shenji").status_code == 302


@pytest.mark.parametrize("username", ["TongJi", " tongji ", "ｔｏｎｇｊｉ", "tong ji"])
def test_case_blanks_and_width_do_not_dodge_the_count(client, person, username):
    fail(client, 4)
    assert fail(client, username=username).status_code == 429
    assert enter(client).status_code == 429


def test_an_unknown_name_is_locked_like_a_known_one(client, person):
    known, unknown = fail(client, 5), fail(client, 5, username="nobody")
    assert known.status_code == unknown.status_code == 429
    said = [re.sub(r"[0-9:]", "", str(page.context["form"].errors)) for page in (known, unknown)]
    assert said[0] == said[1]


def test_the_lock_ends_after_15_minutes_and_tries_meanwhile_do_not_prolong_it(client, person):
    fail(client, 5)
    before = AccessAttempt.objects.get().attempt_time
    fail(client, 3)
    assert AccessAttempt.objects.get().attempt_time == before
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))
    assert enter(client).status_code == 302


def test_success_clears_the_count(client, person):
    fail(client, 4)
    enter(client)
    client.post("/admin/logout/")
    assert fail(client, 4).status_code == 200


def test_a_lock_of_mixed_browsers_ends_when_enough_failures_are_old(client, person):
    """Axes counts a row for each browser: the page names the moment it will really open."""
    client.defaults["HTTP_USER_AGENT"] = "phone"
    fail(client, 3)
    old = timezone.now() - timedelta(minutes=10)
    AccessAttempt.objects.update(attempt_time=old)
    client.defaults["HTTP_USER_AGENT"] = "desk"
    page = fail(client, 2)
    assert f"{timezone.localtime(old + timedelta(minutes=15)):%H:%M}" in page.text


@pytest.mark.parametrize("name", ["x" * 5000, "a\x00b", "😀" * 300, "%s{}'\""])
def test_odd_names_are_refused_and_never_an_error(client, db, name):
    assert enter(client, username=name).status_code == 200


def test_what_was_typed_is_kept_nowhere_when_it_is_no_account(client, person):
    fail(client, username="my-secret-password")
    kept = [*AccessAttempt.objects.values(), *AuditEntry.objects.values()]
    assert "my-secret-password" not in str(kept)
    assert AuditEntry.objects.get().detail["username"] == "unknown"


def test_the_trail_says_who_came_failed_was_locked_out_and_left(client, person):
    fail(client, 6)
    enter(client, address="10.0.0.2")
    client.post("/admin/logout/", REMOTE_ADDR="10.0.0.2")
    assert trail() == [*["LOGIN_FAILED"] * 5, "LOCKED_OUT", "LOGIN_FAILED", "LOGIN", "LOGOUT"]
    failed, login = (
        AuditEntry.objects.order_by("id").first(),
        AuditEntry.objects.get(action="LOGIN"),
    )
    assert (failed.by, failed.address, failed.detail["username"]) == (None, "10.0.0.1", "tongji")
    assert failed.object_id == str(person.pk)
    assert (login.by, login.address, login.door) == (person, "10.0.0.2", "ADMIN")


def test_login_leads_to_where_one_was_going_but_never_to_another_host(client, person):
    assert enter(client, next="/admin/zone/park/")["Location"] == "/admin/zone/park/"
    client.post("/admin/logout/")
    assert enter(client, next="//evil.example/")["Location"] == "/"


def test_the_session_has_a_new_key_after_login(client, person):
    client.get(LOGIN)
    session = client.session
    session["planted"] = 1
    session.save()
    client.cookies["sessionid"] = session.session_key
    enter(client)
    assert client.session.session_key != session.session_key


def test_our_site_is_the_default_and_shows_no_keys_of_second_factors():
    assert type(admin.site._wrapped).__name__ == "ZoneAdminSite"
    shown = {model._meta.label for model in admin.site._registry}
    assert {
        label for label in shown if label.split(".")[0] in {"otp_totp", "otp_static", "axes"}
    } == set()
