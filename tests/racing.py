"""Several who do the same at once, each with a connection of its own."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier, Thread

from django.db import connection


def at_once(number: int, work: Callable[[int], object]) -> list:
    """Return what ``work(n)`` returned for each n, in the order they ended."""
    start, found = Barrier(number), []

    def run(n: int):
        try:
            start.wait()
            found.append(work(n))
        finally:
            connection.close()

    threads = [Thread(target=run, args=[n]) for n in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def held_up(work: Callable[[], object]) -> Future:
    """Begin ``work`` elsewhere and return once the transaction that is open here holds it up."""

    def run():
        try:
            return work()
        finally:
            connection.close()

    pool = ThreadPoolExecutor(1)
    begun = pool.submit(run)
    pool.shutdown(wait=False)
    until = time.monotonic() + 20
    while not begun.done() and time.monotonic() < until:
        with connection.cursor() as cursor:
            # Not pg_stat_activity: within a transaction that stays as it was first read.
            cursor.execute(
                "SELECT FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone() is not None:
                return begun
        time.sleep(0.01)
    raise AssertionError("nothing holds it up" if begun.done() else "it neither waits nor ends")
