"""Time the pages people open most, beside the time of their bare SQL, in one run.

Everything happens in databases of its own that are dropped at the end.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from django.core.management.base import BaseCommand
from django.db import connection
from django.test import Client
from django.test.utils import (
    CaptureQueriesContext,
    setup_test_environment,
    teardown_test_environment,
)
from django.urls import reverse

from crm.models import Lead
from projects.management.benching import database_of_its_own
from projects.management.forms import fields
from projects.management.seeding import PEOPLE_BY_ROLE, seed
from projects.models import Project
from zone.models import User

LISTS = [
    "crm_lead",
    "crm_enterprise",
    "crm_contact",
    "crm_followup",
    "projects_project",
    "projects_agreement",
    "projects_capitalarrival",
    "projects_occupancy",
    "zone_space",
    "zone_auditentry",
]
# What is changed in a form before it is saved.
SAVES = {"lead": (Lead, "title"), "project": (Project, "name")}
OPEN = {Lead: {"owner__isnull": False, "stage": "NEW"}, Project: {"status": "ACTIVE"}}
# Words, pinyin, initials, a project's number, and what nothing fits.
TERMS = ("储能材料", "传感", "chuneng", "cncl", "2025-000005", "0005", "没有这样")
# As much as one person may look up in a minute.
TYPED = ("太原华信", "taiyuan", "没有这样")
COLUMNS = ("median", "p95", "bare SQL", "ratio", "queries", "KB")


@dataclass
class Timing:
    """Milliseconds of a page and of its statements alone; ``growth`` is beside the first scale."""

    leads: int
    page: str
    role: str
    median: float
    p95: float
    sql: float
    queries: int
    size: int
    growth: float | None = None

    def line(self) -> str:
        ratio = self.median / self.sql if self.sql else float("nan")
        numbers = f"{self.median:>10.1f}{self.p95:>10.1f}{self.sql:>10.1f}{ratio:>10.1f}"
        more = f"{self.queries:>10}{self.size / 1024:>10.0f}"
        growth = f"{self.growth:>10.2f}" if self.growth else ""
        return f"{self.page + ', ' + self.role:<50}{numbers}{more}{growth}"


class Command(BaseCommand):
    help = "Seed databases of their own and time the main pages beside their bare SQL."

    def add_arguments(self, parser):
        parser.add_argument("--leads", type=int, default=100_000)
        parser.add_argument("--scale", default="", help="numbers of leads with commas")
        parser.add_argument("--rounds", type=int, default=15)
        parser.add_argument("--json", type=Path, help="write the timings to this file, too")

    def handle(self, *, leads: int, scale: str, rounds: int, json: Path | None, **options):
        sizes = [int(size) for size in scale.split(",") if size] or [leads]
        timings, first = [], {}
        for size in sizes:
            for timing in self.timings(size, rounds):
                begun = first.setdefault((timing.page, timing.role), timing)
                timing.growth = timing.median / begun.median if size != sizes[0] else None
                self.stdout.write(timing.line())
                timings.append(timing)
        if json:
            json.write_text(as_json(timings), encoding="utf-8")

    def timings(self, leads: int, rounds: int) -> Iterator[Timing]:
        with database_of_its_own():
            self.stdout.write(f"{leads:,} leads seeded in {seed(leads):.1f} s")
            heads = "".join(f"{column:>10}" for column in COLUMNS)
            self.stdout.write(f"{'page':<50}{heads}   (ms, {leads:,} leads)")
            for role, person in PEOPLE_BY_ROLE.items():
                for name, url in pages().items():
                    if timing := measure(leads, name, url, rounds, role, person):
                        yield timing
                for name, (model, field) in SAVES.items():
                    if timing := measure_saves(leads, name, model, field, rounds, role, person):
                        yield timing


def as_json(timings: list[Timing]) -> str:
    return json.dumps([asdict(timing) for timing in timings], ensure_ascii=False, indent=1)


def pages() -> dict[str, str]:
    lists = {name: reverse(f"admin:{name}_changelist") for name in LISTS}
    leads, enterprises = lists["crm_lead"], lists["crm_enterprise"]
    lookup = reverse("admin:autocomplete") + "?app_label=crm&model_name=lead"
    box = reverse("admin:crm_lead_courting")
    lead, project = Lead.objects.order_by("id").first(), Project.objects.order_by("id").first()
    return {f"{name} list": url for name, url in lists.items()} | {
        "leads by stage and chain": f"{leads}?stage__exact=NEW&chain__id__exact={lead.chain_id}",
        "leads due": f"{leads}?whose=due",
        "leads of the pool": f"{leads}?whose=pool",
        "leads by title": f"{leads}?o=0",
        "leads, page 200": f"{leads}?p=200",
        "lead search, 4 characters": f"{leads}?q=储能材料",
        "lead search, 2 characters": f"{leads}?q=传感",
        "lead search, one hit": f"{leads}?q=储能材料77",
        "lead search, no hit": f"{leads}?q=没有这样",
        "enterprise search": f"{enterprises}?q=太原华信",
        "enterprise autocomplete": f"{lookup}&field_name=enterprise&term=储能",
        **{f"enterprise box, {term}": f"{box}?name={term}" for term in TYPED},
        "menu counts": reverse("menu_counts"),
        **{f"search all, {term}": f"{reverse('search')}?part=1&q={term}" for term in TERMS},
        "search page": f"{reverse('search')}?q=储能材料",
        "lead form": reverse("admin:crm_lead_change", args=[lead.pk]),
        "new lead": reverse("admin:crm_lead_add"),
        "project form": reverse("admin:projects_project_change", args=[project.pk]),
        "board": reverse("board"),
        "progress page": reverse("progress") + "?year=2025&on=2025-09-30",
    }


def measure(leads: int, name: str, url: str, rounds: int, role: str, person: str) -> Timing | None:
    """Open ``url`` ``rounds`` times, then run its statements bare; None where it stays closed."""
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(User.objects.get(username=person))
    with CaptureQueriesContext(connection) as seen:
        response = client.get(url)
        # The next request empties the log that ``seen`` reads from.
        statements = [query["sql"] for query in seen]
    if response.status_code in (302, 403):
        return None
    if response.status_code != 200:
        raise RuntimeError(f"{url}: {response.status_code}")
    times = sorted(_timed(lambda: client.get(url)) for _ in range(rounds))
    reads = [sql for sql in statements if sql.startswith(("SELECT", "(SELECT"))]
    bare = statistics.median(_timed(lambda: _run(reads)) for _ in range(rounds))
    p95 = times[max(int(len(times) * 0.95) - 1, 0)]
    median, size = statistics.median(times), len(response.content)
    return Timing(leads, name, role, median, p95, bare, len(statements), size)


def measure_saves(
    leads: int, name: str, model, field: str, rounds: int, role: str, person: str
) -> Timing | None:
    """Change ``field`` of rows within reach, one after the other; None where none can be."""
    user = User.objects.get(username=person)
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(user)
    times, statements = [], []
    for row in model.objects.visible_to(user).filter(**OPEN[model]).order_by("pk")[:rounds]:
        address = reverse(f"admin:{model._meta.app_label}_{name}_change", args=[row.pk])
        data = filled(client, address)
        if field not in data:
            return None
        data[field] = f"{getattr(row, field)}甲"
        with CaptureQueriesContext(connection) as seen:
            times.append(_timed(partial(client.post, address, data)))
            statements = [query["sql"] for query in seen]
        row.refresh_from_db()
        if getattr(row, field) != data[field]:
            raise RuntimeError(f"{address}: not saved")
    if not times:
        return None
    times.sort()
    p95 = times[max(int(len(times) * 0.95) - 1, 0)]
    return Timing(
        leads, f"{name} saved", role, statistics.median(times), p95, 0, len(statements), 0
    )


def filled(client: Client, address: str) -> dict:
    """Return what the form at ``address`` would send, or nothing where it does not open."""
    setup_test_environment()
    try:
        page = client.get(address)
        return fields(page) if page.context and "adminform" in page.context else {}
    finally:
        teardown_test_environment()


def _timed(call) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def _run(statements: list[str]):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
            cursor.fetchall()
