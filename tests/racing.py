"""Several who do the same at once, each with a connection of its own."""

from collections.abc import Callable
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
