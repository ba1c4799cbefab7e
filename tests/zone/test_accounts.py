"""Passwords: who sets them, who must change them, and what the trail says of it."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from tests.factories import make_appointment, make_chain, make_park, make_user
from zone.models import AuditEntry, SecurityAlert, User

pytestmark = pytest.mark.django_db

FIRST, SECOND = "kuangye-jiangshan-77", "qinghe-yunshu-2026"
CHANGE = "/admin/password_change/"


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def person(db):
    user = make_user("statistician", username="tongji", display_name="何统计", is_staff=False)
    user.set_password(FIRST)
    user.save()
    return user


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def enter(username, password) -> Client:
    client = Client()
    client.post("/admin/login/", {"username": username, "password": password})
    return client


def reset(by, user, password=SECOND, reason="忘记密码"):
    data = {"password1": password, "password2": password, "reason": reason}
    return logged_in(by).post(f"/admin/zone/user/{user.pk}/password/", data)


def change(client, old=FIRST, new=SECOND):
    data = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post(CHANGE, data)


def test_an_account_made_in_the_admin_enters_after_choosing_its_own_password(person):
    admin = logged_in(make_user("system_admin"))
    data = {
        "username": "xinren",
        "display_name": "新人",
        "usable_password": "true",
        "password1": FIRST,
        "password2": FIRST,
    }
    assert admin.post("/admin/zone/user/add/", data).status_code == 302
    made = User.objects.get(username="xinren")
    assert (made.must_change_password, made.is_staff) == (True, False)
    make_appointment(made, "SYSTEM_ADMIN")
    client = enter("xinren", FIRST)
    assert client.get("/admin/zone/user/")["Location"].startswith(CHANGE)
    assert client.post("/admin/account/sign-out/")["Location"].startswith(CHANGE)
    assert change(client)["Location"] == "/"
    assert client.get("/admin/zone/user/").status_code == 200
    made.refresh_from_db()
    assert (made.must_change_password, made.password_changed_at is None) == (False, False)


@pytest.mark.parametrize(
    ("make", "field"), [(make_chain, "code"), (make_park, "code"), (make_user, "username")]
)
def test_what_other_systems_know_a_row_by_is_written_once(client, make, field):
    row = make()
    client.force_login(make_user(is_superuser=True))
    name = row._meta.model_name
    form = client.get(reverse(f"admin:zone_{name}_change", args=[row.pk])).context["adminform"]
    assert field not in form.form.fields
    assert field in client.get(reverse(f"admin:zone_{name}_add")).context["adminform"].form.fields


def test_a_person_made_by_a_command_need_not_change(db):
    assert not User.objects.create_superuser("root", password=FIRST).must_change_password


def test_the_change_leads_on_to_where_one_was_going(person):
    person.must_change_password = True
    person.save()
    client = enter("tongji", FIRST)
    page = client.get(f"{CHANGE}?next=/admin/zone/park/")
    assert 'name="next" value="/admin/zone/park/"' in page.text
    data = {"old_password": FIRST, "new_password1": SECOND, "new_password2": SECOND}
    data["next"] = "/admin/zone/park/"
    assert client.post(CHANGE, data)["Location"] == "/admin/zone/park/"


@pytest.mark.parametrize(
    "new",
    [
        FIRST,
        "short-one-7",
        "123456789012",
        "password1234",
        "tongji-tongji",
        "何统计何统计何统计何统计",
    ],
)
def test_the_same_a_short_a_common_and_a_similar_password_are_refused(person, new):
    page = change(logged_in(person), new=new)
    assert (page.status_code, bool(page.context["form"].errors)) == (200, True)
    person.refresh_from_db()
    assert person.check_password(FIRST)


def test_one_s_own_change_ends_the_other_sessions_and_keeps_this_one(person):
    here, there = logged_in(person), logged_in(person)
    before = here.session.session_key
    assert change(here)["Location"] == "/admin/password_change/done/"
    assert here.get("/admin/account/").status_code == 200
    assert here.session.session_key != before
    assert there.get("/admin/account/")["Location"].startswith("/admin/login/?why=ended")
    line = AuditEntry.objects.get(action="PASSWORD")
    assert (line.by, line.object_id, line.detail) == (person, str(person.pk), {"own": True})
    assert not AuditEntry.objects.filter(action="ALERT").exists()


def test_no_password_stands_in_the_trail(person):
    change(logged_in(person))
    reset(make_user("system_admin"), person, password="erlong-shanhe-88")
    kept = str(list(AuditEntry.objects.values()))
    assert [text for text in (FIRST, SECOND, "erlong") if text in kept] == []


def test_a_reset_has_to_be_changed_ends_the_sessions_and_is_recorded(person):
    session = logged_in(person)
    admin = make_user("system_admin")
    assert reset(admin, person).status_code == 302
    person.refresh_from_db()
    assert person.must_change_password
    assert session.get("/admin/account/")["Location"].startswith("/admin/login/?why=ended")
    assert enter("tongji", SECOND).get("/admin/")["Location"].startswith(CHANGE)
    line = AuditEntry.objects.get(action="PASSWORD")
    assert (line.by, line.object_id, line.why) == (admin, str(person.pk), "忘记密码")


def test_resetting_an_account_with_more_rights_raises_an_alert(person):
    admin = make_user("system_admin")
    reset(admin, make_user("system_admin"))
    assert not SecurityAlert.objects.exists()
    reset(admin, person)
    guard = make_user("security_admin")
    alert = SecurityAlert.objects.get(kind="PASSWORD")
    alert.handle(by=guard, finding="本人申请，已核实")
    reset(admin, person)
    alert.refresh_from_db()
    assert (alert.about, alert.count, alert.seen_at) == (admin, 2, None)


def test_a_reset_asks_for_a_good_password_and_a_reason(person):
    admin = make_user("system_admin")
    for password, reason in (("short", "忘记"), ("tongji-tongji", "忘记"), (SECOND, "")):
        assert reset(admin, person, password, reason).status_code == 200
    person.refresh_from_db()
    assert person.check_password(FIRST)


@pytest.mark.parametrize("role", ["office", "security_admin", "auditor", "specialist"])
def test_only_the_system_administrator_resets_passwords(person, role):
    assert reset(make_user(role), person).status_code in (403, 404)


def test_nobody_but_a_superuser_resets_a_superusers_password(person):
    root, other = (make_user("", is_superuser=True) for _ in range(2))
    assert reset(make_user("system_admin"), root).status_code == 403
    assert reset(other, root).status_code == 302


def test_one_s_own_password_is_changed_only_with_the_old_one(person):
    admin = make_user("system_admin")
    assert reset(admin, admin).status_code == 403
    assert change(logged_in(person), old="wrong-wrong-77").status_code == 200


def test_my_account_shows_what_is_mine(person):
    make_user("auditor", display_name="别人")
    page = logged_in(person).get("/admin/account/").text
    assert "tongji" in page
    assert str(person.appointments.get().get_role_display()) in page
    assert "别人" not in page


def test_my_account_is_in_the_menu_of_every_page(person):
    assert 'href="/admin/account/"' in logged_in(person).get("/admin/").text


def test_a_refused_reset_of_the_second_factor_says_whom_to_ask(person):
    with pytest.raises(ValidationError):
        person.reset_second_factor(by=person, reason="x")
