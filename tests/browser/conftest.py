"""A real Chromium for tests that click: `page` is a clean tab that fails on what nobody saw."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Without these, Chromium calls home, and the calls count as requests to other hosts.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HERE = Path(__file__).parent
TIMEOUT = 15_000  # milliseconds
expect.set_options(timeout=TIMEOUT)  # a machine with all its cores busy takes its time
# The console names most violations, not all: an event comes for each.
SAY_WHAT_IS_BLOCKED = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`blocked by the policy: ${event.effectiveDirective} ${event.blockedURI} `
    + `${event.sourceFile}:${event.lineNumber} ${event.sample}`))"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where Chromium is: a reason to skip where there is none, unless REQUIRE_BROWSER=1."""
    for path in filter(None, map(shutil.which, NAMES)):
        return path
    reason = "no Chromium found: apt-get install chromium fonts-noto-cjk"
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="package")
def browser(chromium_path: str) -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread, where Django would refuse every query.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def problems() -> list[str]:
    """What went wrong in the tab; a test that provokes something looks at it and clears it."""
    return []


@pytest.fixture
def page(browser: Browser, live_server, problems: list[str]) -> Iterator[Page]:
    """A tab on the running site: page.goto("/admin/")."""
    context = browser.new_context(
        base_url=live_server.url,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        viewport={"width": 1280, "height": 900},
    )
    context.set_default_timeout(TIMEOUT)
    guard(context, live_server.url, problems)
    yield context.new_page()
    context.close()
    assert problems == []


@pytest.fixture
def enter(page: Page, live_server):
    """Return a function that lets a person in without the login page."""

    def enter(user) -> Page:
        client = Client()
        client.force_login(user)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
        )
        return page

    return enter


def guard(context, address: str, problems: list[str]) -> None:
    """Note console errors, exceptions, what the policy blocks, and requests to other hosts.

    Requests to other hosts are refused too.
    """

    def refuse(route: Route) -> None:
        problems.append(f"request to another host: {route.request.url}")
        route.abort()

    def note(message) -> None:
        if message.type == "error":
            problems.append(f"console: {message.text}")

    context.add_init_script(SAY_WHAT_IS_BLOCKED)
    # A pattern, not a function: own requests then pass without a round trip through Python.
    context.route(re.compile(f"^(?!{re.escape(address)}/|data:|blob:|about:)"), refuse)
    context.on("console", note)
    context.on("weberror", lambda error: problems.append(f"exception: {error.error}"))
