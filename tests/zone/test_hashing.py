"""Password hashes a few at once: many logins leave the rest of the site its threads."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import BoundedSemaphore, Event, Thread

import httpx
import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password
from django.db import connection

from tests.factories import make_user
from tests.faults.test_start import free_port
from tests.zone.test_accounts import change, logged_in
from tests.zone.test_login import PASSWORD, enter
from zone.database.checkout import ROOT
from zone.login import hashing
from zone.login.hashing import Busy
from zone.models import AuditEntry, Throttle

POSTS = 24


@pytest.fixture
def patience(settings):
    """Let nobody wait long."""
    settings.PASSWORD_HASH_PATIENCE = timedelta(milliseconds=50)


@pytest.fixture
def taken(patience) -> Iterator[None]:
    """Somebody else's password is being checked all the while."""
    with hashing._turn():
        yield


@pytest.fixture
def person(db):
    user = make_user("statistician", username="tongji")
    user.password = "argon2$" + Argon2PasswordHasher().encode(PASSWORD, "s" * 22)[7:]
    user.save()
    return user


def test_a_hash_has_its_turn_and_gives_it_back():
    encoded = make_password(PASSWORD)
    assert encoded.startswith("argon2$argon2id$")
    assert [check_password(PASSWORD, encoded), check_password("other", encoded)] == [True, False]


@pytest.mark.parametrize("hasher", ["argon2", "pbkdf2_sha256"])
def test_without_a_turn_nothing_is_computed(hasher):
    encoded = make_password(PASSWORD, hasher=hasher)
    with hashing._turn():
        for work in (make_password, lambda text: check_password(text, encoded)):
            began = time.monotonic()
            with pytest.raises(Busy):
                ThreadPoolExecutor(1).submit(work, PASSWORD).result()
            assert time.monotonic() - began < 5


def test_whoever_waits_is_let_in_and_more_than_wait_are_sent_away_at_once(settings, monkeypatch):
    settings.PASSWORD_HASH_PATIENCE = timedelta(seconds=30)
    monkeypatch.setattr(hashing, "_running", BoundedSemaphore(1))
    monkeypatch.setattr(hashing, "_admitted", BoundedSemaphore(2))
    had, end = Event(), Event()

    def wait():
        with hashing._turn():
            had.set()
            end.wait(30)

    with hashing._turn():
        waiting = Thread(target=wait)
        waiting.start()
        while hashing._admitted._value:
            time.sleep(0.01)
        with pytest.raises(Busy), hashing._turn():
            pass
        assert not had.is_set()
    assert had.wait(30)
    end.set()
    waiting.join()
    with hashing._turn():
        pass


def test_a_login_without_a_turn_keeps_the_name_and_counts_nothing(client, person, taken):
    page = enter(client)
    assert (page.status_code, page["Retry-After"]) == (503, "2")
    assert 'value="tongji"' in page.text
    assert "当前登录人数过多" in page.text
    assert not AuditEntry.objects.exists()
    assert {row.tokens.__ceil__() for row in Throttle.objects.all()} == {20, 200}


def test_a_change_without_a_turn_is_a_page_that_says_so_and_counts_nothing(person, taken):
    client = logged_in(person)
    page = change(client, old=PASSWORD)
    assert (page.status_code, page["Retry-After"]) == (503, "2")
    assert "系统繁忙" in page.text
    assert {row.tokens.__ceil__() for row in Throttle.objects.all()} == {5}


def test_another_fault_is_no_busy_page(rf):
    assert hashing.BusyMiddleware(None).process_exception(rf.get("/"), ValueError()) is None


@pytest.fixture
def served(transactional_db) -> Iterator[str]:
    """The address of the site under gunicorn as it is set up for production, but for TLS."""
    port, found = free_port(), connection.settings_dict
    url = (
        f"postgresql://{found['USER']}:{found['PASSWORD']}@{found['HOST']}:{found['PORT']}"
        f"/{found['NAME']}?sslmode=disable"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "zone/gunicorn.py", "zone.wsgi"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url, "DEBUG": "1", "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 120
        for _worker in range(12):
            while time.monotonic() < deadline:
                with contextlib.suppress(httpx.HTTPError):
                    if httpx.get(f"{address}/admin/login/", timeout=60).status_code == 200:
                        break
                time.sleep(0.1)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


class Visitor:
    """A stranger with the login page open: posts need no further page before them."""

    def __init__(self, address: str):
        page = httpx.get(f"{address}/admin/login/", timeout=60)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[1]
        self.address, self.cookies = address, dict(page.cookies)
        self.data = {"csrfmiddlewaretoken": token, "password": PASSWORD}

    def login(self, name: str) -> httpx.Response:
        return httpx.post(
            f"{self.address}/admin/login/",
            data=self.data | {"username": name},
            headers={"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())},
            timeout=120,
        )


def slowest(address: str, meanwhile: Event) -> list[float]:
    """Return how long ``/healthz`` took, asked every 50 ms until ``meanwhile`` is over."""
    took = []
    with httpx.Client(base_url=address, timeout=60) as browser:
        while not meanwhile.wait(0.05) or not took:
            began = time.monotonic()
            assert browser.get("/healthz", headers={"Connection": "close"}).text == "ok"
            took.append(time.monotonic() - began)
    return took


@pytest.mark.slow
@pytest.mark.parametrize("name", ["name{}", "tongji"])
def test_many_logins_at_once_leave_the_rest_of_the_site_alone(served, name):
    """The worst answer of ``/healthz`` takes a fraction of so many logins one after another."""
    visitor = Visitor(served)
    began = time.monotonic()
    assert visitor.login("first").status_code == 200
    alone = time.monotonic() - began
    over = Event()
    with ThreadPoolExecutor(POSTS + 1) as pool:
        health = pool.submit(slowest, served, over)
        answers = list(pool.map(lambda n: visitor.login(name.format(n)), range(POSTS)))
        over.set()
    codes, took = [answer.status_code for answer in answers], health.result()
    # On a fast machine each has its turn in time, and none is sent away with 503.
    assert {200} <= {*codes} <= {200, 429, 503}
    assert all("Retry-After" in answer.headers for answer in answers if answer.status_code != 200)
    assert max(took) < max(2.0, POSTS * alone / 4), f"{codes} {took}"
    assert visitor.login("last").status_code in (200, 429)
