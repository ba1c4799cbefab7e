"""Password hashes, a few at once: each takes a core and 100 MB for a tenth of a second.

The bound lies in the hashers, so that no page gets round it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from django.conf import settings
from django.contrib.auth import hashers
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

RETRY_AFTER = 2  # seconds
_running = BoundedSemaphore(settings.PASSWORD_HASHES_AT_ONCE)
# Whoever waits holds a thread of the server, which others need.
_admitted = BoundedSemaphore(settings.PASSWORD_HASHES_AT_ONCE + settings.PASSWORD_HASHES_WAITING)


class Busy(Exception):
    """So many passwords are being checked that this one has no turn within a short time."""


@contextmanager
def _turn() -> Iterator[None]:
    if not _admitted.acquire(blocking=False):
        raise Busy
    try:
        if not _running.acquire(timeout=settings.PASSWORD_HASH_PATIENCE.total_seconds()):
            raise Busy
        try:
            yield
        finally:
            _running.release()
    finally:
        _admitted.release()


class Argon2Hasher(hashers.Argon2PasswordHasher):
    def encode(self, password: str, salt: str) -> str:
        with _turn():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with _turn():
            return super().verify(password, encoded)


class PBKDF2Hasher(hashers.PBKDF2PasswordHasher):
    """Computes by ``encode`` whatever it does."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        with _turn():
            return super().encode(password, salt, iterations)


class BusyMiddleware:
    """Answers 503 where a password had no turn and no form says so."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception) -> HttpResponse | None:
        if not isinstance(exception, Busy):
            return None
        response = render(request, "busy.html", status=503)
        response.headers["Retry-After"] = str(RETRY_AFTER)
        return response
