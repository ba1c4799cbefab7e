"""Actions over the interface: each is the model's own method, with its rules."""

import pytest

from crm.models import Lead
from projects.models import Agreement, Project
from tests import factories
from tests.api.conftest import lead_body, pointers, problem

pytestmark = pytest.mark.django_db


def test_from_the_pool_to_a_project_by_actions(caller, chain, specialist):
    lead = factories.make_lead(chain=chain, owner=None)
    path = f"leads/{lead.pk}"
    assert ("/specialist", "invalid") in pointers(caller.post(f"{path}/claim", {}))
    claimed = caller.post(f"{path}/claim", {"specialist": "specialist", "on": "2025-01-01"})
    assert claimed.json()["owner"] == "specialist", claimed.text
    taken = caller.post(f"{path}/claim", {"specialist": "specialist"})
    assert problem(taken)["errors"][0]["code"] == "taken"
    early = caller.post(f"{path}/advance", {"on": "2025-02-01"})
    assert problem(early)["errors"][0]["code"] == "gate"
    moved = caller.post(f"{path}/screen", {"result": "PASS", "on": "2025-02-01"})
    assert (moved.json()["stage"], moved.json()["stage_label"]) == ("SCREENED", "研判通过")
    early = caller.post(f"{path}/advance", {"on": "1990-01-01"})
    assert pointers(early)[0][0] == "/on"
    made = caller.post(f"{path}/convert", {"name": "正极材料项目", "on": "2025-03-01"})
    assert made.status_code == 201, made.text
    assert made["Location"] == f"/api/v1/projects/{made.json()['id']}"
    project = Project.objects.get()
    assert (project.lead, project.handler) == (lead, specialist)
    closed = caller.patch(path, {"title": "x"}, Lead.objects.get().version)
    assert (closed.status_code, problem(closed)["code"]) == (409, "closed")


def test_a_lead_is_released_with_a_reason(caller, chain, specialist):
    lead = factories.make_lead(chain=chain, owner=specialist)
    path = f"leads/{lead.pk}/release"
    assert ("/reason", "invalid") in pointers(caller.post(path, {}))
    assert caller.post(path, {"reason": "无进展"}).json()["owner"] is None
    assert ("/colour", "unknown") in pointers(caller.post(path, {"colour": "red"}))


@pytest.mark.parametrize(("tag", "status"), [("", 412), ('"999"', 412), ("*", 200)])
def test_a_version_that_is_sent_is_asked_even_where_none_is_needed(
    caller, chain, specialist, tag, status
):
    lead = factories.make_lead(chain=chain, owner=specialist)
    answer = caller.post(f"leads/{lead.pk}/release", {"reason": "无进展"}, **{"If-Match": tag})
    assert answer.status_code == status


def test_a_lead_of_the_pool_becomes_a_project_of_whoever_is_named(caller, chain, specialist):
    lead = factories.make_lead(chain=chain, owner=None, stage="SCREENED")
    path = f"leads/{lead.pk}/convert"
    assert ("/handler", "invalid") in pointers(caller.post(path, {}))
    assert caller.post(path, {"handler": "specialist"}).json()["handler"] == "specialist"


def test_an_agreement_is_recognised_by_the_same_rules(api, specialist):
    writer, caller = api("agreements:read", "agreements:write"), api("agreements:recognise")
    factories.make_office(username="office")
    project = factories.make_project()
    body = {"project": str(project.pk), "kind": "FORMAL", "signed_on": "2025-03-01"}
    made = writer.post("agreements", body | {"amount_wan": "20000", "title": "投资协议"})
    assert made.status_code == 201, made.text
    path = f"agreements/{made.json()['id']}"
    early = caller.post(f"{path}/recognise", {"on": "2025-02-01", "responsible": "office"})
    assert pointers(early) == [("/on", "invalid")]
    done = caller.post(f"{path}/recognise", {"on": "2025-03-02", "responsible": "office"})
    assert (done.json()["recognised_on"], Agreement.objects.get().is_recognised) == (
        "2025-03-02",
        True,
    )
    closed = writer.patch(path, {"amount_wan": "1"}, Agreement.objects.get().version)
    assert problem(closed)["code"] == "closed"
    intent = factories.make_agreement(kind="INTENT")
    refused = caller.post(f"agreements/{intent.pk}/recognise", {"responsible": "office"})
    assert problem(refused)["errors"][0]["code"] == "kind"


def test_a_lead_is_given_only_to_whoever_courts(caller, chain):
    factories.make_user("auditor", username="auditor")
    assert ("/owner", "post") in pointers(caller.post("leads", lead_body(chain, owner="auditor")))
    lead = factories.make_lead(chain=chain, owner=None)
    claimed = caller.post(f"leads/{lead.pk}/claim", {"specialist": "auditor"})
    assert pointers(claimed) == [("/specialist", "post")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"to": "NOPE", "reason": "x"}, ("/to", "invalid_choice")),
        ({"to": 7}, ("/to", "type")),
        ({"to": "SIGNED", "reason": "长" * 501}, ("/reason", "max_length")),
        ({"to": "SIGNED", "reason": "电话13812345678"}, ("/reason", "personal_number")),
    ],
)
def test_what_an_action_is_told_is_checked_before_it_is_kept(api, body, expected):
    project = factories.make_project()
    refused = api("projects:write").post(f"projects/{project.pk}/advance", body)
    assert (refused.status_code, pointers(refused)) == (422, [expected])
