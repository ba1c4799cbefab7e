"""Bodies over a socket: in pieces, broken off, too long. The test client always sends a length."""

import json
import secrets
import socket
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from crm.models import Lead
from projects.models import Project
from tests import factories
from tests.api.conftest import V1
from zone.access.api_scopes import all_scopes
from zone.models import ApiUpload

pytestmark = pytest.mark.django_db(transaction=True)
PIECE = 7  # bytes


class Socket:
    """Sends a request as it is told to, and nothing that a client library would add."""

    def __init__(self, host: str, key: str = ""):
        self.host, self.key = host, key

    def send(self, method: str, path: str, body: bytes, *headers: str) -> tuple[int, dict]:
        name, port = self.host.split(":")
        with socket.create_connection((name, int(port)), timeout=30) as line:
            lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", "Connection: close"]
            lines += [f"Authorization: Bearer {self.key}", *headers]
            with suppress(OSError):  # answered before the end of the body
                line.sendall("\r\n".join([*lines, "", ""]).encode() + body)
                line.shutdown(socket.SHUT_WR)
            response = HTTPResponse(line)
            response.begin()
            return response.status, response.read()

    def pieces(self, method: str, path: str, body: bytes, *headers: str, end=b"0\r\n\r\n"):
        parts = [body[at : at + PIECE] for at in range(0, len(body), PIECE)]
        sent = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + end
        return self.send(method, path, sent, "Transfer-Encoding: chunked", *headers)


JSON = "Content-Type: application/json"


def once() -> str:
    return f"Idempotency-Key: {secrets.token_hex(8)}"


@pytest.fixture
def line(server, api):
    return Socket(server, api(*all_scopes()).key)


@pytest.fixture
def lead(line):
    return factories.make_lead(owner=factories.make_specialist(factories.make_chain()))


def login_form(line) -> tuple[str, tuple[str, ...]]:
    """Return the token of the login's form, and the headers that go with it."""
    http = HTTPConnection(line.host, timeout=30)
    http.request("GET", "/admin/login/")
    answer = http.getresponse()
    page, cookie = answer.read().decode(), answer.headers["Set-Cookie"].partition(";")[0]
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    kind = "Content-Type: application/x-www-form-urlencoded"
    return token, (kind, f"Cookie: {cookie}", f"Referer: http://{line.host}/admin/login/")


def servers(host: str) -> list[Path]:
    """Return the processes of the server that listens there."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # of others, or gone meanwhile
            if f"GUNICORN_BIND={host}" in (path / "environ").read_text(errors="replace"):
                found.append(path)
    return found


def said(data: dict) -> bytes:
    return json.dumps(data).encode()


def test_a_body_in_pieces_is_read_whole_by_every_kind_of_write(line, lead):
    at = f"{V1}leads/{lead.pk}"
    status, _ = line.pieces("PATCH", at, said({"title": "分块标题"}), JSON, 'If-Match: "1"')
    lead.refresh_from_db()
    assert (status, lead.title) == (200, "分块标题")

    status, _ = line.pieces("POST", f"{at}/advance", said({"to": "LOST"}), JSON, once())
    lead.refresh_from_db()
    assert (status, lead.stage) == (422, Lead.Stage.NEW)

    line.pieces("POST", f"{at}/screen", said({"result": "PASS"}), JSON, once())
    wanted = {"name": "分块项目", "total_investment_wan": "4321"}
    status, _ = line.pieces("POST", f"{at}/convert", said(wanted), JSON, once())
    project = Project.objects.get(lead=lead)
    assert (status, project.name, project.total_investment_wan) == (201, "分块项目", 4321)

    item = {"external_id": "E-1", "data": {"name": "分块企业有限公司"}}
    batch = said({"source": "oa", "items": [item]})
    status, body = line.pieces("POST", f"{V1}enterprises/batch-upsert", batch, JSON)
    assert (status, json.loads(body)["results"][0]["status"]) == (200, 201)

    rows = "".join(f'{{"external_id": "U-{n}", "data": {{"name": "企业{n}"}}}}\n' for n in range(3))
    path, kind = f"{V1}enterprises/uploads?source=oa", "Content-Type: application/x-ndjson"
    status, _ = line.pieces("POST", path, rows.encode(), kind)
    assert (status, ApiUpload.objects.get().rows) == (202, 3)


def test_a_body_whose_pieces_break_off_changes_nothing(line, lead):
    at, body = f"{V1}leads/{lead.pk}", said({"title": "半截"})
    for end in (b"", b"5\r\nab", b"zz\r\n", b"-1\r\n\r\n"):
        status, _ = line.pieces("PATCH", at, body, JSON, 'If-Match: "1"', end=end)
        assert status == 400, end
    path, kind = f"{V1}enterprises/uploads?source=oa", "Content-Type: application/x-ndjson"
    row = b'{"external_id": "U-1", "data": {"name": "a"}}\n'
    assert line.pieces("POST", path, row, kind, end=b"")[0] == 400
    lead.refresh_from_db()
    assert (lead.version, ApiUpload.objects.count()) == (1, 0)


def test_a_body_that_ends_before_its_length_changes_nothing(line, lead):
    """Rows cut off at the end of a line would else count as all there are."""
    path, kind = f"{V1}enterprises/uploads?source=oa", "Content-Type: application/x-ndjson"
    row = b'{"external_id": "U-1", "data": {"name": "a"}}\n'
    status, body = line.send("POST", path, row, kind, f"Content-Length: {2 * len(row)}")
    assert (status, json.loads(body)["code"]) == (400, "unreadable")
    assert ApiUpload.objects.count() == 0


def test_a_form_that_ends_before_its_length_changes_nothing(line):
    """Cut inside a text, it would be saved as far as it came."""
    token, headers = login_form(line)
    form = f"csrfmiddlewaretoken={token}&username=nobody&password=wr".encode()
    length = f"Content-Length: {len(form) + 500}"
    assert line.send("POST", "/admin/login/", form, length, *headers)[0] == 400


def test_a_body_without_a_length_is_refused_and_not_taken_for_none(line, lead):
    factories.make_screening(lead=lead)
    lead.advance(by=lead.owner)
    at, body = f"{V1}leads/{lead.pk}/convert", said({"name": "未读项目"})
    assert line.send("POST", at, body, JSON, once())[0] == 411
    assert Project.objects.count() == 0


def test_a_body_in_pieces_leaves_no_file_open(line):
    def open_files() -> int:
        return sum(len(list((process / "fd").iterdir())) for process in servers(line.host))

    body = b"x" * 600_000  # longer than what stays in memory
    parts = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    line.send("POST", "/nothing", parts, "Transfer-Encoding: chunked")
    before = open_files()
    for path, method in (("/nothing", "POST"), ("/healthz", "GET")) * 10:
        line.send(method, path, parts, "Transfer-Encoding: chunked")
    assert open_files() <= before + 2


def test_pieces_beyond_the_limit_are_refused(line, lead):
    at, body = f"{V1}leads/{lead.pk}", said({"title": "x" * 2**21})
    parts = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    headers = ("Transfer-Encoding: chunked", JSON, 'If-Match: "1"')
    assert line.send("PATCH", at, parts, *headers)[0] == 413


def test_a_body_beyond_the_limit_of_all_bodies_is_refused(caller, settings):
    lead = factories.make_lead()
    settings.LARGEST_BODY = 10
    refused = caller.patch(f"leads/{lead.pk}", {"title": "更长的标题"}, 1)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")


def test_a_form_in_pieces_is_read_whole(line):
    token, headers = login_form(line)
    form = f"csrfmiddlewaretoken={token}&username=nobody&password=wrong".encode()
    status, body = line.pieces("POST", "/admin/login/", form, *headers)
    assert (status, 'value="nobody"' in body.decode()) == (200, True)
    assert line.pieces("POST", "/admin/login/", form, *headers, end=b"")[0] == 400
