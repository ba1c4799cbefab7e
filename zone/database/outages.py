"""When the database is away or a disk is full: pages that say so and ask for neither of them.

A request that meets this is answered 503 (try again) or 507 (no room), whichever layer met it:
session, login, view, template or the reading of a sent file.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

SERVICE_UNAVAILABLE, INSUFFICIENT_STORAGE = 503, 507
RETRY_AFTER = 30  # seconds
# A server that only reads (a standby), or that ended a session that was left open.
ALSO_AWAY = {"25006", "25P03", "25P04"}
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


def _causes(fault: BaseException | None) -> Iterator[BaseException]:
    while fault is not None:
        yield fault
        fault = fault.__cause__


def sqlstate(fault: BaseException) -> str:
    """Return PostgreSQL's code for what went wrong; "" if it said none, or the line is cut."""
    return next((found for one in _causes(fault) if (found := getattr(one, "sqlstate", ""))), "")


def is_outage(fault: BaseException | None) -> bool:
    """Whether the database is the cause: away, restarting, full, read-only, or breaking off."""
    return any(
        isinstance(one, (OperationalError, InterfaceError))
        or getattr(one, "sqlstate", "") in ALSO_AWAY
        for one in _causes(fault)
    )


def is_disk_full(fault: BaseException | None) -> bool:
    return any(isinstance(one, OSError) and one.errno in NO_ROOM for one in _causes(fault))


def in_one_line(fault: BaseException) -> str:
    return f"{type(fault).__name__}: {' '.join(str(fault).split())}"


class OutageMiddleware:
    """Answers with a page of its own whatever an outage broke off further in.

    Each middleware's exception becomes a response at once, so none arrives here; Django's signal
    tells of all of them, those of ``DEBUG`` included. Above every layer that asks the database.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response
        got_request_exception.connect(note, dispatch_uid="zone.outages")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        status = getattr(request, "outage", None)
        if status == INSUFFICIENT_STORAGE:
            drop_files(request)
        if status and response.status_code == 500:
            rewrite(response, status)
        return response


def note(sender, request: HttpRequest | None = None, **kwargs) -> None:
    """Keep the status of the outage that broke the request off, if it was one.

    Not the exception: its frames would keep half-read files on the full disk.
    """
    fault = sys.exc_info()[1]
    if request is None:
        return
    if is_disk_full(fault):
        request.outage = INSUFFICIENT_STORAGE
    elif is_outage(fault):
        request.outage = SERVICE_UNAVAILABLE


def drop_files(request: HttpRequest) -> None:
    """Remove what was read of the files that came with the request."""
    for handler in request.upload_handlers:
        # Closing writes what is still in the buffer, and finds no room once more.
        with suppress(OSError):
            handler.upload_interrupted()


def rewrite(response: HttpResponse, status: int) -> None:
    """Make the page of an outage of a 500, which is logged already; asks no session, no user."""
    response.status_code = status
    response.content = render_to_string(f"{status}.html")
    response.headers["Content-Type"] = "text/html; charset=utf-8"
    response.headers["Content-Length"] = str(len(response.content))
    if status == SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER)
