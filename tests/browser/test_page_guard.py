"""The guard on every tab has to see what it is there for."""

import contextlib

from playwright.sync_api import Error, Page

BLOCKED = "console: blocked by the policy: connect-src"


def wait_for(page: Page, problems: list[str], beginning: str):
    """Give what is noticed a moment later up to five seconds."""
    for _turn in range(100):
        if any(one.startswith(beginning) for one in problems):
            return
        page.wait_for_timeout(50)


def test_a_quiet_page_passes(page: Page):
    page.goto("/healthz")
    assert page.inner_text("body") == "ok"


def test_a_console_error_is_noticed(page: Page, problems: list[str]):
    page.goto("/healthz")
    page.evaluate("console.error('broken')")
    assert problems == ["console: broken"]
    problems.clear()


def test_an_exception_is_noticed(page: Page, problems: list[str]):
    page.goto("/healthz")
    page.evaluate("setTimeout(() => { throw new Error('boom') })")
    wait_for(page, problems, "exception")
    assert [problem.split("\n")[0] for problem in problems] == ["exception: boom"]
    problems.clear()


def test_a_request_to_another_host_is_refused_and_noticed(page: Page, problems: list[str]):
    with contextlib.suppress(Error):
        page.goto("http://192.0.2.1/tracker")
    assert problems == ["request to another host: http://192.0.2.1/tracker"]
    problems.clear()


def test_a_page_of_ours_may_not_even_ask_another_host(page: Page, problems: list[str]):
    page.goto("/healthz")
    with contextlib.suppress(Error):
        page.evaluate("fetch('http://192.0.2.1/tracker.js')")
    wait_for(page, problems, BLOCKED)
    assert any(one.startswith(BLOCKED) for one in problems)
    assert not any("request to another host" in one for one in problems)
    problems.clear()
