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

from crm.models import Lead
from zone.models import User

CHAINS = 4
PEOPLE = 20
PROJECTS_PER_LEADS = 10
SEED = (
    """INSERT INTO zone_industrychain (id, is_demo, code, name, position, description)
       SELECT gen_random_uuid(), false, 'bench-' || n, '产业链' || n, n, ''
       FROM generate_series(1, %(chains)s) n""",
    """INSERT INTO zone_user (id, is_demo, username, password, is_superuser, is_staff, is_active,
         first_name, last_name, email, date_joined, display_name, department,
         must_change_password, session_round)
       SELECT gen_random_uuid(), false, 'bench' || n, '!', n = 1, true, true, '', '', '', now(),
         '人员' || n, '', false, 0 FROM generate_series(1, %(people)s) n""",
    """INSERT INTO zone_appointment (id, is_demo, user_id, role, chain_id, starts_on)
       SELECT gen_random_uuid(), false, u.id, CASE WHEN u.username = 'bench2'
         THEN 'CHAIN_LEADER' ELSE 'SPECIALIST' END, c.id, date '2025-01-01'
       FROM zone_user u JOIN zone_industrychain c
         ON c.position = 1 + substr(u.username, 6)::int %% %(chains)s""",
    """INSERT INTO crm_enterprise (id, is_demo, name, name_key, sort_key, industry_code,
         origin_region, chain_id, scale, is_chain_leader, is_above_scale, address, description,
         source)
       SELECT gen_random_uuid(), false, '示例储能材料' || n || '号有限公司', 'bench' || n,
         'shili' || lpad(n::text, 8, '0'), '', '', c.id, '', false, false, '', '', ''
       FROM generate_series(1, %(leads)s / 2) n
       JOIN (SELECT id, row_number() OVER () - 1 AS k FROM zone_industrychain) c
         ON c.k = n %% %(chains)s""",
    """INSERT INTO crm_lead (id, is_demo, title, source, referrer, planned_investment_wan, needs,
         stage, registered_at, next_follow_up_on, enterprise_id, chain_id, owner_id)
       SELECT gen_random_uuid(), false, '年产' || n || '吨正极材料项目', 'OWN', '',
         1000 + n %% 90000, '',
         (ARRAY['NEW','SCREENED','NEGOTIATING','AGREEING','LOST'])[1 + n %% 5],
         timestamptz '2025-01-01' + n * interval '5 minutes', date '2025-06-01' + n %% 200,
         e.id, e.chain_id, u.id
       FROM generate_series(1, %(leads)s) n
       JOIN (SELECT id, chain_id, row_number() OVER () - 1 AS k FROM crm_enterprise) e
         ON e.k = n %% (%(leads)s / 2)
       JOIN (SELECT id, row_number() OVER () - 1 AS k FROM zone_user) u
         ON u.k = n %% %(people)s""",
    """INSERT INTO projects_project (id, is_demo, code, name, enterprise_id, chain_id, stage,
         status, total_investment_wan, key_level, handler_id, content, published_status, source,
         lead_id)
       SELECT gen_random_uuid(), false, 'CZGX-2025-' || lpad(n::text, 6, '0'), title, enterprise_id,
         chain_id, 'SIGNED', 'ACTIVE', planned_investment_wan, 'NONE', owner_id, '', '', '', id
       FROM (SELECT *, row_number() OVER () AS n FROM crm_lead) l
       WHERE n <= %(leads)s / %(per)s""",
    """INSERT INTO projects_credit (id, is_demo, project_id, specialist_id, share)
       SELECT gen_random_uuid(), false, id, handler_id, 100 FROM projects_project""",
    """INSERT INTO projects_agreement (id, is_demo, project_id, kind, title, signed_on, amount_wan,
         recognised_on, recognised_by_id, exclusion_reason)
       SELECT gen_random_uuid(), false, id, 'FORMAL', '', date '2025-01-01' + (random() * 270)::int,
         total_investment_wan, date '2025-12-31', handler_id, '' FROM projects_project""",
    """INSERT INTO zone_target (id, is_demo, year, measure, value, source)
       VALUES (gen_random_uuid(), false, 2025, 'SIGNED_AMOUNT', 2390000, ''),
         (gen_random_uuid(), false, 2025, 'SIGNED_PROJECTS', 40, '')""",
)


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
        original = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            self.seed(leads)
            self.stdout.write(
                f"{'page':<40}{'median':>10}{'p95':>10}{'bare SQL':>12}{'ratio':>9}"
                f"{'queries':>9}   (ms, {leads:,} leads)"
            )
            for person, pages in self.pages().items():
                for name, url in pages.items():
                    self.stdout.write(measure(name, url, rounds, person).line())
        finally:
            connection.creation.destroy_test_db(original, verbosity=0)

    def seed(self, leads: int):
        started = time.perf_counter()
        counts = {"leads": leads, "chains": CHAINS, "people": PEOPLE, "per": PROJECTS_PER_LEADS}
        with connection.cursor() as cursor:
            for statement in SEED:
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
