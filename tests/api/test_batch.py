"""batch-upsert: many rows by another system's ids, each once, all errors of each row told."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Contact, Enterprise, Lead
from projects.models import Agreement, CapitalArrival, Occupancy, Project
from tests import factories
from tests.api.conftest import problem
from tests.racing import at_once
from zone.feed.tables import LOG
from zone.identifiers import uscc_check_character
from zone.models import AuditEntry, ExternalRef

pytestmark = pytest.mark.django_db
SCOPES = (
    "enterprises:write", "contacts:write", "leads:write", "projects:write", "agreements:write",
    "capital-arrivals:write", "occupancies:write",
)  # fmt: skip


@pytest.fixture
def caller(api):
    return api(*SCOPES)


def upsert(caller, name: str, rows: list[dict], mode="partial", **headers):
    items = [{"external_id": f"X-{n}", "data": data} for n, data in enumerate(rows)]
    return send(caller, name, items, mode, **headers)


def send(caller, name: str, items: list[dict], mode="partial", **headers):
    body = {"source": "oa", "mode": mode, "items": items}
    return caller._send("post", f"{name}/batch-upsert", body, headers)


def statuses(response) -> list[int]:
    return [found["status"] for found in response.json()["results"]]


def places(result: dict) -> list[tuple]:
    return sorted((found["pointer"], found["code"]) for found in result["problem"]["errors"])


class World:
    """What rows of each kind point to."""

    def __init__(self):
        self.chain = factories.make_chain()
        self.space = factories.make_space()

    def row(self, name: str, n: int) -> dict:
        return getattr(self, name.replace("-", "_"))(n)

    def enterprises(self, n):
        return {"name": f"示例批量{n}有限公司", "chain": self.chain.code, "scale": "SMALL"}

    def contacts(self, n):
        at = factories.make_enterprise()
        return {"enterprise": str(at.pk), "name": "王经理", "phone": "13812345678"}

    def leads(self, n):
        at = factories.make_enterprise()
        body = {"enterprise": str(at.pk), "title": f"线索{n}", "chain": self.chain.code}
        return body | {"source": "SUPERIOR", "planned_investment_wan": "5000"}

    def projects(self, n):
        at = factories.make_enterprise()
        return {"enterprise": str(at.pk), "name": f"项目{n}", "chain": self.chain.code}

    def agreements(self, n):
        project = factories.make_project()
        body = {"project": str(project.pk), "kind": "FORMAL", "signed_on": "2025-03-01"}
        return body | {"amount_wan": "20000"}

    def capital_arrivals(self, n):
        project = factories.make_project()
        body = {"project": str(project.pk), "arrived_on": "2025-03-01", "amount_wan": "100"}
        return body | {"origin": "CITY"}

    def occupancies(self, n):
        space, tenant = factories.make_space(park=self.space.park), factories.make_enterprise()
        body = {"space": str(space.pk), "enterprise": str(tenant.pk), "kind": "LEASE"}
        return body | {"starts_on": "2025-01-01", "ends_on": None}


KINDS = {
    "enterprises": (Enterprise, {"scale": "LARGE"}, {"name": ""}),
    "contacts": (Contact, {"title": "总经理"}, {"name": ""}),
    "leads": (Lead, {"needs": "厂房"}, {"title": ""}),
    "projects": (Project, {"content": "正极材料"}, {"name": ""}),
    "agreements": (Agreement, {"title": "投资协议"}, {"kind": ""}),
    "capital-arrivals": (CapitalArrival, {"note": "首期"}, {"origin": ""}),
    "occupancies": (Occupancy, {"note": "一楼"}, {"kind": ""}),
}


@pytest.mark.parametrize("name", KINDS)
def test_rows_are_made_left_alone_changed_and_refused(caller, name):
    model, change, mistake = KINDS[name]
    world = World()
    rows = [world.row(name, n) for n in range(3)]
    made = upsert(caller, name, rows)
    assert (made.status_code, statuses(made)) == (200, [201] * 3), made.text
    found = made.json()["results"]
    assert [(one["index"], one["external_id"], one["version"]) for one in found] == [
        (n, f"X-{n}", 1) for n in range(3)
    ]
    lines = AuditEntry.objects.filter(action="CREATED", object_id__in=[r["id"] for r in found])
    assert (lines.count(), {line.by for line in lines}) == (3, {caller.client.account})

    again = upsert(caller, name, rows)
    assert (again.status_code, statuses(again)) == (200, [204] * 3), again.text
    assert [one["id"] for one in again.json()["results"]] == [one["id"] for one in found]

    mixed = upsert(caller, name, [rows[0], rows[1] | change, rows[2] | mistake])
    assert (mixed.status_code, statuses(mixed)) == (207, [204, 200, 422]), mixed.text
    [(field, value)] = change.items()
    changed = model.objects.get(pk=found[1]["id"])
    assert (getattr(changed, field), changed.version) == (value, 2)
    assert mixed.json()["results"][1]["version"] == 2
    assert places(mixed.json()["results"][2])[0][0] == f"/items/2/data/{next(iter(mistake))}"
    assert AuditEntry.objects.of(changed).filter(action="CHANGED").count() == 1


@pytest.mark.parametrize("name", KINDS)
def test_a_row_of_a_batch_is_made_as_a_single_one_is(api, name):
    world, model = World(), KINDS[name][0]
    caller = api(*SCOPES, f"{name}:read")
    alone = caller.post(name, world.row(name, 1)).json()
    row = world.row(name, 1) | ({"name": "另一家公司"} if name == "enterprises" else {})
    batch = upsert(caller, name, [row])
    other = caller.data(f"{name}/{batch.json()['results'][0]['id']}")
    differ = {key for key in alone if alone[key] != other[key]}
    assert differ <= {
        "id", "created_at", "updated_at", "registered_at", "external_refs", "name", "code",
        "enterprise", "project", "space",
    }  # fmt: skip
    rows = model.objects.in_bulk([alone["id"], other["id"]]).values()
    for field in model._meta.concrete_fields:
        if not field.editable and field.name not in ("id", "created_at", "updated_at", "code"):
            assert len({bool(getattr(row, field.attname)) for row in rows}) == 1, field.name


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("step", ["made", "same", "changed"])
def test_a_batch_takes_as_many_queries_for_30_rows_as_for_1(api, name, step):
    counts = []
    world, caller = World(), api(*SCOPES)
    upsert(caller, name, [])  # notes the use of the key, once a minute
    for number in (1, 30):
        rows = [world.row(name, n + number) for n in range(number)]
        items = [{"external_id": f"{number}-{n}", "data": row} for n, row in enumerate(rows)]
        if step != "made":
            assert set(statuses(send(caller, name, items))) == {201}
        if step == "changed":
            items = [item | {"data": item["data"] | KINDS[name][1]} for item in items]
        with CaptureQueriesContext(connection) as seen:
            answer = send(caller, name, items)
        assert answer.status_code == 200, answer.text
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 32


def log_lines() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {LOG}")
        return cursor.fetchone()[0]


def test_a_repeat_that_changes_nothing_writes_no_row_and_no_event(caller):
    world = World()
    rows = [world.enterprises(n) for n in range(5)]
    upsert(caller, "enterprises", rows)
    before = (log_lines(), AuditEntry.objects.count(), ExternalRef.objects.count())
    upsert(caller, "enterprises", rows)
    assert (log_lines(), AuditEntry.objects.count(), ExternalRef.objects.count()) == before
    assert set(Enterprise.objects.values_list("version", flat=True)) == {1}


def test_a_new_row_is_one_event_with_its_reference(caller):
    before = log_lines()
    upsert(caller, "capital-arrivals", [])
    world = World()
    row = world.capital_arrivals(1)
    before = log_lines()
    upsert(caller, "capital-arrivals", [row])
    assert log_lines() == before + 1


def test_atomic_writes_all_or_nothing(caller):
    world = World()
    rows = [world.enterprises(0), world.enterprises(1) | {"scale": "HUGE"}]
    refused = upsert(caller, "enterprises", rows, mode="atomic")
    assert (refused.status_code, problem(refused)["code"]) == (422, "atomic")
    found = problem(refused)["results"]
    assert [(one["status"], one["id"]) for one in found] == [(424, None), (422, None)]
    assert places(found[1]) == [("/items/1/data/scale", "invalid_choice")]
    assert (Enterprise.objects.count(), ExternalRef.objects.count()) == (0, 0)
    assert not AuditEntry.objects.filter(model="crm.enterprise").exists()
    assert upsert(caller, "enterprises", rows[:1], mode="atomic").status_code == 200


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
        {"name": known.name.replace("有限公司", "股份有限公司")},
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


def test_a_batch_is_replayed_by_its_key_and_needs_none(caller):
    rows = [World().enterprises(0)]
    key = {"Idempotency-Key": "k-1"}
    first, second = (upsert(caller, "enterprises", rows, **key) for _ in range(2))
    assert (statuses(first), statuses(second)) == ([201], [201])
    assert second["Idempotency-Replayed"] == "true"


def test_a_batch_asks_for_the_scope_of_writing(api):
    answer = upsert(api("enterprises:read"), "enterprises", [{}])
    assert problem(answer)["scope"] == "enterprises:write"


def test_no_number_leaves_by_a_refusal_or_stays_in_the_trail(caller):
    rows = [World().contacts(0) | {"title": "电话13812345678"}, World().contacts(1)]
    answer = upsert(caller, "contacts", rows)
    assert statuses(answer) == [422, 201]
    assert "13812345678" not in answer.text
    assert "13812345678" not in str(list(AuditEntry.objects.values()))
    contact = Contact.objects.get()
    assert (contact.phone.plain, bool(contact.phone_key)) == ("13812345678", True)
    changed = upsert(caller, "contacts", [{}, rows[1] | {"phone": "13912345678"}])
    assert statuses(changed)[1] == 200
    assert Contact.objects.with_number("13912345678").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_eight_equal_batches_at_once_each_row_is_made_once(api):
    chain = factories.make_chain()
    rows = [{"name": f"示例{n}公司", "chain": chain.code} for n in range(20)]
    caller = api(*SCOPES)
    found = at_once(8, lambda n: upsert(caller, "enterprises", rows))
    assert [answer.status_code for answer in found] == [200] * 8
    assert sorted(statuses(answer)[0] for answer in found) == [201] + [204] * 7
    assert (Enterprise.objects.count(), ExternalRef.objects.count()) == (20, 20)
    assert set(Enterprise.objects.values_list("version", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_of_eight_leads_of_one_enterprise_at_once_one_is_registered(api):
    body = World().leads(0)
    caller = api(*SCOPES)
    found = at_once(8, lambda n: caller.post("leads", body, key=f"k-{n}").status_code)
    assert (sorted(found), Lead.objects.count()) == ([201] + [409] * 7, 1)
