"""The database goes away under a real gunicorn: a page says so, and then all works again."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPMessage
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest

from tests.faults.conftest import folder_for_all
from zone.database.checkout import ROOT
from zone.database.cluster import Cluster

pytestmark = pytest.mark.slow
PAGES = ("/admin/login/", "/admin/", "/", "/admin/crm/lead/")
HEADING = "暂时不可用"
TOKEN = "a" * 32
SESSION_OF = """
import django; django.setup()
from django.test import Client
from tests import factories
client = Client()
client.force_login(factories.make_user(username="root", is_superuser=True))
client.get("/admin/account/", headers={"host": "127.0.0.1"})
print(client.cookies["sessionid"].value)
"""


class Site:
    """gunicorn as in production, on a cluster of the test's own."""

    def __init__(self, root: Path, environment: dict[str, str]):
        self.root, self.environment = root, environment
        self.cluster = Cluster(root / "postgres")
        self.log = root / "site.log"

    def begin(self) -> None:
        self.cluster.start()
        self.environment |= {"DATABASE_URL": self.cluster.url}
        self.manage("migrate", "-v0")
        self.session = self.python("-c", SESSION_OF)
        self.environment |= {"DEBUG": "0", "SECURE_SSL_REDIRECT": "0", "ALLOWED_HOSTS": "127.0.0.1"}
        self.manage("collectstatic", "--noinput", "-v0")

    def manage(self, *args: str) -> str:
        return self.python("manage.py", *args)

    def python(self, *args: str) -> str:
        command = [sys.executable, *args]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    @contextlib.contextmanager
    def down(self) -> Iterator[None]:
        self.cluster.stop()
        try:
            yield
        finally:
            self.cluster.start()

    @contextlib.contextmanager
    def serving(self, **environment: str) -> Iterator["Site"]:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "--config", "zone/gunicorn.py", "zone.wsgi"]
        environment = self.environment | {"PORT": str(self.port)} | environment
        prefix = "" if environment["DEBUG"] == "1" else "__Host-"
        self.cookie = f"{prefix}sessionid={self.session}; {prefix}csrftoken={TOKEN}"
        with self.log.open("wb") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            self.wait_for("/readyz", 200)
            yield self
        finally:
            process.terminate()
            process.wait(40)

    def get(self, path: str, body: bytes | None = None, **headers) -> tuple[int, HTTPMessage, str]:
        headers = {"Cookie": self.cookie} | {n.replace("_", "-"): v for n, v in headers.items()}
        address = f"http://127.0.0.1:{self.port}{path}"
        try:
            answer = urllib.request.urlopen(
                urllib.request.Request(address, body, headers), timeout=30
            )
        except urllib.error.HTTPError as refused:
            answer = refused
        with answer:
            return answer.status, answer.headers, answer.read().decode()

    def post(self, path: str, **fields: str) -> tuple[int, HTTPMessage, str]:
        body = urlencode({"csrfmiddlewaretoken": TOKEN, **fields})
        return self.get(path, body.encode())

    def wait_for(self, path: str, status: int) -> None:
        deadline, found = time.monotonic() + 60, None
        while found != status:
            with contextlib.suppress(OSError):
                found = self.get(path)[0]
            assert time.monotonic() < deadline, (found, self.log.read_text())
            time.sleep(0.1)

    def said(self, before: int) -> str:
        return self.log.read_bytes()[before:].decode()


@pytest.fixture(scope="module")
def site(clean_environment) -> Iterator[Site]:
    root = folder_for_all()
    environment = clean_environment | {
        "OWN_MACHINE": "1",
        "SECRET_KEY": "x" * 50,
        "CONTACT_KEY": "y" * 50,
        "DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "zone.settings",
        "UPLOADS": str(root / "uploads"),
        "STATIC_ROOT": str(root / "static"),
        "SECOND_FACTOR_ROLES": "NONE",
        "GUNICORN_WORKERS": "1",
        "GUNICORN_GRACEFUL_TIMEOUT": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), clean_environment["PYTHONPATH"]]),
    }
    site = Site(root, environment)
    try:
        site.begin()
        yield site
    finally:
        site.cluster.remove()
        shutil.rmtree(root)


def check_page(answer: tuple[int, HTTPMessage, str], path: str) -> None:
    status, headers, text = answer
    assert (status, headers["Retry-After"]) == (503, "30"), path
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert HEADING in text, path
    assert "没有保存" in text
    assert "Traceback" not in text
    assert "postgres" not in text.lower()
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert text.endswith("</html>\n")


@pytest.mark.parametrize("debug", ["0", "1"])
def test_every_page_says_503_while_the_database_is_down_and_works_when_it_is_back(site, debug):
    with site.serving(DEBUG=debug):
        assert site.get("/admin/")[0] == 200
        with site.down():
            for path in PAGES:
                before = site.log.stat().st_size
                check_page(site.get(path), path)
                said = site.said(before)
                assert "Traceback" not in said
                assert sum("OperationalError" in line for line in said.splitlines()) == 1, said
            check_page(site.post("/admin/login/", username="a", password="b"), "login")
            key = "Bearer crm_0123456789ab_x"
            status, headers, text = site.get("/api/v1/me", Authorization=key)
            assert (status, json.loads(text)["code"]) == (503, "unavailable")
            assert headers["Content-Type"] == "application/problem+json"
            assert headers["Retry-After"]
            assert site.get("/readyz")[::2] == (503, "not ready")
            assert site.get("/healthz")[::2] == (200, "ok")
        assert [site.get(path)[0] for path in PAGES] == [200] * len(PAGES)


def test_a_page_in_english_says_so_in_english(site):
    with site.serving(), site.down():
        status, _headers, text = site.get("/admin/", Cookie=f"{site.cookie}; django_language=en")
        assert (status, "Not available at the moment" in text) == (503, True)


def test_backends_that_are_terminated_cost_no_request(site):
    with site.serving():
        assert site.get("/admin/")[0] == 200
        with site.cluster.connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'zone'"
            )
        assert site.get("/admin/")[0] == 200


def test_no_connection_left_and_a_server_that_only_reads_are_told_like_one_that_is_down(site):
    with site.cluster.connect() as admin:
        with site.serving():
            try:
                admin.execute("ALTER ROLE zone CONNECTION LIMIT 0")
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'zone'"
                )
                check_page(site.get("/admin/"), "no connection")
            finally:
                admin.execute("ALTER ROLE zone CONNECTION LIMIT -1")
            assert site.get("/admin/")[0] == 200
        try:
            admin.execute("ALTER ROLE zone SET default_transaction_read_only = on")
            with site.serving():
                before = site.log.stat().st_size
                check_page(site.post("/admin/account/sign-out/"), "only reads")
                assert "Traceback" not in site.said(before)
        finally:
            admin.execute("ALTER ROLE zone RESET default_transaction_read_only")


def test_a_statement_that_is_cut_in_mid_request_is_told(site):
    """A query that waits for a lock is cancelled, then its backend is terminated."""
    with site.serving(), psycopg.connect(site.cluster.url) as holder:
        assert site.get("/admin/crm/lead/")[0] == 200
        for cut in ("pg_cancel_backend", "pg_terminate_backend"):
            holder.execute("LOCK TABLE crm_lead IN ACCESS EXCLUSIVE MODE")
            with ThreadPoolExecutor(1) as pool, site.cluster.connect() as admin:
                answer = pool.submit(site.get, "/admin/crm/lead/")
                query = (
                    f"SELECT {cut}(pid) FROM pg_stat_activity"
                    " WHERE usename = 'zone' AND wait_event_type = 'Lock'"
                )
                deadline = time.monotonic() + 20
                while not admin.execute(query).fetchall():
                    assert time.monotonic() < deadline, (answer, site.log.read_text())
                    time.sleep(0.05)
                check_page(answer.result(), cut)
            holder.rollback()
            assert site.get("/admin/crm/lead/")[0] == 200
