"""The second factor: nothing opens before it, no code counts twice, only another resets it."""

import re
import time
from base64 import b32decode
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from tests.factories import make_user
from zone.login import second_factor
from zone.models import AuditEntry

pytestmark = pytest.mark.django_db

PASSWORD = "kuangye-jiangshan-77"
SESSION = "/admin/session/"  # says whether one is logged in, and nothing else
CODE, PHONE = "/admin/account/code/", "/admin/account/phone/"
SAMPLE = "00000000-0000-0000-0000-000000000000"
# Open to everybody, and what a person may do at every step.
# The calendar opens by a token of its own, as programs fetch it that know no session.
OPEN = {"/healthz", "/readyz", "/admin/login/", "/admin/logout/", "/i18n/setlang/", "/calendar.ics"}


@pytest.fixture(autouse=True)
def required(settings):
    settings.SECOND_FACTOR_ROLES = ["OFFICE", "SUPERUSER"]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def person_with_password(role="office", **fields):
    user = make_user(role, **fields)
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def office(db):
    return person_with_password(username="zhaoshang")


@pytest.fixture
def enrolled(office):
    """The office person with a phone; its recovery codes are ``office.codes``."""
    device = TOTPDevice.objects.create(user=office, name="phone", confirmed=False)
    office.codes = second_factor.enrol(office, device)
    return office


def code_of(device, steps: int = 0) -> str:
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    totp.time = time.time() + steps * device.step
    return f"{totp.token():06}"


def enter(client, user) -> str:
    data = {"username": user.username, "password": PASSWORD}
    client.post("/admin/login/", data)
    return client.get("/admin/zone/park/").headers.get("Location", "open")


def calm(user):
    """Let the wait after wrong codes be over."""
    for devices in (user.totpdevice_set, user.staticdevice_set):
        devices.update(throttling_failure_timestamp=timezone.now() - timedelta(days=1))


def every_path(patterns=None, prefix="/") -> list[str]:
    """Return a path for every URL there is, with a sample in the place of each argument."""
    found = []
    for entry in patterns or get_resolver().url_patterns:
        route = str(entry.pattern)
        if "(?P" in route:
            route = re.sub(r"\(\?P<\w+>([\w.]+)[^)]*\)", r"\1", route).strip("^$").replace(".", "x")
        path = prefix + re.sub(r"<[^>]+>", SAMPLE, route.removeprefix("^"))
        if isinstance(entry, URLPattern):
            found.append(path)
        else:
            found += every_path(entry.url_patterns, path)
    return found


def stands_open(client) -> list[tuple]:
    return [
        (method, path)
        for path in every_path()
        if path not in OPEN and not path.startswith("/api/")
        for method in ("get", "post")
        if client.generic(method.upper(), path).headers.get("Location", "").split("?")[0]
        not in (CODE, PHONE, "/admin/password_change/")
    ]


def test_the_interface_opens_to_no_session(client, office):
    client.force_login(office)
    pages = {"/api/v1/docs/", "/api/v1/schema/"}  # for people, who are led to their code
    paths = {path for path in every_path() if path.startswith("/api/")} - pages
    answers = {client.get(path).status_code for path in paths}
    assert (len(paths) > 30, answers) == (True, {401})
    assert {client.get(path).status_code for path in pages} == {302}


def test_the_walk_knows_every_url():
    paths = every_path()
    assert len(paths) > 120
    assert {"/", "/admin/progress/", "/admin/autocomplete/", "/admin/zone/user/", *OPEN} <= {*paths}


@pytest.mark.slow
def test_nothing_opens_before_the_code(client, enrolled):
    assert enter(client, enrolled) == f"{CODE}?next=%2Fadmin%2Fzone%2Fpark%2F"
    assert {path for _method, path in stands_open(client)} == {CODE, SESSION}


@pytest.mark.slow
def test_nothing_opens_before_enrolment_where_the_role_asks_for_it(client, office):
    assert enter(client, office) == f"{PHONE}?next=%2Fadmin%2Fzone%2Fpark%2F"
    assert {path for _method, path in stands_open(client)} == {PHONE, SESSION}


def test_a_script_waits_for_the_code_too(client, enrolled):
    enter(client, enrolled)
    headers = {"X-Requested-With": "XMLHttpRequest"}
    assert client.get("/admin/autocomplete/", headers=headers).status_code == 401


@pytest.mark.slow
def test_much_opens_after_the_code(client, enrolled):
    enter(client, enrolled)
    before = client.session.session_key
    answer = client.post(CODE, {"code": code_of(second_factor.phone_of(enrolled)), "next": "/x/"})
    assert answer["Location"] == "/x/"
    assert client.session.session_key != before
    assert client.get("/admin/zone/park/").status_code == 200
    assert len(stands_open(client)) > 100


def test_the_setting_decides_who_needs_it(client, settings):
    for role, where in (("statistician", "open"), ("office", f"{PHONE}?")):
        assert enter(Client(), person_with_password(role)).startswith(where)
    assert enter(Client(), person_with_password("", is_superuser=True)).startswith(PHONE)
    settings.SECOND_FACTOR_ROLES = []
    assert enter(Client(), person_with_password("office")) == "open"


def test_a_role_given_during_a_session_asks_at_the_next_request(client, db):
    user = person_with_password("statistician")
    assert enter(client, user) == "open"
    user.appointments.update(role="OFFICE")
    assert client.get("/admin/")["Location"].startswith(PHONE)


def test_enrolment_shows_a_code_to_scan_and_a_key_to_type(client, office):
    enter(client, office)
    page, again = client.get(PHONE), client.get(PHONE)
    device = TOTPDevice.objects.get()
    assert (page.context["key"], page.context["qr"]) == (again.context["key"], again.context["qr"])
    assert b32decode(page.context["key"].replace(" ", "")) == device.bin_key
    assert '<svg class="zone-qr"' in page.text
    assert 'inputmode="numeric"' in page.text
    assert 'autocomplete="one-time-code"' in page.text
    assert "no-store" in page["Cache-Control"]


def test_enrolment_takes_a_right_code_and_gives_ten_recovery_codes_once(client, office):
    enter(client, office)
    client.get(PHONE)
    device = TOTPDevice.objects.get()
    wrong = client.post(PHONE, {"code": code_of(device, 50)})
    assert wrong.context["form"].errors
    assert not office.has_second_factor
    calm(office)
    page = client.post(PHONE, {"code": code_of(device)})
    assert len({*page.context["codes"]}) == 10
    assert client.get("/admin/zone/park/").status_code == 200
    assert page.context["codes"][0] not in client.get(PHONE).text
    assert AuditEntry.objects.filter(action="SECOND_FACTOR", by=office).count() == 1


def test_enrolment_ends_the_other_sessions(client, office):
    other = Client()
    enter(other, office)
    enter(client, office)
    client.get(PHONE)
    client.post(PHONE, {"code": code_of(TOTPDevice.objects.get())})
    assert other.get("/admin/")["Location"].startswith("/admin/login/?why=ended")


def test_recovery_codes_cannot_be_read_from_the_database(enrolled):
    kept = str(list(second_factor.recovery_of(enrolled).token_set.values()))
    assert [code for code in enrolled.codes if code in kept or code.replace("-", "") in kept] == []


def test_a_wrong_code_opens_nothing_and_is_recorded(client, enrolled):
    enter(client, enrolled)
    page = client.post(CODE, {"code": code_of(second_factor.phone_of(enrolled), 50)})
    assert page.context["form"].errors
    assert client.get("/admin/zone/park/")["Location"].startswith(CODE)
    line = AuditEntry.objects.get(action="LOGIN_FAILED")
    assert (line.by, line.detail["step"], line.address) == (enrolled, "second factor", "127.0.0.1")


def test_a_code_counts_once(client, enrolled):
    code = code_of(second_factor.phone_of(enrolled))
    for attempt, where in ((Client(), "open"), (Client(), CODE)):
        enter(attempt, enrolled)
        attempt.post(CODE, {"code": code})
        found = attempt.get("/admin/zone/park/").headers.get("Location", "open")
        assert found.startswith(where)


@pytest.mark.parametrize("write", [str.upper, lambda code: code.replace("-", " "), str])
def test_a_recovery_code_counts_once_however_it_is_written(client, enrolled, write):
    code = write(enrolled.codes[0])
    for attempt, where in ((Client(), "open"), (Client(), CODE)):
        enter(attempt, enrolled)
        attempt.post(CODE, {"code": code})
        found = attempt.get("/admin/zone/park/").headers.get("Location", "open")
        assert found.startswith(where)
    assert second_factor.codes_left(enrolled) == 9


def test_full_width_digits_and_blanks_are_read(client, enrolled):
    code = code_of(second_factor.phone_of(enrolled))
    wide = code.translate({ord("0") + n: 0xFF10 + n for n in range(10)})
    enter(client, enrolled)
    assert client.post(CODE, {"code": f"{wide[:3]} {wide[3:]}"}).status_code == 302


def test_wrong_codes_make_one_wait_with_the_right_code_too(client, enrolled):
    device = second_factor.phone_of(enrolled)
    enter(client, enrolled)
    for _attempt in range(5):
        calm(enrolled)
        client.post(CODE, {"code": code_of(device, 50)})
    page = client.post(CODE, {"code": code_of(device)})
    assert re.search(r"\d\d:\d\d:\d\d", str(page.context["form"].errors))
    assert client.get("/admin/")["Location"].startswith(CODE)
    assert AuditEntry.objects.filter(action="LOCKED_OUT", by=enrolled).count() == 1
    calm(enrolled)
    assert client.post(CODE, {"code": code_of(device)}).status_code == 302


@pytest.mark.parametrize("code", ["", "abc", "-1", "9" * 20, "\x00", "六个数字呀呀"])
def test_odd_codes_are_refused_and_never_an_error(client, enrolled, code):
    enter(client, enrolled)
    page = client.post(CODE, {"code": code})
    assert (page.status_code, bool(page.context["form"].errors)) == (200, True)


def test_anybody_may_enrol_and_is_asked_from_then_on(client, db):
    user = person_with_password("specialist")
    assert enter(client, user) == "open"
    assert PHONE in client.get("/admin/account/").text
    client.get(PHONE)
    client.post(PHONE, {"code": code_of(TOTPDevice.objects.get())})
    assert enter(Client(), user).startswith(CODE)


def test_a_new_phone_and_new_codes_ask_for_a_code_again(client, enrolled):
    enter(client, enrolled)
    client.post(CODE, {"code": enrolled.codes[0]})
    for minutes in (-11, 11):  # so long ago, or not to be trusted after a clock was set back
        session = client.session
        session["second_factor"] = (timezone.now() + timedelta(minutes=minutes)).isoformat()
        session.save()
        assert client.get(PHONE)["Location"].startswith(CODE)
    assert client.post("/admin/account/recovery/")["Location"].startswith(CODE)
    assert second_factor.codes_left(enrolled) == 9
    client.post(CODE, {"code": enrolled.codes[1]})
    page = client.post("/admin/account/recovery/")
    assert len(page.context["codes"]) == 10
    assert not {*page.context["codes"]} & {*enrolled.codes}
    assert client.get(PHONE).status_code == 200


def test_a_session_of_one_person_proves_nothing_for_another(client, enrolled):
    enter(client, enrolled)
    client.post(CODE, {"code": enrolled.codes[0]})
    other = person_with_password("office", username="other")
    assert enter(client, other).startswith(PHONE)


def test_logging_in_anew_asks_for_a_code_anew(client, enrolled):
    enter(client, enrolled)
    client.post(CODE, {"code": enrolled.codes[0]})
    assert enter(client, enrolled).startswith(CODE)


def test_a_security_administrator_resets_anothers_with_a_reason(client, enrolled, settings):
    settings.SECOND_FACTOR_ROLES = []
    victim = Client()
    enter(victim, enrolled)
    victim.post(CODE, {"code": enrolled.codes[0]})
    client.force_login(make_user("security_admin"))
    page = f"/admin/zone/user/{enrolled.pk}/second-factor/"
    assert page in client.get(f"/admin/zone/user/{enrolled.pk}/change/").text
    assert client.post(page, {"reason": ""}).status_code == 200
    assert enrolled.has_second_factor
    assert client.post(page, {"reason": "手机遗失"}).status_code == 302
    assert not enrolled.has_second_factor
    assert second_factor.codes_left(enrolled) == 0
    line = AuditEntry.objects.get(action="SECOND_FACTOR", why="手机遗失")
    assert line.object_id == str(enrolled.pk)
    assert victim.get("/admin/")["Location"].startswith("/admin/login/?why=ended")


def test_nobody_resets_their_own_nor_a_superusers(client, db, settings):
    settings.SECOND_FACTOR_ROLES = []
    security = person_with_password("security_admin")
    root = person_with_password("", is_superuser=True)
    for user in (security, root):
        TOTPDevice.objects.create(user=user, name="phone")
    assert enter(client, security).startswith(CODE)
    client.post(CODE, {"code": code_of(second_factor.phone_of(security))})
    for user in (security, root):
        page = f"/admin/zone/user/{user.pk}/second-factor/"
        assert client.post(page, {"reason": "x"}).status_code in (403, 404)
        assert user.has_second_factor


@pytest.mark.parametrize("role", ["office", "system_admin", "auditor"])
def test_no_other_role_resets_a_second_factor(client, enrolled, settings, role):
    settings.SECOND_FACTOR_ROLES = []
    client.force_login(make_user(role))
    page = f"/admin/zone/user/{enrolled.pk}/second-factor/"
    assert client.post(page, {"reason": "x"}).status_code in (403, 404)


def test_a_phone_half_set_up_by_a_stranger_can_be_taken_away(client, office):
    second_factor.device_to_enrol(office)
    guard = make_user("security_admin")
    assert office.can_reset_second_factor(guard)
    office.reset_second_factor(by=guard, reason="本人未申请")
    assert not office.totpdevice_set.exists()
