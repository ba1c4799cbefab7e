"""What each response says to the browser: nothing from elsewhere, nothing written into a page."""

import re
from hashlib import sha256
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.staticfiles import finders
from django.template.loader import get_template
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.test_admin_pages import fill

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
HANDLER = re.compile(r"^on[a-z]+$")
POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
# Unfold's files of which zone/templates holds a copy with a line or two changed. A new Unfold that
# changes one of them fails here: compare it with our copy, then note its sum.
COPIED = {
    "admin/actions.html": "b5332aace8e6",
    "unfold/helpers/command.html": "ae6ce324d853",
    "unfold/helpers/welcomemsg.html": "e8eab02522ba",
    "unfold/layouts/skeleton.html": "66af9f0bb45f",
    "unfold/js/app.js": "be01a34d18a8",
}


def policy(response) -> dict:
    parts = response.headers.get("Content-Security-Policy", "").split(";")
    return dict(part.strip().split(" ", 1) for part in parts if part.strip())


class Inline(HTMLParser):
    """Collects what a page would run or paint by itself: the policy blocks all of it."""

    def __init__(self, html: str):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        data = attrs.get("type", "") in {"application/json", "text/template"}
        if tag == "style" or (tag == "script" and "src" not in attrs and not data):
            self.found.append(f"<{tag}>")
        for name, value in attrs.items():
            if name == "style" or HANDLER.match(name):
                self.found.append(f"{name}={value}")
            if (value or "").strip().lower().startswith("javascript:"):
                self.found.append(value)


def addresses() -> list[str]:
    """Return the list, add, change, delete and history page of every registered model."""
    found = [reverse("admin:index"), reverse("admin:password_change"), reverse("progress")]
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found += [reverse(f"{name}_{page}") for page in ("changelist", "add")]
        row = model._default_manager.first()
        pages = ("change", "delete", "history") if row else ()
        found += [reverse(f"{name}_{page}", args=(row.pk,)) for page in pages]
    return found


def boom(*args, **kwargs):
    raise RuntimeError("boom")


def each_kind_of_response(client: Client, monkeypatch) -> dict:
    """Return {what it is: response} for whatever a browser may get from us."""
    office = factories.make_office()
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
    found = {
        "login": client.get("/admin/login/"),
        "redirect": client.get("/admin/"),
        "alive": client.get("/healthz"),
        "ready": client.get("/readyz"),
        "static": client.get("/static/zone/admin.js"),
        "400": client.get("/admin/login/", headers={"host": "elsewhere.example"}),
        "404": client.get("/nowhere/"),
        "403 without a token": strict.post("/admin/login/", {}),
        "405": client.post("/healthz"),
    }
    client.force_login(factories.make_user("auditor"))
    found["403"] = client.get(reverse("admin:crm_lead_changelist"))
    client.force_login(office)
    for name in ("index", "crm_lead_changelist", "crm_lead_add", "jsi18n"):
        found[name] = client.get(reverse(f"admin:{name}"))
    found["progress"] = client.get(reverse("progress"))
    found["autocomplete"] = client.get(reverse("admin:autocomplete"))
    monkeypatch.setattr("crm.admin.leads.LeadAdmin.get_queryset", boom)
    client.raise_request_exception = False
    found["500"] = client.get(reverse("admin:crm_lead_changelist"))
    return found


def test_every_kind_of_response_carries_the_whole_policy(client, settings, monkeypatch):
    settings.DEBUG = False
    responses = each_kind_of_response(client, monkeypatch)
    assert {name: policy(response) for name, response in responses.items()} == dict.fromkeys(
        responses, POLICY
    )
    statuses = {response.status_code for response in responses.values()}
    assert statuses >= {200, 302, 400, 403, 404, 405, 500}


def test_every_kind_of_response_carries_the_other_headers(client, settings, monkeypatch):
    settings.DEBUG = False
    for name, response in each_kind_of_response(client, monkeypatch).items():
        assert response.headers["X-Content-Type-Options"] == "nosniff", name
        assert response.headers["Referrer-Policy"] == "same-origin", name
        assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        assert "camera=()" in response.headers["Permissions-Policy"], name
        assert response.headers["X-Frame-Options"] == "DENY", name


def test_nothing_in_the_policy_is_unsafe():
    assert not [value for value in POLICY.values() if "unsafe" in value or "*" in value]


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<script>run()</script>", ["<script>"]),
        ("<b onclick='run()'>", ["onclick=run()"]),
        ("<a href=' JavaScript:run()'>", [" JavaScript:run()"]),
        ("<p style='color: red'>", ["style=color: red"]),
        ("<style>p {}</style>", ["<style>"]),
        ("<script src='/a.js'></script><script type='application/json'>{}</script>", []),
    ],
)
def test_the_scanner_finds_what_the_policy_would_block(html, found):
    assert Inline(html).found == found


@pytest.mark.slow
def test_no_page_of_the_admin_holds_anything_inline(client):
    root = factories.make_user(is_superuser=True)
    fill(1, root)
    client.force_login(root)
    pages = {address: client.get(address) for address in addresses()}
    pages |= {"/admin/login/": Client().get("/admin/login/"), "/nowhere/": client.get("/nowhere/")}
    assert {a: Inline(page.text).found for a, page in pages.items()} == {a: [] for a in pages}
    assert len(pages) > 4 * len(admin.site._registry)


def test_no_template_of_ours_holds_anything_inline():
    templates = [p for app in ("zone", "crm", "projects") for p in (ROOT / app).rglob("*.html")]
    found = {path: Inline(path.read_text()).found for path in templates}
    assert {path: inline for path, inline in found.items() if inline} == {}
    assert templates


def test_the_skin_runs_alpine_without_eval():
    script = Path(finders.find("unfold/js/alpine/alpine.js"))
    assert script.is_relative_to(ROOT / "zone")
    # How Alpine's usual build comes by its eval.
    assert not re.search(r"async function\(\)\s*\{\}", script.read_text())
    assert script.with_name("LICENSE").is_file()


def test_our_copies_of_the_skins_templates_are_used():
    for name in COPIED:
        if name.endswith(".html"):
            assert Path(get_template(name).origin.name).is_relative_to(ROOT / "zone")


def test_the_skin_is_the_one_our_copies_were_made_of():
    skin = Path(find_spec("unfold").origin).parent
    folders = {".html": skin / "templates", ".js": skin / "static"}
    sums = {
        name: sha256((folders[Path(name).suffix] / name).read_bytes()).hexdigest()[:12]
        for name in COPIED
    }
    assert sums == COPIED
