"""References are the client's whose source they bear: nobody else writes or probes them."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from crm.models import Enterprise, Lead
from tests import factories
from tests.api.conftest import lead_body, pointers, problem
from tests.racing import at_once, held_up
from zone.api import uploading
from zone.models import ApiClient, ApiReply, ApiUpload, AuditEntry, ExternalRef

pytestmark = pytest.mark.django_db
SCOPES = ("enterprises:read", "enterprises:write", "leads:read", "leads:write", "changes:read")


@pytest.fixture
def owner(api):
    """Return client A, whose source is oa."""
    return api(*SCOPES)


@pytest.fixture
def other(owner, api):
    """Return client B, whose source is mis."""
    return api(*SCOPES, sources=["mis"])


def refer(row, external_id: str, source="oa") -> dict:
    pair = {"source": source, "external_id": external_id}
    ExternalRef.objects.create(entity=row.SYNC.number, object_id=row.pk, **pair)
    return pair


def batch(caller, source: str, external_id: str, **data):
    items = [{"external_id": external_id, "data": {"name": "示例新公司"} | data}]
    return caller._send("post", "enterprises/batch-upsert", {"source": source, "items": items}, {})


def upload(caller, source: str, external_id: str):
    body = json.dumps({"external_id": external_id, "data": {"name": "示例新公司"}})
    path = f"/api/v1/enterprises/uploads?source={source}"
    return caller.http.generic("POST", path, body, "application/x-ndjson")


def create(caller, source: str, external_id: str):
    refs = [{"source": source, "external_id": external_id}]
    return caller.post("enterprises", {"name": "示例新公司", "external_refs": refs})


def change(caller, source: str, external_id: str):
    row = Enterprise.objects.filter(name="示例旧公司").first()
    row = row or factories.make_enterprise(name="示例旧公司")
    refs = [{"source": source, "external_id": external_id}]
    return caller.patch(f"enterprises/{row.pk}", {"external_refs": refs}, row.version)


DOORS = {
    batch: "/source",
    upload: "?source",
    create: "/external_refs/0/source",
    change: "/external_refs/0/source",
}


@pytest.fixture(params=DOORS, ids=lambda door: door.__name__)
def door(request):
    return request.param


@pytest.mark.parametrize("source", ["oa", "OA", "ｏａ ", "nobody", "o\u200ba", "oа"])
def test_a_source_of_somebody_else_is_refused_at_every_door(other, door, source):
    known = refer(factories.make_enterprise(name="示例甲公司"), "E-1")
    refused = [door(other, source, external_id) for external_id in (known["external_id"], "E-2")]
    for answer in refused:
        assert (answer.status_code, problem(answer)["code"]) == (403, "source"), answer.text
        assert pointers(answer) == [(DOORS[door], "source")]
    first, second = (problem(answer) | {"request_id": ""} for answer in refused)
    assert first == second
    assert ExternalRef.objects.count() == 1
    assert (ApiUpload.objects.count(), ApiReply.objects.count()) == (0, 0)
    assert not Enterprise.objects.filter(name="示例新公司").exists()


def test_the_answer_does_not_tell_whether_a_source_is_another_clients(other, door):
    words = [problem(door(other, source, "E-1")) for source in ("oa", "nobody")]
    assert words[0] | {"request_id": ""} == words[1] | {"request_id": ""}


def test_a_refused_source_is_told_before_anything_is_looked_up(other, chain):
    hidden = {"source": "oa", "external_id": "E-1"}
    body = lead_body(chain, enterprise=hidden, external_refs=[hidden])
    with CaptureQueriesContext(connection) as seen:
        refused = other.post("leads", body)
    assert problem(refused)["code"] == "source"
    assert [query for query in seen.captured_queries if "externalref" in query["sql"]] == []


def test_a_row_of_another_system_is_not_overwritten_by_its_id(owner, other):
    assert batch(owner, "oa", "E-1").json()["results"][0]["status"] == 201
    assert batch(other, "oa", "E-1", name="示例改名公司").status_code == 403
    assert batch(other, "mis", "E-1", name="示例另一公司").json()["results"][0]["status"] == 201
    assert set(Enterprise.objects.values_list("name", flat=True)) == {"示例新公司", "示例另一公司"}


def test_an_id_is_not_taken_before_its_system_sends_it(owner, other, door):
    assert door(other, "oa", "E-1").status_code == 403
    assert batch(owner, "oa", "E-1", name="示例甲公司").json()["results"][0]["status"] == 201


def test_a_source_is_the_same_in_all_its_spellings(owner):
    assert batch(owner, " ＯＡ", "E-1").json()["results"][0]["status"] == 201
    assert batch(owner, "oa", "E-1").json()["results"][0]["status"] == 204
    [row] = owner.data("enterprises", external="Oa:E-1")["data"]
    assert row["external_refs"] == [{"source": "oa", "external_id": "E-1"}]
    body = {"external_refs": [{"source": "OA", "external_id": "E-1"}]}
    same = owner.patch(f"enterprises/{row['id']}", body, row["version"])
    assert same.json()["version"] == row["version"]


@pytest.mark.parametrize("repeated", [True, False])
def test_a_client_replaces_its_own_references_and_leaves_the_others(other, repeated):
    row = factories.make_enterprise()
    theirs, own = refer(row, "E-1"), refer(row, "M-1", "mis")
    new = {"source": "mis", "external_id": "M-2"}
    row.refresh_from_db()
    path, said = f"enterprises/{row.pk}", [theirs] * repeated
    moved = other.patch(path, {"external_refs": [*said, new]}, row.version).json()
    assert moved["external_refs"] == [new, theirs]
    assert AuditEntry.objects.of(row).first().detail == {"references": ["mis:M-2"]}
    emptied = other.patch(path, {"external_refs": said}, moved["version"]).json()
    assert emptied["external_refs"] == [theirs]
    again = other.patch(path, {"external_refs": said}, emptied["version"]).json()
    assert again["version"] == emptied["version"]
    assert own not in again["external_refs"]


def test_a_reference_of_another_row_is_no_more_ones_own_for_having_been_read(other):
    first, second = factories.make_enterprise(), factories.make_enterprise()
    pair = refer(first, "E-1")
    refused = other.patch(f"enterprises/{second.pk}", {"external_refs": [pair]}, second.version)
    assert (refused.status_code, problem(refused)["code"]) == (403, "source")


def test_what_was_read_may_be_sent_back_however_much_it_is(owner, other):
    row = factories.make_enterprise()
    for n in range(25):
        refer(row, f"E-{n}")
        refer(row, f"M-{n}", "mis")
    path = f"enterprises/{row.pk}"
    read = owner.data(path)
    for caller in (owner, other):
        same = caller.patch(path, {"external_refs": read["external_refs"]}, read["version"])
        assert (same.status_code, same.json()) == (200, read)
    more = [*read["external_refs"], {"source": "oa", "external_id": "E-25"}]
    refused = owner.patch(path, {"external_refs": more}, read["version"])
    assert pointers(refused) == [("/external_refs", "max_length")]


def test_a_client_without_a_source_writes_rows_without_references(owner, api):
    caller = api(*SCOPES, sources=[])
    made = caller.post("enterprises", {"name": "示例无源公司", "external_refs": []})
    assert made.status_code == 201, made.text
    pair = refer(Enterprise.objects.get(), "E-1")
    read = caller.data(f"enterprises/{made.json()['id']}")
    sent = {"external_refs": read["external_refs"], "scale": "SMALL"}
    changed = caller.patch(f"enterprises/{read['id']}", sent, read["version"])
    assert changed.json()["external_refs"] == [pair]
    assert batch(caller, "oa", "E-1").status_code == 403
    assert batch(caller, "", "E-1").status_code == 422


def test_a_client_sees_its_sources(other):
    assert other.data("me")["sources"] == ["mis"]


# Probing


@pytest.fixture
def near(chain, api):
    """Return a client that reaches one chain, and names of rows that it does not."""
    caller = api(*SCOPES, chains=[chain], sources=["mis"])
    hidden = factories.make_enterprise(chain=factories.make_chain("electronics"))
    gone = factories.make_enterprise()
    unseen = {
        "another system's hidden row": refer(hidden, "E-1"),
        "another system's deleted row": refer(gone, "E-2"),
        "no row of another system": {"source": "oa", "external_id": "E-3"},
        "no system": {"source": "nobody", "external_id": "E-4"},
        "an own hidden row": refer(hidden, "M-1", "mis"),
        "an own deleted row": refer(gone, "M-2", "mis"),
        "no row of one's own": {"source": "mis", "external_id": "M-3"},
        "no name": {"source": "", "external_id": ""},
        "a long name": {"source": "x" * 60, "external_id": "x" * 300},
    }
    gone.delete()
    caller.get("me")  # the use of a key is noted once a minute
    return caller, unseen


def asked(work) -> tuple:
    """Return what an answer tells: its status, its body, and how often the database was asked."""
    with CaptureQueriesContext(connection) as seen:
        answer = work()
    return answer.status_code, answer.json() | {"request_id": "", "results": ""}, len(seen)


def test_a_hidden_reference_is_pointed_at_like_one_that_is_not_there(near, chain):
    caller, unseen = near
    bodies = {name: lead_body(chain, enterprise=pair) for name, pair in unseen.items()}
    found = {
        name: asked(lambda body=body: caller.post("leads", body)) for name, body in bodies.items()
    }
    assert {status for status, _body, _queries in found.values()} == {422}
    assert len({str(one) for one in found.values()}) == 1, found


def test_a_hidden_reference_in_a_batch_is_told_like_one_that_is_not_there(near, chain):
    caller, unseen = near
    body = lead_body(chain)
    told = []
    for pair in unseen.values():
        items = [{"external_id": "L-1", "data": body | {"enterprise": pair}}]
        sent = {"source": "mis", "items": items}
        with CaptureQueriesContext(connection) as seen:
            answer = caller._send("post", "leads/batch-upsert", sent, {})
        told.append((answer.status_code, answer.json(), len(seen)))
    assert told[0][1]["results"][0]["problem"]["errors"][0]["code"] == "not_found"
    assert len({str(one) for one in told}) == 1, told


def test_a_hidden_reference_is_looked_up_like_one_that_is_not_there(near):
    caller, unseen = near
    pairs = [pair for pair in unseen.values() if pair["source"]]
    texts = [f"{pair['source']}:{pair['external_id']}" for pair in pairs]
    found = [asked(lambda text=text: caller.get("enterprises", external=text)) for text in texts]
    assert {(status, str(body["data"])) for status, body, _queries in found} == {(200, "[]")}
    assert len({str(one) for one in found}) == 1, found


def test_a_reference_of_another_system_leads_to_a_row_within_reach(near, chain):
    caller, _unseen = near
    row = factories.make_enterprise(chain=chain)
    pair = refer(row, "E-9")
    assert [one["id"] for one in caller.data("enterprises", external="oa:E-9")["data"]] == [
        str(row.pk)
    ]
    made = caller.post("leads", lead_body(chain) | {"enterprise": pair})
    assert made.json()["enterprise"] == str(row.pk), made.text


@pytest.mark.parametrize("send", [batch, create])
def test_an_own_id_tells_the_same_of_a_hidden_row_and_of_a_deleted_one(near, send):
    caller, unseen = near
    names = ("an own hidden row", "an own deleted row")
    answers = []
    for name in names:
        with CaptureQueriesContext(connection) as seen:
            answer = send(caller, "mis", unseen[name]["external_id"])
        text = answer.text.replace(unseen[name]["external_id"], "")
        told = json.loads(text) | {"request_id": ""}
        answers.append((answer.status_code, told, len(seen)))
    assert answers[0] == answers[1]
    status, told, _queries = answers[0]
    assert (status, "not_found" in str(told)) == ((207, True) if send is batch else (409, False))


@pytest.mark.django_db(transaction=True)
def test_the_feed_tells_of_a_row_that_left_only_what_is_ones_own(chain, api, owner):
    reader = api("leads:read", "changes:read", chains=[chain], sources=["mis"])
    lead = factories.make_lead(chain=chain)
    own = refer(lead, "M-1", "mis")
    cursor = reader.data("changes", **{"from": "now"})["next_cursor"]
    Lead.objects.filter(pk=lead.pk).update(chain=factories.make_chain("electronics"))
    refer(lead, "L-1")
    [item] = reader.data("changes", cursor=cursor)["data"]
    assert (item["reason"], item["external_refs"]) == ("out_of_scope", [own])


# Binding


def test_an_upload_stops_when_its_source_is_the_clients_no_more(other):
    taken = upload(other, "mis", "E-1").json()
    ApiClient.objects.filter(pk=other.client.pk).update(sources=[])
    while uploading.write_next_part():
        pass
    ended = other.http.get(taken["links"]["self"]).json()
    assert (ended["state"], ended["created"], bool(ended["why"])) == ("STOPPED", 0, True)
    assert not ExternalRef.objects.exists()


def test_the_database_gives_a_source_to_one_client(owner, other):
    for change in (
        lambda: ApiClient.objects.filter(pk=other.client.pk).update(sources=["mis", "OA"]),
        lambda: factories.make_client(sources=["oa"]),
    ):
        with pytest.raises(IntegrityError, match="one client"), transaction.atomic():
            change()
    ApiClient.objects.filter(pk=owner.client.pk).update(sources=[])
    ApiClient.objects.filter(pk=other.client.pk).update(sources=["mis", "oa"])
    assert ApiClient.objects.get(pk=other.client.pk).sources == ["mis", "oa"]


def bound(client: ApiClient, name: str) -> str:
    """Bind a source as a form does: checked and saved in one transaction."""
    try:
        with transaction.atomic():
            client.sources = [name]
            client.full_clean()
            client.save()
    except ValidationError as refusal:
        return next(iter(refusal.error_dict))
    except IntegrityError:
        return "a fault"
    return "bound"


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_bind_one_source_at_once_one_has_it_and_the_others_are_told():
    clients = [factories.make_client() for _ in range(8)]
    names = ["oa", "OA", "ｏａ", " oa"] * 2
    found = at_once(8, lambda n: bound(clients[n], names[n]))
    assert sorted(found) == ["bound"] + ["sources"] * 7
    assert ApiClient.objects.filter(sources=["oa"]).count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_binds_it_past_every_check_waits_for_the_first_and_is_refused():
    first, second = factories.make_client(), factories.make_client()

    def bind(client: ApiClient):
        ApiClient.objects.filter(pk=client.pk).update(sources=["oa"])

    with transaction.atomic():
        bind(first)
        later = held_up(lambda: bind(second))
    with pytest.raises(IntegrityError, match="one client"):
        later.result(timeout=20)
    assert ApiClient.objects.filter(sources=["oa"]).count() == 1
