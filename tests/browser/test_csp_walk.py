"""Every page each role can open is drawn without a violation, and a violation is noticed."""

import re
from html import unescape

import pytest
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import Page, expect

from crm.models import Lead
from tests import factories
from tests.test_admin_pages import fill

INJECTED = """<!doctype html><title>x</title><h1 onclick="window.attribute = 1">x</h1>
<p style="color: red">x</p><style>h1 { color: red }</style>
<script>window.inline = 1</script>
<a href="javascript:window.address = 1">x</a>"""
LINKS = "(links) => links.map((link) => link.getAttribute('href'))"
EXECUTED = "[window.inline, window.attribute, window.address].filter(Boolean)"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def addresses(model) -> list[str]:
    """Return the admin's pages for ``model`` and for one of its rows."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = model._default_manager.first()
    pages = [("changelist", ()), *([("change", (row.pk,))] if row else [])]
    if model is Lead:  # these look the same for every model
        pages += [("add", ()), ("history", (row.pk,)), ("delete", (row.pk,))]
    return [reverse(f"{name}_{page}", args=args) for page, args in pages]


def look_at(page: Page, address: str) -> int:
    """Open a page as a person does, wait until the skin stands, return the status."""
    answer = page.goto(address, wait_until="load")
    page.wait_for_function("!document.querySelector('[x-cloak]:not(template)') || !window.Alpine")
    return answer.status


def forget_the_note_on(status: int, problems: list[str]) -> None:
    """Drop the console's own note on the status of a page: it is no fault of the page."""
    problems[:] = [problem for problem in problems if f"a status of {status}" not in problem]


def test_every_page_of_every_model_is_drawn(enter, problems):
    root = factories.make_user(is_superuser=True)
    fill(1, root)
    page = enter(root)
    opened = {a: look_at(page, a) for model in admin.site._registry for a in addresses(model)}
    assert len(opened) > len(admin.site._registry)
    assert {a: status for a, status in opened.items() if status not in (200, 403)} == {}
    forget_the_note_on(403, problems)


def test_what_a_specialist_finds_in_the_sidebar_is_drawn(enter):
    fill(1, factories.make_user())
    page = enter(factories.make_user("specialist"))
    assert look_at(page, "/admin/") == 200
    links = page.eval_on_selector_all("#nav-sidebar-apps a", LINKS)
    assert {address: look_at(page, address) for address in links} == dict.fromkeys(links, 200)


@pytest.mark.parametrize("role", ["park_operator", "auditor"])
def test_what_a_role_finds_in_its_sidebar_opens(as_user, role):
    """Drawn is the same for all of them."""
    fill(1, factories.make_user())
    client = as_user(factories.make_user(role))
    menu = client.get("/admin/", follow=True).text.split('id="nav-sidebar-apps"')[1]
    links = re.findall(r'<a href="(/admin/[^"]*)"', menu.split("zone-person")[0])
    assert links
    answers = {unescape(link): client.get(unescape(link)).status_code for link in links}
    assert set(answers.values()) == {200}, answers


def test_the_pages_of_each_state_change_are_drawn(enter):
    office = factories.make_office()
    page = enter(office)
    lead = factories.make_lead(owner=office)
    project = factories.make_project(handler=office)
    agreement = factories.make_agreement(project=project)
    opened = 0
    for row in (lead, project, agreement):
        model_admin = admin.site._registry[type(row)]
        for action in model_admin.state_actions:
            if action.allowed(row, office):
                address = reverse(f"admin:{action.url_name(type(row))}", args=[row.pk])
                assert look_at(page, address) == 200, address
                opened += 1
    assert opened >= 4


def test_the_progress_page_is_drawn_light_dark_and_on_a_phone(enter):
    office = factories.make_office()
    factories.make_target("SIGNED_AMOUNT", 2_390_000)
    factories.make_counted(597_500)
    page = enter(office)
    for width in (390, 1440):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            assert look_at(page, "/admin/progress/?year=2025&on=2025-03-31") == 200
            expect(page.locator(".zp-chart >> visible=true").first).to_be_visible()
            is_dark = page.evaluate("document.documentElement.classList.contains('dark')")
            assert is_dark == (scheme == "dark")


@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_is_drawn(enter, problems, status):
    page = enter(factories.make_user("auditor"))
    address = "/nowhere/" if status == 404 else reverse("admin:crm_lead_changelist")
    assert look_at(page, address) == status
    assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") != "none"
    forget_the_note_on(status, problems)


def serve(page: Page, body: str, **headers) -> None:
    """Answer /healthz with ``body`` under the headers that came with it."""

    def answer(route):
        real = route.fetch()
        kept = {**real.headers, "content-type": "text/html", **headers}
        kept.pop("content-length", None)
        route.fulfill(status=200, headers=kept, body=body)

    page.route("**/healthz", answer)
    page.goto("/healthz")


def blocked(page: Page, problems: list[str], number: int) -> list[str]:
    """Return the directives that blocked something, once ``number`` of them are told."""
    for _ in range(100):
        found = [re.search(r"blocked by the policy: (\S+)", one) for one in problems]
        told = sorted(one[1] for one in found if one)
        if len(told) >= number:
            break
        page.wait_for_timeout(50)
    return told


def test_what_is_written_into_a_page_does_not_run_and_is_noticed(page: Page, problems: list[str]):
    serve(page, INJECTED)
    page.click("h1")
    page.click("a")
    # The link's address counts as a script too, and is told after the click has returned.
    assert blocked(page, problems, 5) == [
        *("script-src-attr", "script-src-elem", "script-src-elem"),
        *("style-src-attr", "style-src-elem"),
    ]
    assert page.evaluate(EXECUTED) == []
    page.close()  # what else the browser has to say comes before that is done
    problems.clear()


def test_without_the_policy_it_would_run(page: Page):
    serve(page, INJECTED, **{"content-security-policy": ""})
    page.click("h1")
    page.click("a")
    page.wait_for_function(f"({EXECUTED}).length === 3")  # an event may come a moment later
    assert page.evaluate(EXECUTED) == [1, 1, 1]


def test_text_is_never_run_as_a_script(page: Page, problems: list[str]):
    page.goto("/healthz")
    page.evaluate("setTimeout('window.inline = 1')")
    assert blocked(page, problems, 1) == ["script-src"]
    assert page.evaluate("window.inline") is None
    page.close()  # what else the browser has to say comes before that is done
    problems.clear()
