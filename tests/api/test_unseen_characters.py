"""Texts that come over the interface hold what one sees, by whichever way they come."""

import json

import pytest

from crm.models import Contact, Enterprise, FollowUp, Lead
from projects.models import Project
from tests import factories
from tests.api.batches import places, statuses
from tests.api.batches import send as send_batch
from tests.api.conftest import pointers
from tests.api.test_uploads import CSV, NDJSON, work
from tests.api.test_uploads import send as upload
from tests.unseen import ALL_UNSEEN, UNSEEN, each
from zone.api.resources import RESOURCES
from zone.models import ApiUpload, ExternalRef, Space, ZoneSetting

pytestmark = pytest.mark.django_db
NAME = "示例材料有限公司"
unseen = pytest.mark.parametrize("sign", each(UNSEEN))
# Those that JSON lets through to the fields; NUL and halves are refused before.
breaking = pytest.mark.parametrize("sign", ["\x1b", "\n", "\t", "\v", "\x85", "\u2028", "\u2029"])


@pytest.fixture
def caller(api):
    names = ("enterprises", "contacts", "leads", "follow-ups", "projects", "spaces")
    return api(*(f"{name}:{act}" for name in names for act in ("read", "write")))


def between(text: str, sign: str) -> str:
    return sign.join(["", *text, ""])


@unseen
def test_what_is_posted_and_patched_keeps_what_is_seen(caller, sign):
    refs = [{"source": f"o{sign}a", "external_id": f"A{sign}-1"}]
    body = {
        "name": between(NAME, sign),
        "address": f"长{sign}治",
        "uscc": f"91149999{sign}MA00000170",
    }
    body |= {"description": f"一{sign}\r\n二", "external_refs": refs}
    made = caller.post("enterprises", body)
    assert made.status_code == 201, made.text
    row = Enterprise.objects.get()
    assert (row.name, row.address, row.description) == (NAME, "长治", "一\n二")
    assert (row.uscc, made.json()["name"]) == ("91149999MA00000170", NAME)
    assert made.json()["external_refs"] == [{"source": "oa", "external_id": "A-1"}]
    again = caller.post("enterprises", {"name": NAME})
    assert pointers(again) == [("/name", "duplicate")]
    changed = caller.patch(f"enterprises/{row.pk}", {"address": sign}, made.json()["version"])
    assert (changed.status_code, changed.json()["address"]) == (200, "")
    assert ("/name", "blank") in pointers(caller.post("enterprises", {"name": sign}))


@breaking
def test_what_breaks_a_line_is_refused_by_the_name_of_the_field(caller, sign):
    said = {"name": f"示例{sign}公司", "address": f"长{sign}治", "industry_code": f"C{sign}39"}
    refs = [{"source": "oa", "external_id": f"A{sign}1"}]
    refused = caller.post("enterprises", said | {"external_refs": refs})
    assert refused.status_code == 422
    assert pointers(refused) == sorted((f"/{name}", "control") for name in (*said, "external_refs"))
    assert (Enterprise.objects.count(), ExternalRef.objects.count()) == (0, 0)


@pytest.mark.parametrize("sign", ["\x1b", "\r", "\v", "\x85", "\u2028"])
def test_a_text_of_several_lines_keeps_its_lines_alone(caller, sign):
    refused = caller.post("enterprises", {"name": NAME, "description": f"一{sign}二"})
    assert pointers(refused) == [("/description", "control")]
    made = caller.post("enterprises", {"name": NAME, "description": "一\n\t二\r\n三"})
    assert made.json()["description"] == "一\n\t二\n三"


@pytest.mark.parametrize("sign", ["\0", "\ud800"])
def test_what_cannot_be_stored_is_unreadable_as_ever(caller, sign):
    assert caller.post("enterprises", {"name": f"示例{sign}"}).status_code == 400
    item = {"external_id": "1", "data": {"name": f"示例{sign}"}}
    assert send_batch(caller, "enterprises", [item]).status_code == 400
    assert upload(caller, json.dumps(item)).status_code == 400
    assert Enterprise.objects.count() == 0


@unseen
def test_a_personal_number_is_seen_through_what_nobody_sees(caller, sign):
    said = {
        "name": NAME,
        "description": f"电话 138{sign}12345678",
        "address": between("13812345678", sign),
    }
    found = {("/description", "personal_number"), ("/address", "personal_number")}
    assert set(pointers(caller.post("enterprises", said))) == found


def test_a_batch_keeps_what_is_seen_and_finds_the_row_again(caller):
    def item(sign):
        data = {"name": between(NAME, sign), "address": f"长{sign}治"}
        return {"external_id": f"A{sign}-1", "data": data}

    first = send_batch(caller, "enterprises", [item("")])
    assert statuses(first) == [201]
    for sign in UNSEEN.values():
        assert statuses(send_batch(caller, "enterprises", [item(sign)])) == [204], ascii(sign)
    row = Enterprise.objects.get()
    assert (row.name, row.address, row.version) == (
        NAME,
        "长治",
        first.json()["results"][0]["version"],
    )
    assert ExternalRef.objects.get().external_id == "A-1"


def test_a_batch_refuses_the_same_reference_or_name_written_otherwise(caller):
    items = [
        {"external_id": "A", "data": {"name": NAME}},
        {"external_id": "A\u200b", "data": {"name": "示例另一公司"}},
        {"external_id": "B", "data": {"name": f"⽰例材料{ALL_UNSEEN}有限公司"}},
        {"external_id": "C", "data": {"name": "示例\n公司"}},
        {"external_id": "D\x1b", "data": {"name": "示例丁公司"}},
    ]
    response = send_batch(caller, "enterprises", items)
    assert statuses(response) == [201, 409, 409, 422, 422]
    told = [places(result) for result in response.json()["results"][1:]]
    assert told == [
        [("/items/1/external_id", "repeated")],
        [("/items/2/data/name", "duplicate")],
        [("/items/3/data/name", "control")],
        [("/items/4/external_id", "control")],
    ]
    body = {"source": "oa\n", "mode": "partial", "items": items[:1]}
    assert caller._send("post", "enterprises/batch-upsert", body, {}).status_code == 200
    body["source"] = "o\na"
    refused = caller._send("post", "enterprises/batch-upsert", body, {})
    assert pointers(refused) == [("/source", "control")]


def test_rows_of_all_kinds_keep_what_is_seen(caller, chain):
    at, lead = factories.make_enterprise(chain=chain), factories.make_lead(chain=chain)
    park = factories.make_park(code="p1")

    def said(text):
        return between(text, ALL_UNSEEN)

    rows = {
        "contacts": {"name": said("王经理"), "phone": said("13812345678"), "wechat": said("wx-77")},
        "leads": {"title": said("储能"), "source": "OWN", "planned_investment_wan": "1"},
        "projects": {"name": said("储能项目"), "content": said("厂房")},
        "spaces": {"park": said("p1"), "kind": "PLANT", "area_m2": "1", "code": said("1-301")},
    }
    rows["contacts"] |= {"enterprise": said(str(at.pk)), "email": said("a@example.com")}
    rows["leads"] |= {"enterprise": str(at.pk), "chain": said(chain.code)}
    rows["projects"] |= {"enterprise": str(at.pk), "chain": chain.code}
    for name, data in rows.items():
        response = send_batch(caller, name, [{"external_id": "1", "data": data}])
        assert statuses(response) == [201], response.text
    spoken = {"lead": str(lead.pk), "kind": "CALL", "happened_on": "2025-03-01"}
    assert caller.post("follow-ups", spoken | {"summary": said("一二")}).status_code == 201
    contact = Contact.objects.get()
    kept = (contact.name, contact.phone.plain, contact.wechat.plain, contact.email.plain)
    assert kept == ("王经理", "13812345678", "wx-77", "a@example.com")
    assert Lead.objects.exclude(pk=lead.pk).get().title == "储能"
    assert FollowUp.objects.get().summary == "一二"
    project = Project.objects.get()
    assert (project.name, project.content) == ("储能项目", "厂房")
    assert (Space.objects.get().park, Space.objects.get().code) == (park, "1-301")


@pytest.mark.parametrize("kind", [NDJSON, CSV])
def test_an_upload_keeps_what_is_seen(caller, kind):
    name, key = between(NAME, ALL_UNSEEN), "A\u200b-1"
    if kind == NDJSON:
        bad = {"external_id": "B", "data": {"name": "示例\x1b公司"}}
        rows = [{"external_id": key, "data": {"name": name}}, bad]
        body = "\n".join(map(json.dumps, rows))
    else:
        head = "\u2060external_id,na\u200bme,address\n"
        body = f'{head}{key},{name},\u200b\nB,"示例\x1b公司",\nC,"示例\n公司",\n'
    assert upload(caller, body, kind, source="o\u200ba").status_code == 202
    work()
    done = ApiUpload.objects.get()
    assert (done.source, done.created, done.failed) == ("oa", 1, 1 if kind == NDJSON else 2)
    assert Enterprise.objects.get().name == NAME
    ref = ExternalRef.objects.get()
    assert (ref.source, ref.external_id) == ("oa", "A-1")


def test_an_action_keeps_what_is_seen(caller, chain, specialist):
    lead = factories.make_lead(chain=chain, owner=specialist)
    path = f"leads/{lead.pk}"
    for reason, code in (("\u200b", "invalid"), ("无\x1b进展", "control")):
        assert ("/reason", code) in pointers(caller.post(f"{path}/release", {"reason": reason}))
    done = caller.post(f"{path}/release", {"reason": f"无{ALL_UNSEEN}进展\r\n改期"})
    assert done.status_code == 200, done.text
    assert lead.owner_changes.latest("at").reason == "无进展\n改期"
    ZoneSetting.objects.create(key=ZoneSetting.Key.CLAIM_COOLDOWN_DAYS, value=0)
    claimed = caller.post(f"{path}/claim", {"specialist": between("specialist", "\u200b")})
    assert claimed.json()["owner"] == "specialist", claimed.text
    lead.refresh_from_db()
    factories.make_screening(lead=lead)
    lead.advance(to="SCREENED", by=specialist, on=None)
    refused = caller.post(f"{path}/convert", {"name": "储\n能"})
    assert pointers(refused) == [("/name", "control")]
    made = caller.post(f"{path}/convert", {"name": between("储能", ALL_UNSEEN)})
    assert made.json()["name"] == "储能", made.text


@unseen
def test_a_parameter_finds_what_was_copied_with_it(caller, sign):
    row = factories.make_enterprise(name=NAME)
    ExternalRef.objects.create(source="oa", entity=6, external_id="A-1", object_id=row.pk)
    found = caller.data("enterprises", external=f"o{sign}a:A{sign}-1")["data"]
    assert [one["id"] for one in found] == [str(row.pk)]


@pytest.mark.parametrize("sign", ["\x1b", "\n", "\x85", "\u2028", "\u200b"])
def test_no_filter_fails_over_what_no_row_can_hold(caller, sign):
    factories.make_project()
    for name in ("spaces", "projects", "enterprises"):
        texts = RESOURCES[name].filterset.base_filters
        for parameter in ("external", *texts):
            response = caller.get(name, **{parameter: f"a{sign}:b{sign}"})
            assert response.status_code in (200, 400), f"{name}?{parameter}: {response.text}"
