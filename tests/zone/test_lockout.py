"""Guessers: limits by address and for all, which no browser that is known here ever meets."""

from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from django.utils import timezone

from tests.factories import make_user
from tests.racing import at_once
from tests.zone.test_login import LOGIN, PASSWORD, enter, fail
from tests.zone.test_second_factor import CODE, calm, code_of
from zone.login import devices, lockout, second_factor
from zone.models import ApiBudget, AuditEntry, SecurityAlert, Throttle

pytestmark = pytest.mark.django_db
CHANGE = "/admin/password_change/"
NEW = "qinghe-yunshu-2026"


class CountedHasher(MD5PasswordHasher):
    """Counts what would be a costly hash."""

    computed = []

    def encode(self, password, salt):
        self.computed.append(salt)
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def hashes(settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountedHasher"]
    CountedHasher.computed.clear()
    return CountedHasher.computed


@pytest.fixture
def person(db):
    return with_password("tongji")


def with_password(username: str, role: str = "statistician"):
    user = make_user(role, username=username)
    user.set_password(PASSWORD)
    user.save()
    return user


def spray(client, number: int, address: str = "10.0.0.1", start: int = 0):
    """Try one password with so many names; return the last page."""
    names = [f"name{n}" for n in range(start, start + number)]
    return [fail(client, username=name, address=address) for name in names][-1]


def known_browser(**fields) -> Client:
    client = Client()
    assert enter(client, **fields).status_code == 302
    client.post("/admin/logout/")
    return client


def test_spraying_ends_at_the_limit_of_the_address_without_a_hash(client, person, hashes, settings):
    assert spray(client, settings.LOGIN_FAILURES_AN_ADDRESS).status_code == 200
    before = len(hashes)
    page = spray(client, 20, start=100)
    assert (page.status_code, len(hashes)) == (429, before)
    assert 0 < int(page["Retry-After"]) <= 45
    assert "您所在网络输错次数过多" in page.text
    assert 'value="name119"' in page.text
    assert enter(client).status_code == 429  # the right password of a stranger, too


def test_another_address_is_not_concerned(client, person, settings):
    spray(client, settings.LOGIN_FAILURES_AN_ADDRESS + 1)
    assert enter(client, address="10.0.0.2").status_code == 302


def test_a_known_browser_at_the_same_address_gets_in_and_counts_nothing(client, person, settings):
    browser = known_browser()
    spray(client, settings.LOGIN_FAILURES_AN_ADDRESS + 1)
    fail(client, 6, address="10.0.0.9")
    assert enter(browser).status_code == 302
    assert enter(Client()).status_code == 429


def test_a_known_browser_is_known_for_its_account_alone(client, person, settings):
    with_password("shenji")
    browser = known_browser()
    spray(client, settings.LOGIN_FAILURES_AN_ADDRESS + 1)
    assert enter(browser, username="shenji").status_code == 429
    assert enter(browser, username="TongJi").status_code == 200  # judged, though no such account


def test_colleagues_share_a_machine(client, person, settings):
    with_password("shenji")
    browser = known_browser()
    enter(browser, username="shenji")
    browser.post("/admin/logout/")
    spray(client, settings.LOGIN_FAILURES_AN_ADDRESS + 1)
    for name in ("tongji", "shenji"):
        assert enter(browser, username=name).status_code == 302
        browser.post("/admin/logout/")


def test_five_failures_lock_a_known_browser_and_leave_others_alone(client, person):
    browser = known_browser()
    assert fail(browser, 5, address="10.0.0.3").status_code == 429
    assert enter(browser, address="10.0.0.4").status_code == 429  # wherever it is carried
    assert enter(client).status_code == 302


def test_strangers_lock_no_known_browser_by_the_name_at_the_address(client, person):
    browser = known_browser()
    assert fail(client, 6).status_code == 429
    assert enter(browser).status_code == 302


@pytest.mark.parametrize("forged", ["", "x", "e30:1abc:def", "\x00", "eyJ" * 2000])
def test_a_forged_cookie_makes_nobody_known(client, person, settings, forged):
    spray(client, settings.LOGIN_FAILURES_AN_ADDRESS + 1)
    browser = Client()
    browser.cookies = SimpleCookie()
    browser.cookies[settings.DEVICE_COOKIE_NAME] = forged
    assert enter(browser).status_code == 429


def test_the_cookie_names_nobody_and_is_for_the_server_alone(client, person, settings):
    cookie = enter(client).cookies[settings.DEVICE_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert cookie["domain"] == ""
    assert "tongji" not in cookie.value
    settings.SESSION_COOKIE_SECURE = True
    assert enter(client).cookies[settings.DEVICE_COOKIE_NAME]["secure"]


def test_a_wrong_password_makes_no_browser_known(client, person, settings):
    fail(client)
    assert settings.DEVICE_COOKIE_NAME not in client.cookies


def test_the_cookie_grows_no_further_than_five_accounts(rf, settings):
    request = rf.get("/")
    for number in range(8):
        response = lockout.HttpResponse()
        devices.remember(request, response, f"name{number}")
        request.COOKIES[settings.DEVICE_COOKIE_NAME] = response.cookies[
            settings.DEVICE_COOKIE_NAME
        ].value
    known = [bool(devices.known_as(request, f"name{number}")) for number in range(8)]
    assert known == [False] * 3 + [True] * 5


def test_a_flood_from_everywhere_stops_strangers_and_nobody_known(client, person, settings):
    settings.LOGIN_FAILURES_OF_ALL = 30
    browser = known_browser()
    for number in range(30):
        fail(client, username=f"name{number}", address=f"10.1.0.{number}")
    page = fail(client, username="other", address="10.2.0.1")
    assert (page.status_code, "大量密码试探" in page.text) == (429, True)
    assert enter(Client(), address="10.2.0.2").status_code == 429
    assert enter(browser, address="10.2.0.3").status_code == 302


def test_right_passwords_use_nothing_up(person, settings):
    settings.LOGIN_FAILURES_AN_ADDRESS = settings.LOGIN_FAILURES_OF_ALL = 2
    for _time in range(5):
        assert enter(Client()).status_code == 302


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
    ],
)
def test_an_address_is_an_ipv4_address_or_an_ipv6_network(client, person, one, other, same):
    fail(client, 5, address=one)
    assert (enter(client, address=other).status_code == 429) is same


def test_nothing_typed_and_no_address_is_kept_in_a_count(client, person):
    fail(client, username="my-secret-password", address="10.9.8.7")
    kept = str(list(Throttle.objects.values()))
    assert (Throttle.objects.count(), "10.9.8.7" in kept, "my-secret" in kept) == (2, False, False)


def test_the_trail_tells_of_a_full_address_once(client, person, settings):
    spray(client, settings.LOGIN_FAILURES_AN_ADDRESS + 10)
    line = AuditEntry.objects.get(action="LOCKED_OUT")
    assert (line.detail["step"], line.address) == ("address", "10.0.0.1")
    failed = AuditEntry.objects.filter(action="LOGIN_FAILED")
    assert failed.count() == settings.LOGIN_FAILURES_AN_ADDRESS


def test_a_clock_set_back_neither_empties_nor_fills_a_count(client, person, settings):
    spray(client, 5)
    Throttle.objects.update(at=timezone.now() + timedelta(days=30))
    tokens = {row.key: row.tokens for row in Throttle.objects.all()}
    spray(client, 1, start=50)
    for row in Throttle.objects.all():
        assert row.tokens == pytest.approx(tokens[row.key] - 1, abs=0.1)
        assert row.at < timezone.now() + timedelta(minutes=1)


def test_a_clock_set_back_does_not_lengthen_a_lock(client, person):
    from axes.models import AccessAttempt

    fail(client, 5)
    AccessAttempt.objects.update(attempt_time=timezone.now() + timedelta(days=30))
    page = enter(client)
    until = timezone.localtime(timezone.now() + timedelta(minutes=15))
    assert page.status_code == 429
    assert f"{until:%H:%M}" in page.text or f"{until - timedelta(minutes=1):%H:%M}" in page.text
    assert int(page["Retry-After"]) <= 15 * 60


def guess(client, number: int, **more):
    data = {"old_password": "not-this-one-77", "new_password1": NEW, "new_password2": NEW}
    return [client.post(CHANGE, data | more) for _ in range(number)][-1]


def test_five_wrong_old_passwords_end_the_session(client, person, hashes):
    enter(client)
    assert guess(client, 4).status_code == 200
    assert guess(client, 1)["Location"].startswith("/admin/login/?why=guessed")
    assert "_auth_user_id" not in client.session
    lines = AuditEntry.objects.filter(by=person, detail__step="old password")
    actions = [line.action for line in lines.order_by("id")]
    assert actions == ["LOGIN_FAILED"] * 5 + ["LOCKED_OUT"]
    alert = SecurityAlert.objects.get(kind="GUESSES")
    assert (alert.about, alert.count) == (person, 1)
    assert "验证码" in alert.text


def test_another_session_of_the_same_person_guesses_no_further(client, person, hashes):
    other = Client()
    for browser in (client, other):
        browser.force_login(person)
    guess(client, 5)
    before = len(hashes)
    assert guess(other, 1)["Location"].startswith("/admin/login/?why=guessed")
    assert len(hashes) == before


def test_a_login_gives_the_tries_back(client, person):
    enter(client)
    guess(client, 5)
    enter(client)
    data = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert client.post(CHANGE, data)["Location"] == "/admin/password_change/done/"


def test_the_new_password_is_no_way_to_guess_the_old_one(client, person):
    """The refusal of an unchanged password would else tell, uncounted, that a guess is right."""
    enter(client)
    told = guess(client, 1, new_password1=PASSWORD, new_password2=PASSWORD)
    assert "new_password2" not in told.context["form"].errors
    data = {"old_password": PASSWORD, "new_password1": PASSWORD, "new_password2": PASSWORD}
    assert "new_password2" in client.post(CHANGE, data).context["form"].errors


def test_the_handover_code_is_compared_only_for_who_knows_the_password(client, person):
    person.must_change_password, person.password_chosen_by = True, make_user("system_admin")
    person.handover_code = "md5$x$y"
    person.save()
    client.force_login(person)
    assert "handover_code" in client.get(CHANGE).context["form"].fields
    guess(client, 2, handover_code="AAAA-AAAA")
    person.refresh_from_db()
    assert person.handover_failures == 0


def test_codes_that_lock_raise_the_alert_and_say_when(client, person, settings):
    device = second_factor.device_to_enrol(person)
    second_factor.enrol(person, device)
    enter(client)
    for _attempt in range(5):
        calm(person)
        client.post(CODE, {"code": code_of(device, 50)})
    page = client.post(CODE, {"code": code_of(device)})
    assert (page.status_code, int(page["Retry-After"]) > 0) == (429, True)
    assert SecurityAlert.objects.get(kind="GUESSES").about == person


def test_a_clock_set_back_does_not_lengthen_the_wait_for_a_code(client, person):
    device = second_factor.device_to_enrol(person)
    second_factor.enrol(person, device)
    enter(client)
    client.post(CODE, {"code": code_of(device, 50)})
    person.totpdevice_set.update(throttling_failure_timestamp=timezone.now() + timedelta(days=30))
    assert int(client.post(CODE, {"code": code_of(device)})["Retry-After"]) <= 2


def test_the_interface_s_budget_survives_a_clock_set_back(db):
    from tests.factories import make_client
    from zone.api import throttle

    caller = make_client()
    throttle.take(caller)
    ApiBudget.objects.update(at=timezone.now() + timedelta(days=30))
    assert throttle.take(caller).left > 500


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_many_at_once_get_no_further_than_one_after_another(person, settings):
    settings.PASSWORD_HASH_PATIENCE = timedelta(seconds=20)
    found = at_once(16, lambda n: fail(Client()).status_code)
    assert sorted(found) == [200] * 4 + [429] * 12
    assert AuditEntry.objects.filter(action="LOGIN_FAILED", detail__locked=False).count() == 4


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_many_at_once_get_further(person, settings, monkeypatch, hashes):
    """The negative control: axes alone looks first and counts afterwards."""
    monkeypatch.setattr(lockout, "_alone", lambda request, username: AT_WILL)
    settings.LOGIN_FAILURES_AN_ADDRESS = 100
    at_once(16, lambda n: fail(Client()).status_code)
    assert len(hashes) > 1 + 5


class AtWill:
    def __enter__(self):
        return None

    def __exit__(self, *fault):
        return False


AT_WILL = AtWill()


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_sprayed_at_once_no_more_than_the_limit_is_hashed(person, settings, hashes):
    settings.LOGIN_FAILURES_AN_ADDRESS = 6
    hashes.clear()
    found = at_once(16, lambda n: fail(Client(), username=f"name{n}").status_code)
    assert (sorted(found), len(hashes)) == ([200] * 6 + [429] * 10, 6)


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_old_passwords_guessed_at_once_are_five(person, hashes):
    browsers = [Client() for _ in range(12)]
    for browser in browsers:
        browser.force_login(person)
    hashes.clear()
    found = at_once(12, lambda n: guess(browsers[n], 1).status_code)
    assert (found.count(302), len(hashes)) == (8, 5)


def test_the_form_says_the_limits_of_the_settings(client, person, settings):
    settings.AXES_COOLOFF_TIME = timedelta(minutes=25)
    assert "25 分钟" in fail(client).text


def test_the_login_page_is_as_before_for_who_only_looks(client, db):
    page = client.get(LOGIN)
    assert (page.status_code, "Retry-After" in page) == (200, False)
