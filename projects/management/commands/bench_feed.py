"""Time the change feed: what its triggers cost, and a page of a long log.

Everything happens in a database of its own that is dropped at the end.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from django.core.management.base import BaseCommand
from django.db import connection

from crm.models import Enterprise, Lead
from projects.management.benching import database_of_its_own, insert
from zone.api.callers import Caller
from zone.api.urls import RESOURCES
from zone.feed.cursor import Cursor, cursor_now
from zone.feed.log import Place, look
from zone.feed.scope import Scope
from zone.feed.tables import LOG
from zone.models import ApiClient, IndustryChain
from zone.sync.pages import LONGEST, read_page

ROUNDS = 5
WRITES = {
    "update": "UPDATE crm_lead SET title = title || '。'",
    "update that changes nothing": "UPDATE crm_lead SET title = title",
    "move to another chain": """UPDATE crm_lead SET chain_id = (SELECT id FROM zone_industrychain
        WHERE code = 'bench-1')""",
    "delete": "DELETE FROM crm_lead",
}
LENGTHEN = f"""INSERT INTO {LOG} (xid, entity, object_id, version, op, tokens)
  SELECT (n / 20 + 3)::text::xid8, 8, l.id, 1, 'U', ARRAY[l.chain_id]
  FROM generate_series(1, %(lines)s) n
  JOIN (SELECT id, chain_id, row_number() OVER () - 1 AS k FROM crm_lead) l
    ON l.k = (n::bigint * 7919) %% %(rows)s"""


def shown_to(caller: Caller) -> Callable:
    """Return what loads the rows as the interface shows them."""
    return lambda name, rows: RESOURCES[name].read(rows, caller)


def chains() -> str:
    names = {"code": "'bench-' || n", "name": "'产业链' || n", "position": "n"}
    return insert(IndustryChain, "FROM generate_series(1, 4) n", **names)


def enterprises() -> str:
    return insert(
        Enterprise,
        """FROM generate_series(1, %(rows)s / 2) n
          JOIN (SELECT id, row_number() OVER () - 1 AS k FROM zone_industrychain) c
            ON c.k = n %% 4""",
        name="'企业' || n",
        exact_key="'bench' || n",
        name_key="'bench' || n",
        sort_key="n",
        chain_id="c.id",
    )


def leads() -> str:
    return insert(
        Lead,
        """FROM generate_series(1, %(rows)s) n
          JOIN (SELECT id, chain_id, row_number() OVER () - 1 AS k FROM crm_enterprise) e
            ON e.k = n %% (%(rows)s / 2)""",
        title="'线索' || n",
        source="'OWN'",
        planned_investment_wan="1",
        enterprise_id="e.id",
        chain_id="e.chain_id",
    )


class Command(BaseCommand):
    help = "Time the triggers of the change feed and the reading of its pages."

    def add_arguments(self, parser):
        parser.add_argument("--rows", type=int, default=100_000)
        parser.add_argument("--lines", type=int, default=1_000_000)

    def handle(self, *, rows: int, lines: int, **options):
        with database_of_its_own():
            self.run(chains())
            self.run(enterprises(), rows=rows)
            self.triggers(rows)
            self.pages(rows, lines)

    def triggers(self, rows: int):
        self.stdout.write(f"{rows:,} leads in one statement{'with':>18}{'without':>10}{'ratio':>8}")
        writes = {"insert": leads(), **WRITES}
        taken = {"ENABLE": {}, "DISABLE": {}}
        for _ in range(2):
            for state, times in taken.items():
                for event in ("insert", "update", "delete"):
                    self.run(f"ALTER TABLE crm_lead {state} TRIGGER feed_{event}")
                for name, statement in writes.items():
                    times.setdefault(name, []).append(self.run(statement, rows=rows))
                self.run("VACUUM ANALYZE crm_lead")
        for name in writes:
            with_, without = (min(times[name]) for times in taken.values())
            ratio = f"{with_ / without:>8.1f}"
            self.stdout.write(f"  {name:<36}{with_:>7.2f} s{without:>8.2f} s{ratio}")

    def pages(self, rows: int, lines: int):
        for event in ("insert", "update", "delete"):
            self.run(f"ALTER TABLE crm_lead ENABLE TRIGGER feed_{event}")
        self.run(leads(), rows=rows)
        self.run(f"TRUNCATE {LOG}")
        while look().newest < lines // 20 + 100:
            self.run("DO $$ BEGIN FOR n IN 1..10000 LOOP PERFORM pg_current_xact_id(); COMMIT;"
                     " END LOOP; END $$")  # fmt: skip
        self.run(LENGTHEN, rows=rows, lines=lines)
        # As autovacuum has done long since in a database in use.
        self.run(f"VACUUM ANALYZE {LOG}, crm_lead")
        chain, other = IndustryChain.objects.order_by("position")[:2]
        empty = IndustryChain.objects.create(code="empty", name="空")
        scopes = {
            "the whole zone": Scope(zone=True),
            "two chains": Scope(chains=frozenset({chain.pk, other.pk})),
            "a chain without leads": Scope(chains=frozenset({empty.pk})),
        }
        self.stdout.write(f"a page of a log of {lines:,} lines (ms){'middle':>12}{'end':>8}")
        client = ApiClient(scopes=["leads:read", "changes:read"])
        for name, scope in scopes.items():
            state = look()
            middle = str(Cursor(state.epoch, Place(lines // 40), scope.revision))
            caller = Caller(client, None, scope)
            times = [self.page(caller, middle), self.page(caller, cursor_now(scope.revision))]
            self.stdout.write(f"  {name:<37}{times[0]:>12.1f}{times[1]:>8.1f}")

    def page(self, caller: Caller, cursor: str) -> float:
        times = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            read_page(caller.scope, cursor, limit=LONGEST, rows=shown_to(caller))
            times.append((time.perf_counter() - started) * 1000)
        return statistics.median(times)

    @staticmethod
    def run(statement: str, **values) -> float:
        started = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
        return time.perf_counter() - started
