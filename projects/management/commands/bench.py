"""Time the pages people open most, beside the time of their bare SQL, in one run.

Everything happens in a database of its own that is dropped at the end.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from django.core.management.base import BaseCommand
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Enterprise, Lead
from projects.management.benching import database_of_its_own, insert
from projects.models import Agreement, Credit, Project
from zone.models import Appointment, IndustryChain, Target, User

CHAINS = 4
PEOPLE = 20
PROJECTS_PER_LEADS = 10
CHAIN_OF_N = """JOIN (SELECT id, row_number() OVER () - 1 AS k FROM zone_industrychain) c
  ON c.k = n %% %(chains)s"""


def seed() -> list[str]:
    """Return the statements that fill the database, in their order."""
    return [
        insert(
            IndustryChain,
            "FROM generate_series(1, %(chains)s) n",
            code="'bench-' || n",
            name="'产业链' || n",
            position="n",
        ),
        insert(
            User,
            "FROM generate_series(1, %(people)s) n",
            username="'bench' || n",
            password="'!'",
            is_superuser="n = 1",
            display_name="'人员' || n",
        ),
        insert(
            Appointment,
            """FROM zone_user u JOIN zone_industrychain c
              ON c.position = 1 + substr(u.username, 6)::int %% %(chains)s""",
            user_id="u.id",
            role="CASE WHEN u.username = 'bench2' THEN 'CHAIN_LEADER' ELSE 'SPECIALIST' END",
            chain_id="c.id",
            starts_on="date '2025-01-01'",
        ),
        insert(
            Enterprise,
            f"FROM generate_series(1, %(leads)s / 2) n {CHAIN_OF_N}",
            name="'示例储能材料' || n || '号有限公司'",
            name_key="'bench' || n",
            sort_key="'shili' || lpad(n::text, 8, '0')",
            chain_id="c.id",
        ),
        insert(
            Lead,
            """FROM generate_series(1, %(leads)s) n
              JOIN (SELECT id, chain_id, row_number() OVER () - 1 AS k FROM crm_enterprise) e
                ON e.k = n %% (%(leads)s / 2)
              JOIN (SELECT id, row_number() OVER () - 1 AS k FROM zone_user) u
                ON u.k = n %% %(people)s""",
            title="'年产' || n || '吨正极材料项目'",
            source="'OWN'",
            planned_investment_wan="1000 + n %% 90000",
            stage="(ARRAY['NEW','SCREENED','NEGOTIATING','AGREEING','LOST'])[1 + n %% 5]",
            registered_at="timestamptz '2025-01-01' + n * interval '5 minutes'",
            next_follow_up_on="date '2025-06-01' + n %% 200",
            enterprise_id="e.id",
            chain_id="e.chain_id",
            owner_id="u.id",
        ),
        insert(
            Project,
            """FROM (SELECT *, row_number() OVER () AS n FROM crm_lead) l
              WHERE n <= %(leads)s / %(per)s""",
            code="'CZGX-2025-' || lpad(n::text, 6, '0')",
            name="title",
            enterprise_id="enterprise_id",
            chain_id="chain_id",
            stage="'SIGNED'",
            total_investment_wan="planned_investment_wan",
            handler_id="owner_id",
            lead_id="id",
        ),
        insert(
            Credit,
            "FROM projects_project",
            project_id="id",
            specialist_id="handler_id",
            share="100",
        ),
        insert(
            Agreement,
            "FROM projects_project",
            project_id="id",
            kind="'FORMAL'",
            signed_on="date '2025-01-01' + (random() * 270)::int",
            amount_wan="total_investment_wan",
            recognised_on="date '2025-12-31'",
            recognised_by_id="handler_id",
        ),
        *(
            insert(Target, "", year="2025", measure=f"'{measure}'", value=value)
            for measure, value in (("SIGNED_AMOUNT", "2390000"), ("SIGNED_PROJECTS", "40"))
        ),
    ]


@dataclass
class Timing:
    name: str
    page_ms: list[float]
    sql_ms: float
    queries: int

    def line(self) -> str:
        median = statistics.median(self.page_ms)
        p95 = sorted(self.page_ms)[max(int(len(self.page_ms) * 0.95) - 1, 0)]
        ratio = median / self.sql_ms if self.sql_ms else float("nan")
        return (
            f"{self.name:<40}{median:>10.1f}{p95:>10.1f}{self.sql_ms:>12.1f}"
            f"{ratio:>9.1f}{self.queries:>9}"
        )


class Command(BaseCommand):
    help = "Seed a database of its own and time the main pages beside their bare SQL."

    def add_arguments(self, parser):
        parser.add_argument("--leads", type=int, default=100_000)
        parser.add_argument("--rounds", type=int, default=15)

    def handle(self, *, leads: int, rounds: int, **options):
        with database_of_its_own():
            self.seed(leads)
            self.stdout.write(
                f"{'page':<40}{'median':>10}{'p95':>10}{'bare SQL':>12}{'ratio':>9}"
                f"{'queries':>9}   (ms, {leads:,} leads)"
            )
            for person, pages in self.pages().items():
                for name, url in pages.items():
                    self.stdout.write(measure(name, url, rounds, person).line())

    def seed(self, leads: int):
        started = time.perf_counter()
        counts = {"leads": leads, "chains": CHAINS, "people": PEOPLE, "per": PROJECTS_PER_LEADS}
        with connection.cursor() as cursor:
            for statement in seed():
                cursor.execute(statement, counts)
            cursor.execute("ANALYZE")
        self.stdout.write(f"{leads:,} leads seeded in {time.perf_counter() - started:.1f} s")

    def pages(self) -> dict[str, dict[str, str]]:
        """Return the pages by who opens them: a superuser, a chain leader, a specialist."""
        leads, enterprises, contacts = (
            reverse(f"admin:crm_{name}_changelist") for name in ("lead", "enterprise", "contact")
        )
        lead = Lead.objects.order_by("id").first()
        everything = {
            "lead list": leads,
            "lead list, by stage": f"{leads}?stage__exact=NEW&chain__id__exact={lead.chain_id}",
            "lead search, 4 characters": f"{leads}?q=储能材料",
            "lead search, one hit": f"{leads}?q=年产777吨",
            "lead search, 2 characters": f"{leads}?q=正极",
            "lead form": reverse("admin:crm_lead_change", args=[lead.pk]),
            "progress page": reverse("progress") + "?year=2025&on=2025-09-30",
        }
        scoped = {
            "lead list": leads,
            "lead search, 4 characters": f"{leads}?q=储能材料",
            "enterprise list": enterprises,
            "contact list": contacts,
        }
        return {
            "bench1": everything,
            "bench2": {f"{name}, chain leader": url for name, url in scoped.items()},
            "bench3": {f"{name}, specialist": url for name, url in scoped.items()},
        }


def measure(name: str, url: str, rounds: int, person: str) -> Timing:
    """Open ``url`` ``rounds`` times as ``person``, then run its statements bare."""
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(User.objects.get(username=person))
    with CaptureQueriesContext(connection) as seen:
        response = client.get(url)
        # The next request empties the log that ``seen`` reads from.
        statements = [query["sql"] for query in seen]
    if response.status_code != 200:
        raise RuntimeError(f"{url}: {response.status_code}")
    pages = [_timed(lambda: client.get(url)) for _ in range(rounds)]
    reads = [sql for sql in statements if sql.startswith("SELECT")]
    bare = statistics.median(_timed(lambda: _run(reads)) for _ in range(rounds))
    return Timing(name, pages, bare, len(statements))


def _timed(call) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def _run(statements: list[str]):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
            cursor.fetchall()
