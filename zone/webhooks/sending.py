"""One request to a receiver: checked address, 15 seconds in all, no redirects.

Nothing of the answer is kept but its status, and of a chat's bot the number it answers with: its
text could come from a service inside our network.
"""

from __future__ import annotations

import io
import logging
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse

import orjson
from django.core.exceptions import ValidationError

from zone.access.addresses import Address, Target, read_url
from zone.models import ApprovedHost, WebhookDelivery
from zone.webhooks.guard import Guard, NoSuchName

logger = logging.getLogger(__name__)
IN_ALL = 15.0  # seconds
MOST_READ = 64 * 1024  # bytes of an answer
WAITS = (429, 503)
Fault = WebhookDelivery.Fault


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt: an answer's status, or a fault before there was one."""

    status: int | None = None
    fault: str = ""
    retry_after: str = ""
    code: int | None = None  # the ``errcode`` of a chat's bot
    is_begun: bool = False  # whether anything may have arrived

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        return self.status == 410


class Deadline:
    """The end of an attempt, however many steps it takes."""

    def __init__(self, seconds: float):
        self.end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class Wire(io.RawIOBase):
    """A socket that keeps to a deadline: a receiver that drips gains no time."""

    def __init__(self, connection: socket.socket, deadline: Deadline):
        self.connection, self.deadline = connection, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        self.connection.settimeout(self.deadline.left)
        return self.connection.recv_into(buffer)

    def sendall(self, data: bytes):
        view = memoryview(data)
        while view:
            self.connection.settimeout(self.deadline.left)
            view = view[self.connection.send(view) :]

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def close(self):
        self.connection.close()
        super().close()


def send(
    url: str,
    hosts: dict[str, ApprovedHost],
    headers: dict[str, str],
    body: bytes,
    *,
    guard: Guard,
    seconds: float = IN_ALL,
    reads_code: bool = False,
) -> Outcome:
    """Post ``body`` once, if its host is among the approved ones; what goes wrong is an outcome."""
    failed = partial(_failed, url)
    try:
        target, deadline = read_url(url), Deadline(seconds)
        if target.host not in hosts:
            return failed(Fault.REFUSED, "not approved")
        addresses = guard.addresses(target, hosts[target.host], deadline.left)
        with connect(target, addresses, guard.tls, deadline) as wire:
            failed = partial(_failed, url, is_begun=True)
            answer, said = post(wire, target, headers, body)
            return replace(_outcome(answer), code=code_in(said) if reads_code else None)
    except ValidationError as refusal:
        return failed(Fault.REFUSED, refusal.messages[0])
    except NoSuchName as unknown:
        return failed(Fault.NAME, unknown)
    except TimeoutError as late:
        return failed(Fault.TIMEOUT, late)
    except ssl.SSLError as mistake:
        return failed(Fault.TLS, mistake)
    except (OSError, HTTPException, ValueError) as failure:
        return failed(Fault.CONNECTION, failure)


def connect(
    target: Target, addresses: list[Address], tls: ssl.SSLContext, deadline: Deadline
) -> Wire:
    """Connect to the first of the addresses that answers; its certificate bears the name."""
    connection = _reach(addresses, target.port, deadline)
    if target.scheme == "https":
        connection.settimeout(deadline.left)
        try:
            connection = tls.wrap_socket(connection, server_hostname=target.host)
        except BaseException:
            connection.close()
            raise
    return Wire(connection, deadline)


def _reach(addresses: list[Address], port: int, deadline: Deadline) -> socket.socket:
    failure: OSError = OSError("no address")
    for address in addresses:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(deadline.left)
            connection.connect((str(address), port))
            return connection
        except OSError as refused:
            connection.close()
            failure = refused
    raise failure


def post(
    wire: Wire, target: Target, headers: dict[str, str], body: bytes
) -> tuple[HTTPResponse, bytes]:
    """Write the request and read the answer's head, and a little of the rest."""
    said = b""
    connection = HTTPConnection(target.host, target.port)
    connection.auto_open = 0
    connection.sock = wire
    connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
    fields = {
        "Host": target.authority,
        "User-Agent": "zone-crm-webhooks/1",
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    for name, value in (fields | headers).items():
        connection.putheader(name, value)
    connection.endheaders(body)
    # Not getresponse(), which would close the wire before the rest of the answer is read. An
    # answer left open is flushed when it is collected, after its wire has gone: since 3.13 Python
    # writes that failure to stderr.
    with HTTPResponse(wire, method="POST") as answer:
        answer.begin()
        with suppress(OSError, HTTPException, ValueError):
            said = answer.read(MOST_READ)
    return answer, said


def code_in(said: bytes) -> int | None:
    """Return the ``errcode`` that a chat's bot answers with; it is 0 where all is well."""
    try:
        code = orjson.loads(said).get("errcode")
    except (ValueError, AttributeError):
        return None
    return code if isinstance(code, int) else None


def _outcome(answer: HTTPResponse) -> Outcome:
    status = answer.status
    if 200 <= status < 300:
        return Outcome(status)
    asked = answer.getheader("Retry-After", "") if status in WAITS else ""
    return Outcome(status, Fault.STATUS, asked)


def asked_wait(text: str, now: datetime) -> timedelta:
    """Read a Retry-After: seconds, or a date."""
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return timedelta(seconds=int(text[:9]))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return timedelta(0)
    return max((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now, timedelta(0))


def _failed(url: str, fault: str, why, *, is_begun: bool = False) -> Outcome:
    # The path may hold what only the receiver knows.
    logger.warning("webhook to %s: %s %s", "/".join(url.split("/")[:3]), fault, why)
    return Outcome(fault=fault, is_begun=is_begun)
