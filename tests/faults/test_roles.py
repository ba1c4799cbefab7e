"""The site as people run it logs in as the application, and everything in README works so."""

import re
import subprocess
import sys
from http.cookiejar import CookieJar
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.database import THROWAWAY
from tests.faults.test_start import LIMIT, manage, refused
from zone.database.cluster import Cluster, free_port
from zone.login.demo import DEMO_PASSWORD

pytest_plugins = ["tests.faults.test_start"]
pytestmark = pytest.mark.slow
WHO = """SELECT DISTINCT usename FROM pg_stat_activity
WHERE datname = 'zone' AND application_name = 'zone' AND pid <> pg_backend_pid()"""


class Browser:
    """Somebody who is logged in."""

    def __init__(self, port: int, name: str):
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", cookies=CookieJar(), follow_redirects=True
        )
        self.submit("/admin/login/", username=name, password=DEMO_PASSWORD)
        assert "sessionid" in self.http.cookies

    def submit(self, path: str, files=None, **values) -> httpx.Response:
        page = self.http.get(path)
        assert page.status_code == 200, page.text
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)', page.text)[1]
        answer = self.http.post(
            path, data={"csrfmiddlewaretoken": token, **values}, files=files,
            headers={"Referer": str(self.http.base_url)},
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return answer


def test_the_site_works_and_nobody_logs_in_as_owner(start, with_data, clean_environment):
    server = start().ready()
    cluster = Cluster(with_data / "var" / "postgres")
    manage(with_data, clean_environment, "verify_audit")
    browser = Browser(server.port, "office")
    assert browser.http.get("/admin/crm/lead/").status_code == 200
    key = manage(
        with_data, clean_environment, "create_api_client", "示例", "--zone", "--source=oa",
        "--scopes", "enterprises:read,enterprises:write,leads:read,leads:write,changes:read",
    ).split()[-1]  # fmt: skip
    api = httpx.Client(
        base_url=f"http://127.0.0.1:{server.port}/api/v1",
        headers={"Authorization": f"Bearer {key}"},
    )
    item = {"external_id": "E-1", "data": {"name": "示例推送有限公司", "chain": "new-energy"}}
    sent = {"source": "oa", "items": [item]}
    answer = api.post("/enterprises/batch-upsert", json=sent)
    assert answer.json()["results"][0]["status"] == 201, answer.text
    upload = api.post(
        "/enterprises/uploads?source=oa",
        content=b'{"external_id": "E-2", "data": {"name": "x", "chain": "new-energy"}}\n',
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert upload.status_code in (200, 202), upload.text
    assert api.get("/changes?from=now").status_code == 200
    for command in (
        ["load_zone"], ["load_demo"], ["check_uploads"], ["retain", "--really"], ["rekey_contacts"],
        ["clearsessions"], ["trim_feed"], ["work", "--once"], ["api_schema", "--check"],
        ["verify_audit"], ["check", "--database", "default", "--tag", "sync"],
        ["purge_audit", "--before", "2020-01-01", "--really"], ["clear_demo", "--keep-people"],
    ):  # fmt: skip
        manage(with_data, clean_environment, *command)
    with cluster.connect() as superuser:
        assert {name for (name,) in superuser.execute(WHO)} == {"zone_app"}
    assert "permission denied" not in server.log.read_text()
    assert "permission denied" not in cluster.log.read_text()


def test_a_database_of_ones_own_with_two_logins(checkout, clean_environment, tmp_path):
    """As README has it: the roles, then migrate with the owner's login, the rest without."""
    external = Cluster(tmp_path / "external", THROWAWAY)
    try:
        external.start()
        roles = readme_statements()
        with external.connect() as superuser:
            for statement in roles:
                superuser.execute(statement)
        place = f"127.0.0.1:{external.port}/crm"
        production = clean_environment | {
            "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "CONTACT_KEY": "c" * 40, "ALLOWED_HOSTS": "crm.example.org", "DEBUG": "0",
            "CSRF_TRUSTED_ORIGINS": "https://crm.example.org",
            "DATABASE_URL": f"postgres://crm_app:password@{place}",
        }  # fmt: skip
        owner = production | {"DATABASE_OWNER_URL": f"postgres://crm:other@{place}"}
        deploy = ("check", "--deploy", "--fail-level", "WARNING")
        manage(checkout, production, *deploy)
        assert "DATABASE_OWNER_URL" in refused(checkout, production, "migrate")
        manage(checkout, owner, "migrate", "-v0")
        manage(checkout, production, *deploy)
        manage(checkout, production, "load_zone")
        manage(checkout, production, "verify_audit")
        manage(checkout, owner, "purge_audit", "--before", "2020-01-01", "--really")
        assert "DATABASE_OWNER_URL" in refused_with(
            checkout, production, "purge_audit", "--before", "2020-01-01", "--really"
        )
        only_owner = production | {"DATABASE_URL": owner["DATABASE_OWNER_URL"]}
        assert "zone.E103" in refused_with(checkout, only_owner, *deploy)
        assert "DATABASE_OWNER_URL" in refused_with(checkout, owner, "work", "--once")
        with (
            psycopg.connect(production["DATABASE_URL"]) as application,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            application.execute("ALTER TABLE zone_auditentry DISABLE TRIGGER ALL")
    finally:
        external.remove()


def readme_statements() -> list[str]:
    text = (Path(__file__).parents[2] / "README.md").read_text()
    block = re.search(r"```sql\n(.*?)```", text, re.S)[1].replace("…", "password", 1)
    return [line for line in block.replace("…", "other").splitlines() if line.strip()]


def refused_with(checkout: Path, environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=checkout, env=environment, capture_output=True, text=True, timeout=LIMIT,
    )  # fmt: skip
    assert done.returncode != 0
    return done.stderr


def test_gunicorn_refuses_the_owners_login(checkout, clean_environment):
    environment = clean_environment | {
        "DATABASE_OWNER_URL": "postgres://o@h/x",
        "GUNICORN_BIND": f"127.0.0.1:{free_port()}",
    }
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--config", "zone/gunicorn.py", "zone.wsgi"],
        cwd=checkout, env=environment, capture_output=True, text=True, timeout=LIMIT,
    )  # fmt: skip
    assert done.returncode != 0
    assert "DATABASE_OWNER_URL is for migrate" in done.stderr
