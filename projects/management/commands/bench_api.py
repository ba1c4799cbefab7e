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
from django.db import connection, connections, transaction

from crm.models import Enterprise, Lead
from zone.api.callers import Caller
from zone.api.rendering import write_json
from zone.api.resources import RESOURCES
from zone.feed.tables import LOG
from zone.models import ApiClient, IndustryChain

BATCH = 500
ROUNDS = 7
SCOPES = ("leads:read", "leads:write", "enterprises:read", "enterprises:write", "changes:read")
LEAD = {"source": "OWN", "planned_investment_wan": "1"}
BARE = {
    "enterprises": """INSERT INTO crm_enterprise (id, is_demo, name, name_key, sort_key,
        industry_code, origin_region, chain_id, scale, is_chain_leader, is_above_scale, address,
        description, source)
      SELECT id, false, name, name, name, '', '', chain_id, 'SMALL', false, false, '', '', ''
      FROM bare ON CONFLICT (id) DO UPDATE SET name = excluded.name
        WHERE crm_enterprise.name IS DISTINCT FROM excluded.name""",
    "leads": """INSERT INTO crm_lead (id, is_demo, title, source, referrer,
        planned_investment_wan, needs, stage, registered_at, enterprise_id, chain_id)
      SELECT id, false, name, 'OWN', '', 1, '', 'NEW', now(), enterprise_id, chain_id
      FROM bare ON CONFLICT (id) DO UPDATE SET title = excluded.title
        WHERE crm_lead.title IS DISTINCT FROM excluded.title""",
}
# What a batch keeps besides each row: the other system's id, the trail's line, the histories.
TRAIL = """INSERT INTO zone_auditentry (action, by_name, door, model, object_id, object_name,
      parent, changes, why, detail)
    SELECT 'CREATED', 'bench', 'API', '{model}', id::text, name, '',
      jsonb_build_object('name', jsonb_build_array('', name), 'chain', '["", "产业链"]'::jsonb,
        'source', '["", "OWN"]'::jsonb, 'scale', '["", "SMALL"]'::jsonb), '', '{{}}' FROM bare"""
REFERENCE = """INSERT INTO zone_externalref (source, entity, external_id, object_id)
    SELECT 'bare', {number}, id::text, id FROM bare"""
HISTORY = """INSERT INTO crm_{table} (id, "on", reason, is_demo, lead_id{column})
    SELECT gen_random_uuid(), current_date, '', false, id{value} FROM bare"""
BESIDE = {
    "enterprises": (REFERENCE.format(number=6), TRAIL.format(model="crm.enterprise")),
    "leads": (
        REFERENCE.format(number=8),
        HISTORY.format(
            table="leadstagechange", column=", from_stage, to_stage", value=", '', 'NEW'"
        ),
        HISTORY.format(table="leadownerchange", column="", value=""),
        TRAIL.format(model="crm.lead"),
    ),
}


class Command(BaseCommand):
    help = "Time lists, batches and the feed's lag over HTTP."

    def add_arguments(self, parser):
        parser.add_argument("--seconds", type=int, default=10)

    def handle(self, *, seconds: int, **options):
        original = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            self.chain = IndustryChain.objects.create(code="bench", name="产业链")
            self.client = ApiClient(name="bench", scopes=list(SCOPES), whole_zone=True)
            self.client.save()
            with self.settings(API_REQUESTS_A_MINUTE=10**6), serving() as address:
                headers = {"Authorization": f"Bearer {self.client.issue_key()}"}
                self.http = httpx.Client(base_url=address, headers=headers, timeout=60)
                self.batches()
                self.lists()
                self.lag(seconds)
        finally:
            connection.creation.destroy_test_db(original, verbosity=0)

    @staticmethod
    def settings(**values):
        from django.test import override_settings

        return override_settings(**values)

    # Batches

    def batches(self):
        columns = ("HTTP rows/s", "again/s", "bare rows/s", "ratio", "and beside/s", "ratio")
        titles = "".join(f"{title:>14}" for title in columns)
        self.stdout.write(f"{BATCH} rows in a batch{titles}")
        for name in BARE:
            made, again = [], []
            for number in range(ROUNDS):
                items = self.items(name, number)
                made.append(self.send(name, items, {201}))
                before = log_lines()
                again.append(self.send(name, items, {204}))
                if log_lines() != before:
                    raise RuntimeError("a repeat that changes nothing wrote to the log")
            bare = [self.bare(name, n) for n in range(ROUNDS)]
            whole = [self.bare(name, n, BESIDE[name]) for n in range(ROUNDS, 2 * ROUNDS)]
            over_http, repeat, alone, beside = (
                BATCH / statistics.median(times) for times in (made, again, bare, whole)
            )
            self.stdout.write(
                f"  {name:<20}{over_http:>14,.0f}{repeat:>14,.0f}{alone:>14,.0f}"
                f"{over_http / alone:>14.0%}{beside:>14,.0f}{over_http / beside:>14.0%}"
            )

    def items(self, name: str, number: int) -> list[dict]:
        rows = [{"name": f"示例{number}-{n}公司", "scale": "SMALL"} for n in range(BATCH)]
        if name == "leads":
            known = enumerate(self.enterprises(f"甲{number}"))
            rows = [{"enterprise": pk, "title": f"线索{n}", **LEAD} for n, pk in known]
        return [
            {"external_id": f"{number}-{n}", "data": row | {"chain": "bench"}}
            for n, row in enumerate(rows)
        ]

    def enterprises(self, word: str) -> list[str]:
        rows = [Enterprise(name=f"示例{word}-{n}号公司", chain=self.chain) for n in range(BATCH)]
        Enterprise.complete(rows)
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

    def bare(self, name: str, number: int, beside: tuple[str, ...] = ()) -> float:
        """COPY the same rows into a temporary table and insert them from there.

        ``beside`` are the statements that write what a batch keeps besides each row.
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
            for statement in (BARE[name], *beside):
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
