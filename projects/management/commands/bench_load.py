"""Have several clients open list, form and progress page at once: the server of production.

Everything happens in a database of its own that is dropped at the end.
"""

from __future__ import annotations

import os
import statistics
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand
from django.db import connection
from django.urls import reverse

from crm.models import Lead
from projects.management.benching import database_of_its_own, production_server, session_cookie
from projects.management.seeding import PEOPLE_BY_ROLE, seed


class Command(BaseCommand):
    help = "Count the pages a second of several clients at once, and the memory of the workers."

    def add_arguments(self, parser):
        parser.add_argument("--leads", type=int, default=100_000)
        parser.add_argument("--clients", type=int, default=8)
        parser.add_argument("--workers", type=int, default=2)
        parser.add_argument("--seconds", type=int, default=20)
        parser.add_argument("--role", choices=PEOPLE_BY_ROLE, default="office")

    def handle(self, *, leads: int, clients: int, workers: int, seconds: int, role: str, **options):
        with database_of_its_own():
            self.stdout.write(f"{leads:,} leads seeded in {seed(leads):.1f} s")
            addresses = pages()
            cookies = [session_cookie(PEOPLE_BY_ROLE[role]) for _ in range(clients)]
            with production_server(GUNICORN_WORKERS=str(workers)) as (address, server):
                run(address, cookies, addresses, seconds=2)
                processes, sessions = children(server.pid), database_sessions()
                before = cpu_seconds(processes), cpu_seconds(sessions)
                taken = run(address, cookies, addresses, seconds)
                after = cpu_seconds(processes), cpu_seconds(sessions)
                memory = statistics.mean(pss_mb(pid) for pid in processes)
        every = [each for times in taken.values() for each in times]
        self.stdout.write(
            f"{clients} clients, {workers} workers, {role}{'median':>10}{'p95':>8} (ms)"
        )
        for name, times in {**taken, "all": every}.items():
            times.sort()
            p95 = times[int(len(times) * 0.95)]
            numbers = f"{statistics.median(times) * 1000:>8.0f}{p95 * 1000:>8.0f}"
            self.stdout.write(f"  {name:<30}{numbers}{len(times) / seconds:>10.1f} a second")
        python, database = (
            (end - start) / len(every) * 1000 for start, end in zip(before, after, strict=True)
        )
        self.stdout.write(
            f"  processor time a page: {python:.0f} ms in the workers, {database:.0f} ms in the "
            f"database; {memory:.0f} MB of memory a worker (PSS)"
        )


def pages() -> dict[str, str]:
    lead = Lead.objects.order_by("id").first()
    return {
        "list": reverse("admin:crm_lead_changelist"),
        "form": reverse("admin:crm_lead_change", args=[lead.pk]),
        "progress": reverse("progress") + "?year=2025&on=2025-09-30",
    }


def run(address: str, cookies: list, addresses: dict[str, str], seconds: int) -> dict[str, list]:
    """Return the seconds that each page took, of all clients."""
    taken, faults = {name: [] for name in addresses}, []
    until = time.monotonic() + seconds

    def client(cookie: tuple[str, str]):
        line = HTTPConnection(urlsplit(address).netloc, timeout=60)
        headers = {"Cookie": "=".join(cookie), "Accept-Encoding": "gzip"}
        while time.monotonic() < until and not faults:
            for name, path in addresses.items():
                started = time.perf_counter()
                line.request("GET", path, headers=headers)
                answer = line.getresponse()
                answer.read()
                taken[name].append(time.perf_counter() - started)
                if answer.status != 200:
                    faults.append(f"{path}: {answer.status}")
        line.close()

    threads = [threading.Thread(target=client, args=(cookie,)) for cookie in cookies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise RuntimeError(faults[0])
    return taken


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def database_sessions() -> list[int]:
    """Return the processes of the database that serve this one, on a machine of their own none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        found = [pid for (pid,) in cursor.fetchall()]
    return [pid for pid in found if Path(f"/proc/{pid}/stat").exists()]


def cpu_seconds(pids: list[int]) -> float:
    """Return the processor time of these processes, which a busy machine lengthens little."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def pss_mb(pid: int) -> float:
    """Return the memory of a process; what several share is divided among them."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))
