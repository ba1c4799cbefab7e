"""What is wrong with a batch or a row of it is told at its place; the others are written."""

import pytest

from crm.models import Enterprise, Lead
from projects.models import Occupancy
from tests import factories
from tests.api.batches import SCOPES, World, places, send, statuses, upsert
from tests.api.conftest import problem
from zone.identifiers import uscc_check_character
from zone.models import ExternalRef

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller(api):
    return api(*SCOPES)


def test_all_errors_of_a_row_come_together_and_the_others_are_written(caller):
    world = World()
    wrong = {"name": "", "scale": "HUGE", "uscc": "123", "chain": "none", "colour": "red"}
    mixed = upsert(caller, "enterprises", [world.enterprises(0), wrong, world.enterprises(2)])
    assert statuses(mixed) == [201, 422, 201]
    found = {pointer.rpartition("/")[2] for pointer, _ in places(mixed.json()["results"][1])}
    assert found == {"name", "scale", "uscc", "chain", "colour"}
    assert Enterprise.objects.count() == 2


@pytest.mark.parametrize(
    ("item", "place"),
    [
        (7, ("/items/0", "type")),
        ({"data": {}}, ("/items/0/external_id", "type")),
        ({"external_id": "", "data": {}}, ("/items/0/external_id", "blank")),
        ({"external_id": "x" * 201, "data": {}}, ("/items/0/external_id", "max_length")),
        ({"external_id": "x"}, ("/items/0/data", "type")),
        ({"external_id": "x", "data": []}, ("/items/0/data", "type")),
        ({"external_id": "x", "data": {}, "version": "1"}, ("/items/0/version", "type")),
        ({"external_id": "x", "data": {}, "ref": 1}, ("/items/0/ref", "type")),
        ({"external_id": "x", "data": {}, "id": "1"}, ("/items/0/id", "unknown")),
        (
            {"external_id": "x", "data": {"external_refs": []}},
            ("/items/0/data/external_refs", "read_only"),
        ),
        ({"external_id": "x", "data": {"version": 1}}, ("/items/0/data/version", "read_only")),
    ],
)
def test_what_is_wrong_with_an_item_is_told_at_its_place(caller, item, place):
    answer = send(caller, "enterprises", [item])
    assert (answer.status_code, statuses(answer)) == (207, [422]), answer.text
    assert place in places(answer.json()["results"][0])


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"items": None}, ("/items", "type")),
        ({"items": []}, ("/items", "length")),
        (
            {"items": [{"external_id": str(n), "data": {}} for n in range(501)]},
            ("/items", "length"),
        ),
        ({"mode": "some"}, ("/mode", "invalid_choice")),
        ({"source": None}, ("/source", "type")),
        ({"source": "x" * 51}, ("/source", "max_length")),
        ({"colour": 1}, ("/colour", "unknown")),
    ],
)
def test_what_is_wrong_with_a_batch_is_told_at_its_place(caller, change, place):
    body = {"source": "oa", "items": [{"external_id": "1", "data": {}}]} | change
    answer = caller._send("post", "enterprises/batch-upsert", body, {})
    assert answer.status_code == 422
    assert place in [(found["pointer"], found["code"]) for found in problem(answer)["errors"]]


def test_the_same_id_or_name_twice_in_a_batch_counts_once(caller):
    row = World().enterprises(0)
    items = [{"external_id": "1", "data": row}, {"external_id": "1", "data": row}]
    items.append({"external_id": "2", "data": row})
    answer = send(caller, "enterprises", items)
    assert statuses(answer) == [201, 409, 409]
    assert places(answer.json()["results"][1]) == [("/items/1/external_id", "repeated")]
    assert places(answer.json()["results"][2]) == [("/items/2/data/name", "duplicate")]
    assert Enterprise.objects.count() == 1


def test_what_is_recorded_already_is_told_at_its_field(caller):
    first = "91140400MA0ABCDE1"
    known = factories.make_enterprise(uscc=first + uscc_check_character(first))
    rows = [
        {"name": f" {known.name[:4]} {known.name[4:]}"},
        {"name": "示例另一家公司", "uscc": known.uscc},
    ]
    answer = upsert(caller, "enterprises", rows)
    assert statuses(answer) == [409, 409]
    assert [places(found)[0] for found in answer.json()["results"]] == [
        ("/items/0/data/name", "duplicate"),
        ("/items/1/data/uscc", "duplicate"),
    ]


def test_a_rule_of_the_database_finds_its_rows_and_spares_the_others(caller):
    world = World()
    rows = [world.leads(n) for n in range(20)]
    for n in (3, 17):
        rows[n] |= {"planned_fixed_asset_wan": "6000"}
    answer = upsert(caller, "leads", rows)
    assert [n for n, status in enumerate(statuses(answer)) if status != 201] == [3, 17]
    assert answer.json()["results"][3]["problem"]["errors"][0]["detail"]
    assert (Lead.objects.count(), ExternalRef.objects.count()) == (18, 18)
    lead = Lead.objects.first()
    assert (lead.stage_changes.count(), lead.owner_changes.count()) == (1, 1)


def test_no_space_is_given_twice_within_a_batch(caller):
    world = World()
    row = world.occupancies(0)
    other = row | {"enterprise": str(factories.make_enterprise().pk)}
    answer = upsert(caller, "occupancies", [row, other])
    assert (statuses(answer), Occupancy.objects.count()) == ([201, 422], 1), answer.text


def test_a_stale_version_is_refused_and_a_version_needs_a_row(caller):
    row = World().enterprises(0)
    upsert(caller, "enterprises", [row])
    item = {"external_id": "X-0", "data": row | {"scale": "LARGE"}}
    assert statuses(send(caller, "enterprises", [item | {"version": 7}])) == [412]
    missing = {"external_id": "none", "data": row, "version": 1}
    assert statuses(send(caller, "enterprises", [missing])) == [404]
    assert statuses(send(caller, "enterprises", [item | {"version": 1}])) == [200]


def test_a_deleted_row_is_not_made_anew_under_its_id(caller):
    row = World().enterprises(0)
    upsert(caller, "enterprises", [row])
    Enterprise.objects.all().delete()
    assert statuses(upsert(caller, "enterprises", [row])) == [404]
    assert not Enterprise.objects.exists()


def test_what_is_fixed_may_be_said_again_but_not_changed(caller):
    world = World()
    row = world.leads(0)
    upsert(caller, "leads", [row])
    other = str(factories.make_enterprise().pk)
    answer = upsert(caller, "leads", [row | {"enterprise": other}])
    assert places(answer.json()["results"][0]) == [("/items/0/data/enterprise", "fixed")]


def test_a_closed_row_is_not_changed(caller):
    row = World().leads(0)
    upsert(caller, "leads", [row])
    Lead.objects.update(stage="LOST")
    answer = upsert(caller, "leads", [row | {"needs": "厂房"}])
    assert answer.json()["results"][0]["problem"]["code"] == "closed"


def test_a_lead_of_an_enterprise_already_courted_tells_whose_and_since_when(
    caller, chain, specialist
):
    contact = factories.make_contact(phone="13812345678")
    lead = factories.make_lead(
        enterprise=contact.enterprise, chain=chain, owner=specialist, contact=contact
    )
    body = World().leads(0)
    answer = upsert(caller, "leads", [body | {"enterprise": str(lead.enterprise_id)}, body, body])
    assert statuses(answer) == [409, 201, 409]
    refusal = answer.json()["results"][0]["problem"]
    assert refusal["code"] == "duplicate"
    assert refusal["duplicate_of"]["owner"] == "specialist"
    assert refusal["duplicate_of"]["registered_on"]
    assert "13812345678" not in answer.text
    assert contact.name not in answer.text
    alone = caller.post("leads", body | {"enterprise": str(lead.enterprise_id)})
    assert (alone.status_code, problem(alone)["duplicate_of"]) == (409, refusal["duplicate_of"])
    lead.close(by=specialist, to="LOST", reason="未谈成")
    free = caller.post("leads", body | {"enterprise": str(lead.enterprise_id)})
    assert free.status_code == 201


def test_what_is_out_of_reach_is_neither_changed_nor_made(api, chain):
    other = factories.make_chain("electronics")
    hidden = factories.make_enterprise(chain=other)
    ExternalRef.objects.create(source="oa", entity=6, external_id="X-0", object_id=hidden.pk)
    caller = api(*SCOPES, chains=[chain])
    rows = [{"name": "改名"}, {"name": "示例甲", "chain": chain.code}]
    answer = upsert(caller, "enterprises", rows)
    assert statuses(answer) == [404, 201]
    at = factories.make_enterprise(chain=chain)
    lead = World().leads(0) | {"enterprise": str(at.pk), "chain": other.code}
    fine = World().leads(1) | {"enterprise": str(Enterprise.objects.get(name="示例甲").pk)}
    answer = upsert(caller, "leads", [lead, fine])
    assert [found.get("problem", {}).get("code") for found in answer.json()["results"]] == [
        "out_of_scope",
        None,
    ]
    assert Lead.objects.count() == 1


def test_only_the_parks_own_client_books_its_spaces(api, chain):
    world = World()
    tenant = factories.make_enterprise(chain=chain)
    row = world.occupancies(0) | {"enterprise": str(tenant.pk)}
    answer = upsert(api(*SCOPES, chains=[chain]), "occupancies", [row])
    assert answer.json()["results"][0]["problem"]["code"] == "not_yours"


def test_a_batch_asks_for_the_scope_of_writing(api):
    answer = upsert(api("enterprises:read"), "enterprises", [{}])
    assert problem(answer)["scope"] == "enterprises:write"
