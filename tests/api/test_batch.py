"""batch-upsert: many rows by another system's ids, each once."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from crm.models import Contact, Enterprise, Lead
from tests import factories
from tests.api.batches import KINDS, SCOPES, World, places, send, statuses, upsert
from tests.api.conftest import problem
from tests.racing import at_once, held_up
from zone.feed.tables import LOG
from zone.models import AuditEntry, ExternalRef

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller(api):
    return api(*SCOPES)


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
    assert (str(getattr(changed, field)), changed.version) == (str(value), 2)
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
        "enterprise", "project", "space", "kind", *model.BELONGS_TO,
    }  # fmt: skip
    rows = model.objects.in_bulk([alone["id"], other["id"]]).values()
    for field in model._meta.concrete_fields:
        if not field.editable and field.name not in ("id", "created_at", "updated_at", "code"):
            assert len({bool(getattr(row, field.attname)) for row in rows}) == 1, field.name


@pytest.mark.parametrize(
    "name", ["leads", *(pytest.param(n, marks=pytest.mark.slow) for n in KINDS if n != "leads")]
)
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


def test_a_batch_is_replayed_by_its_key_and_needs_none(caller):
    rows = [World().enterprises(0)]
    key = {"Idempotency-Key": "k-1"}
    first, second = (upsert(caller, "enterprises", rows, **key) for _ in range(2))
    assert (statuses(first), statuses(second)) == ([201], [201])
    assert second["Idempotency-Replayed"] == "true"


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


@pytest.mark.django_db(transaction=True)
def test_a_reference_somebody_takes_meanwhile_is_refused_and_the_others_are_written(api):
    rows = [World().enterprises(n) for n in range(3)]
    caller, other = api(*SCOPES), factories.make_enterprise()
    taken = {"source": "oa", "external_id": "X-1"}
    with transaction.atomic():
        ExternalRef.objects.create(entity=6, object_id=other.pk, **taken)
        sent = held_up(lambda: upsert(caller, "enterprises", rows))
    answer = sent.result(timeout=20)
    assert statuses(answer) == [201, 409, 201], answer.text
    assert answer.json()["results"][1]["problem"]["code"] == "reference"
    assert ExternalRef.objects.get(**taken).object_id == other.pk
    assert ExternalRef.objects.filter(source="oa").count() == 3
