"""What a server writes of the requests it refuses: a line each, that nobody outside can forge."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from zone.database.checkout import ROOT
from zone.models.clients import PREFIX

pytestmark = pytest.mark.slow
HOST = "crm.example.cn"
LIMIT = 60  # seconds, for the start on a busy machine
# How each line of the log begins: our own, gunicorn's, the access log's.
OURS = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ [\w.]+ "
GUNICORN = r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[\d+\] \[[A-Z]+\] "
ACCESS = r'\[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "'
LINE = re.compile(f"(?:{OURS}|{GUNICORN}|{ACCESS})")


class Server:
    """gunicorn as in production, on a database without tables."""

    def __init__(self, folder: Path):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = folder / "log"
        environment = os.environ | {
            "DEBUG": "0",
            "CONTACT_KEY": "k" * 40,
            "ALLOWED_HOSTS": HOST,
            "SECURE_SSL_REDIRECT": "0",
            "GUNICORN_BIND": f"127.0.0.1:{self.port}",
            "GUNICORN_WORKERS": "1",
            "STATIC_ROOT": str(folder / "static"),
        }
        python = {"cwd": ROOT, "env": environment}
        collect = [sys.executable, "manage.py", "collectstatic", "--noinput"]
        subprocess.run(collect, check=True, capture_output=True, **python)
        serve = [sys.executable, "-m", "gunicorn", "--config", "zone/gunicorn.py", "zone.wsgi"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(serve, stdout=log, stderr=log, **python)

    def ready(self) -> Server:
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if b" 200 " in self.send(get("/healthz")):
                    return self
            except OSError:
                time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def send(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            answer = b""
            # It may be refused before it was read to its end.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(request)
                with suppress(OSError):  # the answer may have come before the end of the body
                    connection.shutdown(socket.SHUT_WR)
                while piece := connection.recv(65536):
                    answer += piece
            return answer

    def lines_of(self, request: bytes) -> list[str]:
        """Send a request and return the lines that the log gained, but for the access log's."""
        before = self.log.stat().st_size
        self.answer = self.send(request)
        self.send(get("/healthz?end"))
        deadline = time.monotonic() + 10
        while not self.gained(before).rstrip().endswith(b"ms") and time.monotonic() < deadline:
            time.sleep(0.02)
        # As a reader of lines would split it, at whatever begins one.
        lines = self.gained(before).decode().splitlines()
        assert [line for line in lines if not LINE.match(line)] == []
        assert all(map(str.isprintable, lines))
        return [line for line in lines if "/healthz" not in line]

    def gained(self, before: int) -> bytes:
        with self.log.open("rb") as log:
            log.seek(before)
            return log.read()


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"))
    try:
        yield server.ready()
    finally:
        server.process.terminate()
        server.process.wait(30)


def get(path: str, host: str = HOST, *headers: str) -> bytes:
    lines = (f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers, "", "")
    return "\r\n".join(lines).encode()


FORM = "Content-Type: application/x-www-form-urlencoded"


def post(body: bytes | str, *headers: str, kind: str = FORM, path: str = "/admin/login/") -> bytes:
    body = body.encode() if isinstance(body, str) else body
    lines = (f"POST {path} HTTP/1.1", f"Host: {HOST}", "Connection: close", kind, *headers)
    return "\r\n".join((*lines, f"Content-Length: {len(body)}", "", "")).encode() + body


def test_a_hostile_origin_is_refused_in_a_moment_and_in_one_line(server):
    for pump in ("Key (", "a@a.", "a@", "1-", "/", "Failing row contains (", "0355-"):
        origin = (pump * 7_700)[:7_700]
        start = time.monotonic()
        lines = server.lines_of(post("username=a", f"Origin: {origin}"))
        assert time.monotonic() - start < 3
        assert server.answer.startswith(b"HTTP/1.1 403")
        reason, access = sorted(lines, key=lambda line: "Forbidden" not in line)
        assert len(reason) < 2_200
        assert '"POST /admin/login/" 403' in access


TOKEN = f"Cookie: __Host-csrftoken={'a' * 32}"
REFUSED = {
    "another host": (400, get("/", "evil.example")),
    "a host that is none": (400, get("/", "a b/c@d")),
    "no token": (403, post("username=a")),
    "a wrong token": (403, post("csrfmiddlewaretoken=x", TOKEN)),
    "too many fields": (400, post("&".join(f"a{n}=1" for n in range(6_000)), TOKEN)),
    "too large": (400, post("a=" + "x" * 3_000_000, TOKEN)),
    "parts without an end": (400, post("x", TOKEN, kind="Content-Type: multipart/form-data")),
    "parts of nothing": (
        400,
        post(
            "--x\r\nContent-Disposition: form-data; name=",
            TOKEN,
            kind="Content-Type: multipart/form-data; boundary=" + "é" * 9,
        ),
    ),
    "another charset": (400, post("a=1", TOKEN, kind=f"{FORM}; charset=utf-7")),
    "no such page": (404, get("/no/such/page")),
}


@pytest.mark.parametrize(("status", "request_"), REFUSED.values(), ids=REFUSED)
def test_a_refused_request_costs_one_line(server, status, request_):
    lines = server.lines_of(request_)
    assert server.answer.startswith(f"HTTP/1.1 {status}".encode()), server.answer[:200]
    reasons = [line for line in lines if re.match(OURS, line)]
    assert len(reasons) == 1, lines
    assert len(lines) <= 2, lines


def head(*lines: str | bytes) -> bytes:
    found = [line if isinstance(line, bytes) else line.encode() for line in lines]
    return b"\r\n".join((*found, b"", b""))


UNREADABLE = {
    "a host of signs": get("/", "\t{}\x7f;"),
    "no words": b"\r\n\r\n\r\n",
    "one word": head("GET"),
    "no method": head("G\x1b[2JT / HTTP/1.1"),
    "a version": head("GET / HTTP/9.9"),
    "a long line": head("GET /" + "a" * 9_000 + " HTTP/1.1"),
    "half an address": head("GET http://[::1 HTTP/1.1", f"Host: {HOST}"),
    "a header without a name": head("GET / HTTP/1.1", f"Host: {HOST}", ": x"),
    "a header with blanks": head("GET / HTTP/1.1", f"Host: {HOST}", "a b: x"),
    "a command in a header": head("GET / HTTP/1.1", f"Host: {HOST}", "a\x1b]0;x\x07: x"),
    "NUL in a header": head("GET / HTTP/1.1", f"Host: {HOST}", "a: \0x"),
    "a folded header": head("GET / HTTP/1.1", f"Host: {HOST}", "a: x", " y"),
    "a long header": head("GET / HTTP/1.1", f"Host: {HOST}", "a: " + "x" * 9_000),
    "many headers": head("GET / HTTP/1.1", f"Host: {HOST}", *(f"a{n}: x" for n in range(500))),
    "no length": head("POST / HTTP/1.1", f"Host: {HOST}", "Content-Length: abc"),
    "a negative length": head("POST / HTTP/1.1", f"Host: {HOST}", "Content-Length: -1"),
    "two lengths": head(
        "POST / HTTP/1.1", f"Host: {HOST}", "Content-Length: 1", "Content-Length: 2"
    ),
    "pieces and a length": head(
        "POST / HTTP/1.1", f"Host: {HOST}", "Content-Length: 1", "Transfer-Encoding: chunked"
    ),
    "an unknown coding": head("POST / HTTP/1.1", f"Host: {HOST}", "Transfer-Encoding: \x1b[2J"),
    "an expectation": head("POST / HTTP/1.1", f"Host: {HOST}", "Expect: \x1b"),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "bytes": b"\xff\xfe \x85\x9b / HTTP/1.1\r\n\r\n",
    "a script's name": head("GET / HTTP/1.1", f"Host: {HOST}", "SCRIPT_NAME: /x"),
    "a body cut off": post("a" * 10, TOKEN)[:-5],
    "a form cut off": post("a=1&" * 100, TOKEN)[:-50],
    "parts cut off": post(
        "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n" + "y" * 900,
        TOKEN,
        kind="Content-Type: multipart/form-data; boundary=x",
    )[:-50],
    "a cut-off row": post(
        "{" * 900,
        "Authorization: Bearer x",
        path="/api/v1/leads",
        kind="Content-Type: application/json",
    )[:-50],
}


@pytest.mark.parametrize("request_", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_costs_one_line(server, request_):
    lines = server.lines_of(request_)
    assert len([line for line in lines if not re.match(ACCESS, line)]) <= 1, lines
    assert len(lines) <= 2, lines


def test_a_body_whose_pieces_cannot_be_read_costs_one_line(server):
    request = head("POST / HTTP/1.1", f"Host: {HOST}", "Transfer-Encoding: chunked")
    lines = server.lines_of(request + b"zz\r\n\x1b[2J\r\n")
    reasons = [line for line in lines if not re.match(ACCESS, line)]
    assert [re.match(OURS, line) is not None for line in reasons] == [True]


FORGED = "2026-01-01 00:00:00,000 ERROR django.request Internal Server Error: /"
CODED = [
    "%0a",
    "%0d",
    "%0D%0A",
    "%1b[2J",
    "%e2%80%a8",
    "%e2%80%a9",
    "%c2%85",
    "%85",
    "%0b",
    "%0c",
    "%00",
]
CODED += ["%1c", "%1d", "%1e", "%7f", "%08", "%e2%80%ae", "%9b2J"]


@pytest.mark.parametrize("sign", CODED)
def test_a_path_begins_no_line_and_commands_no_terminal(server, sign):
    lines = server.lines_of(get("/x" + sign + FORGED.replace(" ", "%20")))
    assert len(lines) == 2  # not found, and the access log's


def test_a_fault_of_ours_keeps_its_traceback(server):
    """The database has no tables."""
    before = server.log.stat().st_size
    answer = server.send(get("/api/v1/leads", HOST, f"Authorization: Bearer {PREFIX}_a_b"))
    assert answer.startswith(b"HTTP/1.1 500")
    said = server.gained(before).decode()
    assert said.count("Traceback (most recent call last):") == 2
    assert 'relation "zone_apikey" does not exist\\nLINE 1: ' in said
