"""The change feed over HTTP: from one snapshot, for one client, with nothing lost."""

import pytest
from django.core.signing import Signer
from django.db import transaction

from crm.models import Enterprise, Lead
from tests import factories
from tests.api.conftest import problem
from zone.feed.log import with_origin
from zone.models import ExternalRef

pytestmark = pytest.mark.django_db(transaction=True)
READ = ("changes:read", "leads:read", "enterprises:read", "contacts:read")


@pytest.fixture
def chain(db):
    return factories.make_chain()


def start(caller) -> str:
    return caller.data("changes", **{"from": "now"})["next_cursor"]


def follow(caller, cursor: str, **params) -> tuple[list[dict], str]:
    page = caller.data("changes", cursor=cursor, **params)
    return page["data"], page["next_cursor"]


def test_what_comes_and_goes_is_told_with_what_it_is_now(api, chain):
    caller = api(*READ)
    cursor = start(caller)
    lead = factories.make_lead(chain=chain)
    ExternalRef.objects.create(source="oa", entity=8, external_id="1", object_id=lead.pk)
    items, cursor = follow(caller, cursor, entity="leads")
    shown = caller.data(f"leads/{lead.pk}")
    assert [(item["op"], item["object"]) for item in items] == [("upsert", shown)]
    assert items[0]["version"] == shown["version"]
    Lead.objects.all().delete()
    items, cursor = follow(caller, cursor, entity="leads")
    assert [(i["op"], i["reason"], i["external_refs"]) for i in items] == [
        ("delete", "deleted", [{"source": "oa", "external_id": "1"}])
    ]
    assert items[0]["version"] > shown["version"]
    assert follow(caller, cursor)[0] == []


def test_a_lead_that_leaves_the_rows_of_a_client_is_a_tombstone_for_it(api, chain):
    other = factories.make_chain("electronics")
    lead = factories.make_lead(chain=chain)
    theirs, ours = api(*READ, chains=[chain]), api(*READ, chains=[other])
    places = [start(theirs), start(ours)]
    Lead.objects.update(chain=other)
    gone = follow(theirs, places[0], entity="leads")[0]
    come = follow(ours, places[1], entity="leads")[0]
    assert [(item["id"], item["op"], item["reason"]) for item in gone] == [
        (str(lead.pk), "delete", "out_of_scope")
    ]
    assert [(item["id"], item["op"]) for item in come] == [(str(lead.pk), "upsert")]
    assert "object" not in gone[0]


def test_numbers_are_masked_in_the_feed_too(api):
    caller, plain = api(*READ), api(*READ, "pii:read")
    places = [start(caller), start(plain)]
    factories.make_contact(phone="13812345678")
    shown = [
        follow(one, place, entity="contacts")[0][0]["object"]["phone"]
        for one, place in zip((caller, plain), places, strict=True)
    ]
    assert shown == ["138****5678", "13812345678"]


def test_only_kinds_of_rows_that_the_key_reads_are_told(api):
    caller = api("changes:read", "enterprises:read")
    cursor = start(caller)
    factories.make_lead()
    assert {item["entity"] for item in follow(caller, cursor)[0]} == {"enterprises"}
    refused = caller.get("changes", cursor=cursor, entity="enterprises,leads")
    assert (refused.status_code, "leads" in problem(refused)["detail"]) == (400, True)


def test_small_pages_lead_to_the_same_end(api, chain):
    caller = api(*READ)
    cursor = start(caller)
    ids = {str(factories.make_lead(chain=chain).pk) for _ in range(7)}
    found, more = [], True
    while more:
        page = caller.data("changes", cursor=cursor, limit=2, entity="leads")
        found += [item["id"] for item in page["data"]]
        cursor, more = page["next_cursor"], page["has_more"]
    assert (len(found), set(found)) == (7, ids)


def test_ones_own_changes_can_be_left_out(api):
    caller = api(*READ)
    cursor = start(caller)
    with transaction.atomic(), with_origin(caller.client.account_id):
        own = factories.make_enterprise()
    other = factories.make_enterprise()
    told = follow(caller, cursor, exclude_origin="self")[0]
    assert [item["id"] for item in told] == [str(other.pk)]
    assert {item["id"] for item in follow(caller, cursor)[0]} == {str(own.pk), str(other.pk)}


@pytest.mark.parametrize(
    "spoil", [lambda cursor: cursor[:-2], lambda cursor: "x", lambda cursor: ""]
)
def test_a_cursor_that_is_none_is_refused(api, spoil):
    caller = api(*READ)
    refused = caller.get("changes", cursor=spoil(start(caller)))
    assert (refused.status_code, problem(refused)["errors"][0]["pointer"]) == (400, "?cursor")


def test_without_a_cursor_the_way_to_begin_is_told(api):
    assert "from=now" in problem(api(*READ).get("changes"))["detail"]


def test_a_cursor_of_another_history_or_other_rights_is_gone(api, chain):
    caller = api(*READ, chains=[chain])
    cursor = start(caller)
    caller.client.chains.add(factories.make_chain("electronics"))
    gone = caller.get("changes", cursor=cursor)
    found = problem(gone)
    assert (gone.status_code, found["code"]) == (410, "cursor_scope")
    assert found["bootstrap"].endswith("/api/v1/changes?from=now")
    cursor = start(caller)
    words = Signer(salt="zone.feed.cursor").unsign_object(cursor)
    forged = Signer(salt="zone.feed.cursor").sign_object(["another", *words[1:]])
    assert problem(caller.get("changes", cursor=forged))["code"] == "cursor_restored"
    cursor = start(caller)
    type(caller.client).objects.update(scopes=[*READ, "pii:read"])
    assert problem(caller.get("changes", cursor=cursor))["code"] == "cursor_scope"


@pytest.mark.parametrize(
    "change",
    [
        lambda client, chain: client.chains.set([]),
        lambda client, chain: client.chains.add(factories.make_chain("electronics")),
        lambda client, chain: client.parks.add(factories.make_park()),
        lambda client, chain: save(client, scopes=[*READ, "pii:read"]),
        lambda client, chain: save(client, whole_zone=True),
    ],
    ids=["chain gone", "chain added", "park added", "scope", "zone"],
)
def test_rights_that_went_and_came_back_are_others(api, chain, change):
    """What the client copied meanwhile lacks rows, or shows more than it may."""
    caller = api(*READ, chains=[chain])
    cursor = start(caller)
    change(caller.client, chain)
    save(caller.client, scopes=list(READ), whole_zone=False)
    caller.client.chains.set([chain])
    caller.client.parks.clear()
    assert problem(caller.get("changes", cursor=cursor))["code"] == "cursor_scope"


def test_rights_to_write_and_a_new_name_leave_a_cursor_in_force(api, chain):
    caller = api(*READ, chains=[chain])
    cursor = start(caller)
    save(caller.client, scopes=["leads:write", *reversed(READ)], name="示例·另一系统")
    caller.client.chains.set([chain])
    assert caller.get("changes", cursor=cursor).status_code == 200


def save(client, **values):
    for name, value in values.items():
        setattr(client, name, value)
    client.save()


@pytest.mark.parametrize("rows", [1, 30])
def test_a_page_takes_the_same_few_queries_whatever_the_rows(
    api, django_assert_max_num_queries, rows
):
    caller = api(*READ)
    cursor = start(caller)
    for _ in range(rows):
        factories.make_enterprise()
    with django_assert_max_num_queries(14):
        assert len(follow(caller, cursor)[0]) == rows
    assert Enterprise.objects.count() == rows
