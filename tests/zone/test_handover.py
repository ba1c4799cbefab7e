"""A password chosen by somebody with fewer rights opens the account only with a handover code."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from tests.factories import make_appointment, make_chain, make_user
from tests.zone.test_accounts import CHANGE, FIRST, SECOND, enter, logged_in, reset
from zone.login import handover
from zone.models import AuditEntry, User

pytestmark = pytest.mark.django_db
OWN = "baiyun-qingshan-99"


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def admin(db):
    return make_user("system_admin")


@pytest.fixture
def owner(admin):
    """Return somebody of the office whose password the system administrator set."""
    user = make_user("office", username="wangban")
    assert reset(admin, user).status_code == 302
    return User.objects.get(pk=user.pk)


def choose(client, code=None):
    data = {"old_password": SECOND, "new_password1": OWN, "new_password2": OWN}
    return client.post(CHANGE, data | ({"handover_code": code} if code is not None else {}))


def ask_for_code(user, owner, reason="本人到场"):
    address = reverse("admin:zone_user_handover", args=[owner.pk])
    return logged_in(user).post(address, {"reason": reason})


def test_whoever_set_the_password_cannot_enter_with_it(admin, owner):
    client = enter("wangban", SECOND)
    for code in (None, "", "ABCD-EFGH"):
        assert choose(client, code).status_code == 200
    assert client.get("/admin/crm/lead/")["Location"].startswith(CHANGE)
    assert client.get("/account/second-factor/").status_code in (302, 404)
    owner.refresh_from_db()
    assert owner.check_password(SECOND)
    assert ask_for_code(admin, owner).status_code == 403


@pytest.mark.parametrize("role", ["security_admin", "office"])
def test_a_third_person_hands_the_code_over_and_the_owner_enters(owner, role):
    page = ask_for_code(make_user(role), owner)
    code = re.search(r"<code>(.{4}-.{4})</code>", page.text)[1]
    assert "no-store" in page["Cache-Control"]
    client = enter("wangban", SECOND)
    assert "handover_code" in client.get(CHANGE).context["form"].fields
    assert choose(client, f" {code.lower()} ").status_code == 302
    owner.refresh_from_db()
    assert (owner.check_password(OWN), owner.handover_code) == (True, "")
    assert owner.password_chosen_by is None
    assert code not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize("role", ["system_admin", "auditor", "statistician", "specialist"])
def test_nobody_else_issues_it(owner, role):
    assert ask_for_code(make_user(role), owner).status_code in (302, 403, 404)
    owner.refresh_from_db()
    assert owner.handover_code == ""


def test_nobody_issues_it_for_an_account_that_needs_none(owner):
    guard, plain = make_user("security_admin"), make_user("specialist", chain=make_chain())
    with pytest.raises(ValidationError):
        handover.issue(plain, by=guard, reason="x")


def test_whoever_set_the_password_and_guards_the_logins_too_needs_another(owner, admin):
    make_appointment(admin, "SECURITY_ADMIN")
    assert ask_for_code(admin, owner).status_code == 403


def test_the_fifth_wrong_code_voids_it_and_a_new_one_opens(owner):
    guard = make_user("security_admin")
    code = handover.issue(owner, by=guard, reason="x")
    for _time in range(5):
        assert handover.failure(owner, "AAAA-AAAA") is not None
    assert handover.failure(owner, code).code == "no_code"
    owner.refresh_from_db()
    assert handover.failure(owner, handover.issue(owner, by=guard, reason="y")) is None


def test_a_new_account_needs_the_code_once_it_is_given_more_than_its_maker_has(admin):
    data = {"username": "xinren", "display_name": "新人", "usable_password": "true"}
    data |= {"password1": FIRST, "password2": FIRST}
    logged_in(admin).post("/admin/zone/user/add/", data)
    made = User.objects.get(username="xinren")
    assert not made.needs_handover_code
    office = logged_in(make_user("office"))
    post = {"user": made.pk, "role": "SPECIALIST", "chain": make_chain().pk, "park": ""}
    post |= {"starts_on": "2025-01-01", "ends_on": ""}
    page = office.post("/admin/zone/appointment/add/", post, follow=True)
    assert "签发交接码" in page.text
    assert User.objects.get(username="xinren").needs_handover_code
    assert "交接码" in office.get(f"/admin/zone/user/{made.pk}/change/").text


def test_an_equal_needs_no_code(admin):
    other = make_user("system_admin", username="tongji2")
    reset(admin, other)
    assert not User.objects.get(pk=other.pk).needs_handover_code
