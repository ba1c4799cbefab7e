"""What the interface refuses for whose a row is: the rules of the admin, asked of a client."""

import pytest

from crm.models import Contact, Enterprise
from projects.models import Project
from tests import factories
from tests.api.batches import places, statuses, upsert
from tests.api.conftest import pointers, problem
from zone.feed.synced import Synced

pytestmark = pytest.mark.django_db
ENTERPRISES = ("enterprises:read", "enterprises:write", "enterprises:delete")


@pytest.fixture
def far(db):
    return factories.make_chain("electronics")


@pytest.fixture
def ended(monkeypatch, chain) -> Project:
    """A project that takes nothing more, as if to end closed it like a lead or an agreement."""

    def can_change(project, user):
        return project.status != Project.Status.TERMINATED

    monkeypatch.setattr(Project, "can_change", can_change, raising=False)
    return factories.make_project(chain=chain, status="TERMINATED")


@pytest.fixture
def courted(far):
    """An enterprise of no chain that the other chain courts, with a contact."""
    enterprise = factories.make_enterprise()
    contact = factories.make_contact(enterprise=enterprise)
    factories.make_lead(enterprise=enterprise, chain=far, contact=contact)
    return enterprise


def test_a_client_reads_no_contact_through_the_chain_of_its_enterprise(api, chain, courted):
    Enterprise.objects.update(chain=chain)
    caller = api("contacts:read", "contacts:write", "enterprises:read", chains=[chain])
    assert caller.data("enterprises")["data"] != []
    contact = courted.contacts.get()
    assert caller.data("contacts")["data"] == []
    assert caller.get(f"contacts/{contact.pk}").status_code == 404
    assert caller.patch(f"contacts/{contact.pk}", {"title": "x"}, 1).status_code == 404
    own = caller.post("contacts", {"enterprise": str(courted.pk), "name": "王工"})
    assert own.status_code == 201
    assert [row["id"] for row in caller.data("contacts")["data"]] == [own.json()["id"]]


def test_a_hidden_contact_is_put_on_no_lead(api, chain, courted):
    caller = api("leads:read", "leads:write", "contacts:read", chains=[chain])
    enterprise = factories.make_enterprise(chain=chain)
    hidden = factories.make_contact(enterprise=enterprise)
    lead = factories.make_lead(enterprise=enterprise, chain=chain)
    refused = caller.patch(f"leads/{lead.pk}", {"contact": str(hidden.pk)}, 1)
    assert (refused.status_code, pointers(refused)) == (422, [("/contact", "not_found")])


def test_a_client_gives_what_others_court_no_chain(api, chain, courted):
    caller = api(*ENTERPRISES, chains=[chain])
    body = {"chain": chain.code}
    refused = caller.patch(f"enterprises/{courted.pk}", body, courted.version)
    assert (refused.status_code, pointers(refused)) == (422, [("/chain", "courted")])
    assert caller.patch(f"enterprises/{courted.pk}", {"scale": "LARGE"}, 1).status_code == 200
    zone = api(*ENTERPRISES)
    assert zone.patch(f"enterprises/{courted.pk}", body, 2).status_code == 200


def test_a_batch_gives_it_none_either(api, chain, courted):
    caller = api(*ENTERPRISES, chains=[chain])
    free = {"name": "示例空闲有限公司"}
    upsert(caller, "enterprises", [free])
    refer(caller, courted)
    rows = [free | {"chain": chain.code}, {"name": courted.name, "chain": chain.code}]
    answer = upsert(caller, "enterprises", rows)
    assert statuses(answer) == [200, 422]
    assert places(answer.json()["results"][1]) == [("/items/1/data/chain", "courted")]
    courted.refresh_from_db()
    assert courted.chain is None


def refer(caller, row):
    refs = {"external_refs": [{"source": "oa", "external_id": "X-1"}]}
    assert caller.patch(f"enterprises/{row.pk}", refs, row.version).status_code == 200


def test_a_client_takes_no_enterprise_from_another_chain(api, chain, far):
    theirs = factories.make_enterprise(chain=far)
    factories.make_lead(enterprise=theirs, chain=chain)
    caller = api(*ENTERPRISES, chains=[chain])
    refused = caller.patch(f"enterprises/{theirs.pk}", {"chain": chain.code}, 1)
    assert pointers(refused) == [("/chain", "courted")]


def test_a_deletion_takes_no_hidden_row_along(api, chain):
    contact = factories.make_contact(enterprise=factories.make_enterprise(chain=chain))
    address = f"enterprises/{contact.enterprise_id}"
    caller = api(*ENTERPRISES, chains=[chain])
    refused = caller.delete(address, 1)
    assert (refused.status_code, problem(refused)["code"]) == (409, "beyond_reach")
    assert Contact.objects.exists()
    Contact.objects.update(entered_by=caller.client.account)
    assert caller.delete(address, 1).status_code == 204


@pytest.mark.django_db(transaction=True)
def test_another_definition_of_what_a_scope_opens_ends_its_cursors(api, chain, monkeypatch):
    """A client that copied rows by the old paths would keep them: nothing tells it of them."""
    scopes = ("changes:read", "contacts:read")
    callers = [api(*scopes, chains=[chain]), api(*scopes)]
    with monkeypatch.context() as patch:
        wider = ("enterprise__chain", "entered_by", "leads__chain")
        patch.setattr(Contact, "SYNC", Synced(7, "contacts", paths=wider))
        cursors = [caller.data("changes", **{"from": "now"})["next_cursor"] for caller in callers]
    answers = [
        caller.get("changes", cursor=cursor)
        for caller, cursor in zip(callers, cursors, strict=True)
    ]
    # To a client of the whole zone no path opens anything.
    assert [answer.status_code for answer in answers] == [410, 200]
    assert problem(answers[0])["code"] == "cursor_scope"


def test_the_interface_answers_the_same(api, ended):
    caller = api("agreements:write", "capital-arrivals:write", "follow-ups:write")
    arrival = {"project": str(ended.pk), "arrived_on": "2025-03-01", "amount_wan": "1"}
    said = {"project": str(ended.pk), "kind": "CALL", "happened_on": "2025-03-01", "summary": "谈"}
    signed = {"project": str(ended.pk), "kind": "FORMAL", "signed_on": "2025-03-01"}
    for name, body in (
        ("agreements", signed | {"amount_wan": "1"}),
        ("capital-arrivals", arrival | {"origin": "CITY"}),
        ("follow-ups", said),
    ):
        answer = caller.post(name, body)
        assert (answer.status_code, pointers(answer)) == (422, [("/project", "closed")])
        if name != "follow-ups":  # which come one by one
            (result,) = upsert(caller, name, [body]).json()["results"]
            assert places(result) == [("/items/0/data/project", "closed")]


@pytest.mark.parametrize(
    ("scopes", "status"),
    [(["follow-ups:write"], 422), (["follow-ups:write", "leads:write"], 201)],
)
def test_a_client_stands_where_a_leader_stands_when_it_writes_leads(
    api,
    chain,
    scopes,
    status,
):
    lead = factories.make_lead(chain=chain)
    body = {"lead": str(lead.pk), "kind": "CALL", "happened_on": "2025-03-01", "summary": "谈"}
    answer = api(*scopes, chains=[chain]).post("follow-ups", body)
    assert answer.status_code == status, answer.text
    if status == 422:
        assert pointers(answer) == [("/lead", "closed")]
