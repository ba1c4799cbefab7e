"""Time the interface over HTTP, beside the bare work of the database, in one run.

Everything happens in a database of its own that is dropped at the end.
"""

from __future__ import annotations

import statistics
import threading
import time
from contextlib import contextmanager
from importlib import import_module

import httpx
import orjson
from django.core.management.base import BaseCommand
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import connection, connections, models, transaction
from django.test import override_settings

from crm.models import Enterprise, Lead, LeadOwnerChange, LeadStageChange
from projects.management.benching import database_of_its_own, insert
from zone.api.callers import Caller
from zone.api.rendering import write_json
from zone.api.resources import RESOURCES
from zone.feed.tables import LOG
from zone.models import ApiClient, AuditEntry, ExternalRef, IndustryChain

SCOPES = ("leads:read", "leads:write", "enterprises:read", "enterprises:write", "changes:read")
LEAD = {"source": "OWN", "planned_investment_wan": "1"}


def rows_alone() -> dict[str, str]:
    """Return what writes the rows alone, by resource."""
    return {
        "enterprises": insert(
            Enterprise,
            f"FROM bare {upsert(Enterprise, 'name')}",
            id="id",
            name="name",
            exact_key="name",
            name_key="name",
            sort_key="name",
            chain_id="chain_id",
            scale="'SMALL'",
        ),
        "leads": insert(
            Lead,
            f"FROM bare {upsert(Lead, 'title')}",
            id="id",
            title="name",
            source="'OWN'",
            planned_investment_wan="1",
            enterprise_id="enterprise_id",
            chain_id="chain_id",
        ),
    }


def upsert(model: type[models.Model], column: str) -> str:
    return (
        f"ON CONFLICT (id) DO UPDATE SET {column} = excluded.{column} "
        f"WHERE {model._meta.db_table}.{column} IS DISTINCT FROM excluded.{column}"
    )


def all_else() -> dict[str, tuple[str, ...]]:
    """Return what writes the rest: the other system's id, the trail's line, the histories."""
    history = {"lead_id": "id", "on": "current_date"}
    return {
        "enterprises": (reference(Enterprise), trail(Enterprise)),
        "leads": (
            reference(Lead),
            insert(LeadStageChange, "FROM bare", to_stage="'NEW'", **history),
            insert(LeadOwnerChange, "FROM bare", **history),
            trail(Lead),
        ),
    }


def reference(model: type[models.Model]) -> str:
    number = str(model.SYNC.number)
    names = {"source": "'bare'", "external_id": "id::text", "object_id": "id"}
    return insert(ExternalRef, "FROM bare", entity=number, **names)


def trail(model: type[models.Model]) -> str:
    return insert(
        AuditEntry,
        "FROM bare",
        action="'CREATED'",
        by_name="'bench'",
        door="'API'",
        model=f"'{model._meta.label_lower}'",
        object_id="id::text",
        object_name="name",
        changes="""jsonb_build_object('name', jsonb_build_array('', name),
          'chain', '["", "产业链"]'::jsonb, 'source', '["", "OWN"]'::jsonb,
          'scale', '["", "SMALL"]'::jsonb)""",
    )


class Command(BaseCommand):
    help = "Time lists, batches and the feed's lag over HTTP."

    def add_arguments(self, parser):
        parser.add_argument("--seconds", type=int, default=10)
        parser.add_argument("--rounds", type=int, default=7)
        parser.add_argument("--rows", type=int, default=500, help="of a batch; 500 at most")

    def handle(self, *, seconds: int, rounds: int, rows: int, **options):
        self.rounds, self.rows = rounds, rows
        unlimited = override_settings(API_REQUESTS_A_MINUTE=10**6)
        with database_of_its_own(), unlimited, serving() as address:
            self.chain = IndustryChain.objects.create(code="bench", name="产业链")
            self.client = ApiClient(name="bench", scopes=list(SCOPES), whole_zone=True)
            self.client.sources = ["bench"]
            self.client.save()
            headers = {"Authorization": f"Bearer {self.client.issue_key()}"}
            with httpx.Client(base_url=address, headers=headers, timeout=60) as self.http:
                self.batches()
                self.lists()
                self.lag(seconds)

    # Batches

    def batches(self):
        columns = ("HTTP rows/s", "again/s", "bare rows/s", "ratio", "and beside/s", "ratio")
        titles = "".join(f"{title:>14}" for title in columns)
        self.stdout.write(f"{self.rows} rows in a batch{titles}")
        for name in rows_alone():
            made, again = [], []
            for number in range(self.rounds):
                items = self.items(name, number)
                made.append(self.send(name, items, {201}))
                before = log_lines()
                again.append(self.send(name, items, {204}))
                if log_lines() != before:
                    raise RuntimeError("a repeat that changes nothing wrote to the log")
            bare = [self.bare(name, n) for n in range(self.rounds)]
            whole = [
                self.bare(name, n, all_else()[name]) for n in range(self.rounds, 2 * self.rounds)
            ]
            over_http, repeat, alone, beside = (
                self.rows / statistics.median(times) for times in (made, again, bare, whole)
            )
            self.stdout.write(
                f"  {name:<20}{over_http:>14,.0f}{repeat:>14,.0f}{alone:>14,.0f}"
                f"{over_http / alone:>14.0%}{beside:>14,.0f}{over_http / beside:>14.0%}"
            )

    def items(self, name: str, number: int) -> list[dict]:
        rows = [{"name": f"示例{number}-{n}公司", "scale": "SMALL"} for n in range(self.rows)]
        if name == "leads":
            known = enumerate(self.enterprises(f"甲{number}"))
            rows = [{"enterprise": pk, "title": f"线索{n}", **LEAD} for n, pk in known]
        return [
            {"external_id": f"{number}-{n}", "data": row | {"chain": "bench"}}
            for n, row in enumerate(rows)
        ]

    def enterprises(self, word: str) -> list[str]:
        rows = [
            Enterprise(name=f"示例{word}-{n}号公司", chain=self.chain) for n in range(self.rows)
        ]
        Enterprise.set_derived_fields(rows)
        return [str(row.pk) for row in Enterprise.objects.bulk_create(rows)]

    def send(self, name: str, items: list[dict], expected: set) -> float:
        body = orjson.dumps({"source": "bench", "items": items})
        sent = {"content": body, "headers": {"Content-Type": "application/json"}}
        started = time.perf_counter()
        answer = self.http.post(f"/api/v1/{name}/batch-upsert", **sent)
        taken = time.perf_counter() - started
        statuses = {found["status"] for found in answer.json()["results"]}
        if statuses != expected:
            raise RuntimeError(f"{statuses}: {answer.text[:500]}")
        return taken

    def bare(self, name: str, number: int, more: tuple[str, ...] = ()) -> float:
        """COPY the same rows into a temporary table and insert them from there.

        ``more`` are the statements that write what a batch keeps besides each row.
        """
        others = self.enterprises(f"乙{number}{name}")
        started = time.perf_counter()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMP TABLE bare (id uuid, name text, chain_id uuid, enterprise_id uuid)"
                " ON COMMIT DROP"
            )
            with cursor.copy("COPY bare (name, chain_id, enterprise_id) FROM STDIN") as copy:
                for n, pk in enumerate(others):
                    copy.write_row([f"示例丙{number}-{n}公司", self.chain.pk, pk])
            cursor.execute("UPDATE bare SET id = gen_random_uuid()")
            for statement in (rows_alone()[name], *more):
                cursor.execute(statement)
        return time.perf_counter() - started

    # Lists

    def lists(self):
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # as autovacuum has done long since in a database in use
        page = [self.timed(lambda: self.http.get("/api/v1/leads?limit=100")) for _ in range(60)]
        resource, caller = RESOURCES["leads"], Caller(self.client, None, self.client.row_scope())
        rows = resource.rows(caller).order_by("id")[:100]
        ours, values = [], []
        for _ in range(200):
            ours.append(
                self.timed(lambda: write_json([row.data for row in resource.read(rows, caller)]))
            )
            values.append(self.timed(lambda: orjson.dumps(list(rows.values()), default=str)))
        ours, values = statistics.median(ours), statistics.median(values)
        self.stdout.write(
            f"page of 100 leads over HTTP: median {statistics.median(page) * 1000:.1f} ms; written "
            f"in {ours * 1000:.2f} ms, .values() and orjson in {values * 1000:.2f} ms: "
            f"{values / ours:.0%}"
        )

    @staticmethod
    def timed(call) -> float:
        started = time.perf_counter()
        call()
        return time.perf_counter() - started

    # Lag

    def lag(self, seconds: int):
        """Change 200 rows a second and see when a poller has each change."""
        ids = list(Lead.objects.values_list("pk", flat=True)[:200])
        written: dict[str, float] = {}
        writer = threading.Thread(target=write, args=(ids, seconds, written))
        cursor = self.http.get("/api/v1/changes?from=now").json()["next_cursor"]
        writer.start()
        lags, seen, quiet = [], set(), 0
        while writer.is_alive() or quiet < 2:
            page = self.http.get("/api/v1/changes", params={"cursor": cursor}).json()
            now, cursor = time.perf_counter(), page["next_cursor"]
            for item in page["data"]:
                needs = item["object"]["needs"]
                if needs in written and needs not in seen:
                    seen.add(needs)
                    lags.append(now - written[needs])
            quiet = 0 if page["data"] or writer.is_alive() else quiet + 1
            time.sleep(0.05)
        lags.sort()
        self.stdout.write(
            f"{len(written)} changes in {seconds} s, {len(lags)} of them seen as such: lag median "
            f"{lags[len(lags) // 2] * 1000:.0f} ms, p99 {lags[int(len(lags) * 0.99)] * 1000:.0f} ms"
        )


def write(ids: list, seconds: int, written: dict[str, float]):
    started = time.perf_counter()
    for number in range(200 * seconds):
        time.sleep(max(started + number / 200 - time.perf_counter(), 0))
        Lead.objects.filter(pk=ids[number % len(ids)]).update(needs=f"第{number}次")
        written[f"第{number}次"] = time.perf_counter()
    connections.close_all()


def log_lines() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {LOG}")
        return cursor.fetchone()[0]


class Quiet(WSGIRequestHandler):
    """As gunicorn: a connection, also that to the database, serves many requests."""

    # Else the body waits until the client has acknowledged the head.
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass


@contextmanager
def serving():
    """Have the application behind a real socket on a free port."""
    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(import_module("zone.wsgi").application)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
