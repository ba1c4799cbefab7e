"""Open the lead list as a phone on a slow line does: the server of production, Chromium, throttled.

Everything happens in a database of its own that is dropped at the end.
"""

from __future__ import annotations

import shutil
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from projects.management.benching import database_of_its_own, production_server, session_cookie
from projects.management.seeding import PEOPLE_BY_ROLE, seed

SCREEN = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3}
PHONE = SCREEN | {"is_mobile": True, "has_touch": True, "locale": "zh-CN"}
CPU_SLOWER = 4
LINE = {
    "offline": False,
    "latency": 150,  # milliseconds
    "downloadThroughput": 1_600_000 / 8,  # bytes a second
    "uploadThroughput": 750_000 / 8,
}
KINDS = {"Document": "html", "Stylesheet": "css", "Script": "js", "Font": "font"}
COLUMNS = ("html", "css", "js", "font", "other")
LIMITS = {"first": "350 KB, 2.5 s", "second": "60 KB"}
IDLE = 1_500  # milliseconds in which a page asks for what it needs after it has loaded
TIMING = """() => { const page = performance.getEntriesByType("navigation")[0];
  return [page.loadEventEnd / 1000, page.decodedBodySize] }"""


@dataclass
class Visit:
    """Bytes on the wire by kind, requests, seconds until load, bytes of HTML before gzip."""

    kinds: Counter
    requests: int
    seconds: float
    html: int


class Command(BaseCommand):
    help = "Time the lead list on an emulated phone, by kind of file; the second visit, too."

    def add_arguments(self, parser):
        parser.add_argument("--leads", type=int, default=100_000)
        parser.add_argument("--rounds", type=int, default=3)
        parser.add_argument("--role", choices=PEOPLE_BY_ROLE, default="specialist")

    def handle(self, *, leads: int, rounds: int, role: str, **options):
        with database_of_its_own():
            self.stdout.write(f"{leads:,} leads seeded in {seed(leads):.1f} s")
            cookie = session_cookie(PEOPLE_BY_ROLE[role])
            with production_server() as (address, _):
                visits = [self.visits(address, cookie) for _ in range(rounds)]
        titles = "".join(f"{name:>8}" for name in (*COLUMNS, "all KB"))
        self.stdout.write(f"{role:<14}{titles}{'requests':>10}{'load s':>8}{'HTML KB':>9}  at most")
        for name, seen in zip(LIMITS, zip(*visits, strict=True), strict=True):
            self.stdout.write(f"{name + ' visit':<14}{line(seen)}  {LIMITS[name]}")

    def visits(self, address: str, cookie: tuple[str, str]) -> list[Visit]:
        """Visit the list twice with a browser that has never been there."""
        # Playwright is for developers: the command exists in production, too.
        from playwright.sync_api import sync_playwright

        path = shutil.which("chromium")
        if path is None:
            raise CommandError("Chromium is missing: apt-get install chromium fonts-noto-cjk")
        flags = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=flags)
            context = browser.new_context(**PHONE)
            name, value = cookie
            host = {"url": address.replace("http:", "https:"), "secure": True}
            context.add_cookies([{"name": name, "value": value, **host}])
            page = context.new_page()
            session = context.new_cdp_session(page)
            session.send("Network.enable")
            session.send("Network.emulateNetworkConditions", LINE)
            session.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWER})
            seen = [visit(page, session, address) for _ in LIMITS]
            browser.close()
        return seen


def visit(page, session, address: str) -> Visit:
    kinds, sizes = {}, {}

    def answered(event: dict):
        kinds[event["requestId"]] = KINDS.get(event["type"], "other")

    def ended(event: dict):
        sizes[event["requestId"]] = event["encodedDataLength"]

    session.on("Network.responseReceived", answered)
    session.on("Network.loadingFinished", ended)
    answer = page.goto(address + reverse("admin:crm_lead_changelist"), wait_until="load")
    if not page.locator("#result_list .data-row").count():
        raise CommandError(f"{answer.url}: {answer.status}, no list")
    page.wait_for_timeout(IDLE)
    seconds, html = page.evaluate(TIMING)
    session.remove_listener("Network.responseReceived", answered)
    session.remove_listener("Network.loadingFinished", ended)
    page.goto("about:blank")
    wire = Counter()
    for request, size in sizes.items():
        wire[kinds.get(request, "other")] += size
    return Visit(wire, sum(size > 0 for size in sizes.values()), seconds, html)


def line(visits: tuple[Visit]) -> str:
    """Return the medians of several visits."""

    def median(values: Iterator[float]) -> float:
        return statistics.median(values)

    kinds = [median(visit.kinds[kind] for visit in visits) / 1024 for kind in COLUMNS]
    sizes = "".join(f"{size:>8.1f}" for size in (*kinds, sum(kinds)))
    requests = median(visit.requests for visit in visits)
    seconds = median(visit.seconds for visit in visits)
    html = median(visit.html for visit in visits) / 1024
    return f"{sizes}{requests:>10.0f}{seconds:>8.2f}{html:>9.1f}"
