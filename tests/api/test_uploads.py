"""Uploads: many rows as NDJSON or CSV, written by a worker that may be killed at any moment."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from django.core.management import call_command
from django.db import connection

from crm.models import Enterprise, Lead
from tests import factories
from tests.api.conftest import problem
from tests.racing import at_once
from zone.api import uploading
from zone.checkout import ROOT
from zone.models import ApiUpload, ApiUploadPart, AuditEntry, ExternalRef

pytestmark = pytest.mark.django_db
NDJSON, CSV = "application/x-ndjson", "text/csv"


@pytest.fixture
def caller(api):
    return api("enterprises:write", "leads:write")


def send(caller, body: bytes | str, kind=NDJSON, name="enterprises", source="oa"):
    body = body.encode() if isinstance(body, str) else body
    return caller.http.generic("POST", f"/api/v1/{name}/uploads?source={source}", body, kind)


def rows(number: int, start=0) -> list[dict]:
    return [
        {"external_id": f"X-{n}", "data": {"name": f"示例上传{n}公司", "scale": "SMALL"}}
        for n in range(start, start + number)
    ]


def ndjson(items: list) -> str:
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)


def work():
    """Do what ``manage.py work`` does, on the connection of this test."""
    while uploading.write_next_part():
        pass


def lines(caller, upload: dict, name: str) -> list[dict]:
    response = caller.http.get(upload["links"][name])
    assert (response.status_code, response["Content-Type"]) == (200, NDJSON)
    return [json.loads(text) for text in response.getvalue().splitlines()]


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(uploading, "MOST", 10)
    monkeypatch.setattr("zone.api.uploads.MOST", 10)


def test_an_upload_is_taken_in_written_and_tells_what_became_of_each_row(caller, small_parts):
    items = rows(25)
    items[12]["data"]["scale"] = "HUGE"
    taken = send(caller, ndjson(items))
    assert taken.status_code == 202, taken.text
    upload = taken.json()
    assert (upload["state"], upload["rows"], upload["unprocessed"]) == ("WAITING", 25, 25)
    assert taken["Location"] == upload["links"]["self"]
    assert lines(caller, upload, "unprocessed") == items
    assert not Enterprise.objects.exists()

    work()
    upload = caller.http.get(taken["Location"]).json()
    counts = {name: upload[name] for name in ("created", "failed", "unchanged", "unprocessed")}
    assert (upload["state"], counts) == (
        "DONE",
        {"created": 24, "failed": 1, "unchanged": 0, "unprocessed": 0},
    )
    [failed] = lines(caller, upload, "failed")
    assert (failed["index"], failed["external_id"], failed["status"]) == (12, "X-12", 422)
    assert failed["problem"]["errors"][0]["pointer"] == "/items/2/data/scale"
    success = lines(caller, upload, "success")
    assert [found["index"] for found in success] == [n for n in range(25) if n != 12]
    assert lines(caller, upload, "unprocessed") == []
    assert Enterprise.objects.count() == 24
    line = AuditEntry.objects.get(action="IMPORTED")
    assert (line.by, line.detail["rows"], line.detail["refused"]) == (
        caller.client.account,
        25,
        1,
    )


def test_what_was_sent_does_not_stay(caller, small_parts):
    send(caller, ndjson(rows(25)))
    work()
    assert set(ApiUploadPart.objects.values_list("items", flat=True)) == {None}


def test_sent_again_it_changes_nothing(caller):
    for _ in range(2):
        send(caller, ndjson(rows(5)))
        work()
    counts = ApiUpload.objects.order_by("at").values_list("created", "unchanged")
    assert list(counts) == [(5, 0), (0, 5)]


def test_a_table_comes_as_csv_in_either_charset(caller, chain):
    table = "external_id,name,chain,is_above_scale,registered_capital_wan,scale\r\n"
    table += f'E-1,"示例甲,公司",{chain.code},true,1200.5,\r\n\r\nE-2,示例乙公司,,false,,MICRO\r\n'
    for charset in ("utf-8-sig", "gb18030"):
        kind = "text/csv" if charset == "utf-8-sig" else "text/csv; charset=GB18030"
        assert send(caller, table.encode(charset), kind).status_code == 202
        work()
    found = Enterprise.objects.values_list("name", "chain__code", "is_above_scale", "scale")
    assert set(found) == {
        ("示例甲,公司", chain.code, True, ""),
        ("示例乙公司", None, False, "MICRO"),
    }
    counts = ApiUpload.objects.order_by("at").values_list("created", "unchanged", "failed")
    assert list(counts) == [(2, 0, 0), (0, 2, 0)]


def test_a_cell_names_a_row_by_another_systems_id(caller, chain):
    at = factories.make_enterprise(chain=chain)
    ExternalRef.objects.create(source="oa", entity=6, external_id="E-1", object_id=at.pk)
    table = "external_id,enterprise,title,chain,source,planned_investment_wan\n"
    table += f"L-1,oa:E-1,线索,{chain.code},SUPERIOR,5000\n"
    send(caller, table, CSV, "leads")
    work()
    assert Lead.objects.get().enterprise == at


@pytest.mark.parametrize(
    ("body", "kind", "line"),
    [
        ("{}\n{\n", NDJSON, 2),
        ('{}\n{"a": NaN}\n', NDJSON, 2),
        ('{"a": 1, "a": 2}\n', NDJSON, 1),
        ('{"a": "\\u0000"}\n', NDJSON, 1),
        ("[" * 10_000 + "\n", NDJSON, 1),
        (b"\xff\n", NDJSON, 1),
        ('{"a": "' + "x" * 70_000 + '"}\n', NDJSON, 1),
        ("name\n示例\n", CSV, 1),
        ("external_id,colour\n1,2\n", CSV, 1),
        ("external_id,name,name\n1,2,3\n", CSV, 1),
        ("external_id,name\n1,2\n1,2,3\n", CSV, 3),
        ('external_id,name\n1,"2\n', CSV, 2),
        (b"external_id,name\n1,\xff\xff\n", CSV, 2),
        (b"external_id,name\n1,a\0b\n", CSV, 2),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_at_its_line_and_nothing_is_kept(
    caller, body, kind, line
):
    refused = send(caller, body, kind)
    assert (refused.status_code, problem(refused).get("line")) == (400, line), refused.text
    assert (ApiUpload.objects.count(), ApiUploadPart.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("body", "kind", "source", "expected"),
    [
        ("", NDJSON, "oa", (400, "empty")),
        ("\n\n", NDJSON, "oa", (400, "empty")),
        ("external_id,name\n", CSV, "oa", (400, "empty")),
        ("{}", "application/json", "oa", (415, "unsupported_media_type")),
        ("a", "text/csv; charset=latin-1", "oa", (415, "charset")),
        ("{}", NDJSON, "", (400, "parameter")),
        ("{}", NDJSON, "x" * 51, (400, "parameter")),
    ],
)
def test_what_else_is_wrong_with_an_upload_is_told(caller, body, kind, source, expected):
    refused = send(caller, body, kind, source=source)
    assert (refused.status_code, problem(refused)["code"]) == expected, refused.text


def test_too_many_rows_are_refused_and_nothing_is_kept(caller, monkeypatch):
    monkeypatch.setattr(uploading, "MOST_ROWS", 10)
    refused = send(caller, ndjson(rows(11)))
    assert (refused.status_code, ApiUpload.objects.count()) == (413, 0)


def test_an_upload_is_its_clients_alone(api, caller):
    upload = send(caller, ndjson(rows(1))).json()
    other = api("enterprises:write")
    for address in upload["links"].values():
        assert other.http.get(address).status_code == 404
    assert other.http.post(f"{upload['links']['self']}/cancel").status_code == 404
    assert other.data("uploads")["data"] == []
    assert [found["id"] for found in caller.data("uploads")["data"]] == [upload["id"]]


def test_a_cancelled_upload_keeps_its_rest_unprocessed(caller, small_parts):
    upload = send(caller, ndjson(rows(25))).json()
    assert uploading.write_next_part()
    cancel = f"{upload['links']['self']}/cancel"
    ended = caller.http.post(cancel).json()
    assert (ended["state"], ended["created"], ended["unprocessed"]) == ("CANCELLED", 10, 15)
    work()
    assert Enterprise.objects.count() == 10
    assert lines(caller, upload, "unprocessed") == rows(15, start=10)
    assert problem(caller.http.post(cancel))["code"] == "state"


@pytest.mark.parametrize("change", [{"is_disabled": True}, {"scopes": []}])
def test_a_client_that_may_no_more_is_stopped(caller, small_parts, change):
    send(caller, ndjson(rows(25)))
    uploading.write_next_part()
    type(caller.client).objects.filter(pk=caller.client.pk).update(**change)
    work()
    upload = ApiUpload.objects.get()
    assert (upload.state, upload.created, bool(upload.why)) == ("STOPPED", 10, True)


def test_an_upload_asks_for_the_scope_of_writing(api):
    refused = send(api("enterprises:read"), ndjson(rows(1)))
    assert problem(refused)["scope"] == "enterprises:write"


def test_an_upload_stays_a_week(caller, capsys):
    send(caller, ndjson(rows(1)))
    work()
    call_command("trim_feed")
    assert ApiUpload.objects.count() == 1
    ApiUpload.objects.update(finished_at="2025-01-01T00:00:00Z")
    call_command("trim_feed")
    assert (ApiUpload.objects.count(), ApiUploadPart.objects.count()) == (0, 0)


def test_a_page_of_uploads_takes_as_many_queries_for_30_as_for_1(caller, django_assert_num_queries):
    send(caller, ndjson(rows(1)))
    for number in (1, 30):
        while ApiUpload.objects.count() < number:
            send(caller, ndjson(rows(1)))
        with django_assert_num_queries(3):  # key, bucket, uploads
            assert len(caller.data("uploads")["data"]) == number


@pytest.mark.django_db(transaction=True)
def test_four_workers_share_uploads_and_write_each_row_once(api, small_parts):
    caller = api("enterprises:write")
    for n in range(4):
        send(caller, ndjson(rows(30, start=30 * n)))
    at_once(4, lambda n: work())
    assert Enterprise.objects.count() == 120
    assert set(ApiUpload.objects.values_list("state", "created")) == {("DONE", 30)}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_again_and_again_writes_each_row_once(api):
    caller = api("enterprises:write")
    items = rows(4_000)
    upload = send(caller, ndjson(items)).json()
    kills = 0
    while kills < 3:
        process = start_worker()
        before, deadline = ExternalRef.objects.count(), time.monotonic() + 30
        while ExternalRef.objects.count() == before and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
    assert 0 < ExternalRef.objects.count() < 4_000
    process = start_worker("--once")
    assert process.wait(120) == 0
    shown = caller.http.get(upload["links"]["self"]).json()
    assert (shown["state"], shown["created"], shown["unchanged"]) == ("DONE", 4_000, 0)
    assert Enterprise.objects.count() == ExternalRef.objects.count() == 4_000
    assert set(Enterprise.objects.values_list("version", flat=True)) == {1}
    assert AuditEntry.objects.filter(model="crm.enterprise", action="CREATED").count() == 4_000


def start_worker(*options: str) -> subprocess.Popen:
    """Start ``manage.py work`` on the database of this test."""
    found = connection.settings_dict
    address = (
        f"postgresql://{found['USER']}:{found['PASSWORD']}@{found['HOST']}:{found['PORT']}"
        f"/{found['NAME']}"
    )
    environment = os.environ | {"DATABASE_URL": address}
    command = [sys.executable, str(ROOT / "manage.py"), "work", *options]
    return subprocess.Popen(command, env=environment, cwd=ROOT)
