"""Uploads: many rows as NDJSON or CSV, written by a worker that may be killed at any moment."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection

from crm.models import Enterprise, Lead
from tests import factories
from tests.api.conftest import problem
from tests.racing import at_once
from zone.api import uploading
from zone.database.checkout import ROOT
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


def start_worker(*options: str, program: str = "", args: tuple = (), **environment: str):
    """Start ``manage.py work``, or a program in its place, on the database of this test."""
    found = connection.settings_dict
    address = (
        f"postgresql://{found['USER']}:{found['PASSWORD']}@{found['HOST']}:{found['PORT']}"
        f"/{found['NAME']}"
    )
    environment = os.environ | environment
    environment |= {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "zone.settings"}
    command = ["-c", program, *args] if program else [str(ROOT / "manage.py"), "work", *options]
    return subprocess.Popen([sys.executable, *command], env=environment, cwd=ROOT)


# A worker as the command runs it, whose writing of rows named so ends the process or fails.
POISONED = """
import os, signal, sys, time, django
django.setup()
from django.core.management import call_command
from zone.api import uploading
write = uploading._write
def poisoned(upload, part):
    if any("毒" in item["data"]["name"] for item in part.items):
        if sys.argv[1] == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if sys.argv[1] == "hang":
            time.sleep(600)
        raise RuntimeError(sys.argv[1])
    return write(upload, part)
uploading._write = poisoned
call_command("work", once=True, verbosity=0)
"""


UNCOUNTED = """
uploading._write = poisoned
uploading.ApiUploadPart.count_try = lambda *_: None
"""


def with_poison(number: int, at: int) -> list[dict]:
    items = rows(number)
    items[at]["data"]["name"] = "示例毒公司"
    return items


def work_until_done(how: str, most: int = 40, **environment: str) -> list[int]:
    """Start workers one after the other, as a supervisor does; return how each ended."""
    codes = []
    while not codes or codes[-1] != 0:
        assert len(codes) < most
        process = start_worker(program=POISONED, args=(how,), **environment)
        codes.append(process.wait(120))
    return codes


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("how", "code", "deaths"), [("kill", -signal.SIGKILL, 3), ("hang", 1, 3), ("raise", 0, 0)]
)
def test_a_row_that_ends_the_worker_is_set_aside_and_all_others_are_written(api, how, code, deaths):
    caller = api("enterprises:write")
    poisoned = send(caller, ndjson(with_poison(1 if how == "hang" else 15, at=0))).json()
    following = send(caller, ndjson(rows(5, start=1_000))).json()
    codes = work_until_done(how, WORKER_STEP_LIMIT="1")
    assert (codes[:deaths], codes[-1]) == ([code] * deaths, 0)
    shown = caller.http.get(poisoned["links"]["self"]).json()
    good = poisoned["rows"] - 1
    assert (shown["state"], shown["created"], shown["failed"]) == ("DONE", good, 1)
    assert "多次尝试仍无法处理" in shown["why"]
    [failed] = lines(caller, poisoned, "failed")
    assert (failed["index"], failed["external_id"], failed["status"]) == (0, "X-0", 500)
    assert failed["problem"]["code"] == "not_processed"
    success = lines(caller, poisoned, "success")
    assert [found["index"] for found in success] == list(range(1, poisoned["rows"]))
    assert caller.http.get(following["links"]["self"]).json()["created"] == 5
    assert Enterprise.objects.count() == good + 5
    assert set(ApiUploadPart.objects.values_list("items", flat=True)) == {None}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_from_outside_three_times_in_one_part_loses_no_row(api):
    caller = api("enterprises:write")
    upload = send(caller, ndjson(with_poison(20, at=3))).json()
    for tries in (1, 2, 3):
        process = start_worker(program=POISONED, args=("hang",))
        deadline = time.monotonic() + 60
        while ApiUploadPart.objects.get().tries < tries:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.kill()
        process.wait()
    assert start_worker("--once").wait(60) == 0
    shown = caller.http.get(upload["links"]["self"]).json()
    assert (shown["state"], shown["created"], shown["failed"]) == ("DONE", 20, 0)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_without_the_count_a_poisonous_row_stops_everything(api):
    """The negative control."""
    caller = api("enterprises:write")
    send(caller, ndjson(with_poison(2, at=0)))
    send(caller, ndjson(rows(5, start=1_000)))
    uncounted = POISONED.replace("uploading._write = poisoned", UNCOUNTED)
    for _ in range(6):
        assert start_worker(program=uncounted, args=("kill",)).wait(120) == -signal.SIGKILL
    assert not Enterprise.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_busy_or_absent_database_is_no_fault_of_a_part(api, monkeypatch):
    caller = api("enterprises:write")
    send(caller, ndjson(rows(2)))

    def ask(statement):
        def write(upload, part):
            with connection.cursor() as cursor:
                cursor.execute(statement)

        return write

    raised = "DO $$ BEGIN RAISE EXCEPTION 'made' USING ERRCODE = '%s'; END $$"
    for _ in range(5):
        monkeypatch.setattr(uploading, "_write", ask(raised % "40P01"))
        assert not uploading.write_next_part()  # a pause, or the two meet again
        for state in ("53100", "57P01", "25006"):
            monkeypatch.setattr(uploading, "_write", ask(raised % state))
            with pytest.raises(DatabaseError):
                uploading.write_next_part()
    assert ApiUploadPart.objects.get().tries == 0
    monkeypatch.setattr(uploading, "_write", ask(raised % "57P02"))
    with pytest.raises(DatabaseError):
        uploading.write_next_part()
    assert ApiUploadPart.objects.get().tries == 1
    monkeypatch.undo()
    work()
    assert Enterprise.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_part_that_fails_at_once_holds_up_no_upload_behind_it(api, monkeypatch):
    caller = api("enterprises:write")
    send(caller, ndjson(with_poison(9, at=4)))
    send(caller, ndjson(rows(5, start=1_000)))
    write = uploading._write

    def fails(upload, part):
        if any("毒" in item["data"]["name"] for item in part.items):
            raise KeyError("of our own")
        return write(upload, part)

    monkeypatch.setattr(uploading, "_write", fails)
    work()
    assert list(ApiUpload.objects.order_by("at").values_list("state", "created", "failed")) == [
        ("DONE", 8, 1),
        ("DONE", 5, 0),
    ]
    line = AuditEntry.objects.filter(action="IMPORTED").order_by("at").first()
    assert (line.detail["rows"], line.detail["refused"]) == (9, 1)
