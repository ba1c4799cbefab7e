"""Writing over the interface: the models' rules, once, against a known version, within reach."""

from datetime import date

import pytest

from crm.models import Enterprise, Lead
from projects.models import Occupancy
from tests import factories
from tests.api.conftest import LEADS, lead_body, pointers, problem
from tests.racing import at_once
from zone.models import ApiReply, AuditEntry, ExternalRef

pytestmark = pytest.mark.django_db


def test_a_lead_is_pushed_into_the_pool_and_reads_back(caller, chain):
    refs = [{"source": "oa", "external_id": "A-1"}]
    made = caller.post("leads", lead_body(chain, external_refs=refs))
    assert made.status_code == 201, made.text
    row = made.json()
    assert (made["Location"], made["ETag"]) == (f"/api/v1/leads/{row['id']}", '"1"')
    assert (row["owner"], row["stage"], row["external_refs"]) == (None, "NEW", refs)
    assert caller.data(f"leads/{row['id']}") == row
    assert caller.data("leads", external="oa:A-1")["data"] == [row]
    lead = Lead.objects.get()
    assert (lead.protected_until, lead.stage_changes.count()) == (None, 1)
    line = AuditEntry.objects.of(lead).get(action="CREATED")
    assert (line.by, line.door, line.address) == (caller.client.account, "API", "127.0.0.1")


def test_a_specialist_named_as_owner_gets_the_lead_protected(caller, chain, specialist):
    made = caller.post("leads", lead_body(chain, owner="specialist"))
    assert made.json()["owner"] == "specialist"
    assert Lead.objects.get().protected_until is not None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"title": ""}, ("/title", "blank")),
        ({"title": "电话13812345678"}, ("/title", "personal_number")),
        ({"title": 7}, ("/title", "type")),
        ({"chain": "none"}, ("/chain", "not_found")),
        ({"enterprise": "x"}, ("/enterprise", "type")),
        ({"enterprise": None}, ("/enterprise", "null")),
        ({"source": "NOPE"}, ("/source", "invalid_choice")),
        ({"planned_investment_wan": 1.5}, ("/planned_investment_wan", "type")),
        ({"planned_investment_wan": "-1"}, ("/planned_investment_wan", "min_value")),
        ({"planned_investment_wan": "1e3"}, ("/planned_investment_wan", "type")),
        ({"planned_investment_wan": "９"}, ("/planned_investment_wan", "type")),
        ({"planned_investment_wan": "9" * 13}, ("/planned_investment_wan", "max_whole_digits")),
        ({"next_follow_up_on": "20250131"}, ("/next_follow_up_on", "type")),
        ({"planned_investment_wan": 10**20}, ("/planned_investment_wan", "max_digits")),
        ({"next_follow_up_on": "2025-13-01"}, ("/next_follow_up_on", "type")),
        ({"stage": "SIGNED"}, ("/stage", "read_only")),
        ({"version": 9}, ("/version", "read_only")),
        ({"colour": "red"}, ("/colour", "unknown")),
        ({"owner": "nobody"}, ("/owner", "not_found")),
        ({"external_refs": [{"source": "oa"}]}, ("/external_refs", "type")),
    ],
)
def test_a_wrong_value_is_told_at_its_place_and_nothing_is_kept(caller, chain, change, expected):
    refused = caller.post("leads", lead_body(chain) | change)
    assert (refused.status_code, expected in pointers(refused)) == (422, True), refused.text
    assert (Lead.objects.count(), ApiReply.objects.count()) == (0, 0)
    assert "13812345678" not in refused.text


def test_all_errors_come_together(caller, chain):
    body = lead_body(chain) | {"title": "", "source": "NOPE", "chain": "none", "x": 1}
    found = {pointer for pointer, _code in pointers(caller.post("leads", body))}
    assert found == {"/title", "/source", "/chain", "/x"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"x"',
        b'{"title": "a", "title": "b"}',
        b'{"title": "a\\u0000b"}',
        b'{"title": "\\ud800"}',
        b'{"title": NaN}',
        b'{"a": ' + b"[" * 30 + b"]" * 30 + b"}",
        b"[" * 100_000,
        b'{"title": "\xff"}',
        b'{"title": "' + b"x" * (5 * 1024 * 1024) + b'"}',
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem_and_no_fault(caller, body):
    refused = caller.post("leads", body)
    assert refused.status_code in (400, 413)
    assert problem(refused)["code"] in ("unreadable", "too_large")


def test_a_change_needs_the_version_it_was_thought_of_for(caller, chain):
    lead = factories.make_lead(chain=chain)
    path = f"leads/{lead.pk}"
    missing = caller.patch(path, {"title": "新"})
    assert (missing.status_code, problem(missing)["code"]) == (428, "if_match")
    changed = caller.patch(path, {"title": "新"}, lead.version)
    assert (changed.status_code, changed.json()["title"]) == (200, "新")
    stale = caller.patch(path, {"title": "旧"}, lead.version)
    assert (stale.status_code, problem(stale)["etag"]) == (412, changed["ETag"])
    lead.refresh_from_db()
    assert lead.title == "新"
    line = AuditEntry.objects.of(lead).get(action="CHANGED")
    assert line.changes["title"][1] == "新"


def test_a_change_that_changes_nothing_keeps_the_version_and_writes_no_line(caller, chain):
    lead = factories.make_lead(chain=chain)
    same = caller.patch(f"leads/{lead.pk}", {"title": lead.title}, lead.version)
    assert same["ETag"] == f'"{lead.version}"'
    assert not AuditEntry.objects.of(lead).exists()


@pytest.mark.django_db(transaction=True)
def test_of_eight_changes_at_once_one_wins(api):
    lead = factories.make_lead()
    caller, path = api(*LEADS), f"leads/{lead.pk}"
    answers = at_once(8, lambda n: caller.patch(path, {"title": f"题{n}"}, lead.version))
    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == [200] + [412] * 7


def test_what_is_out_of_reach_can_be_neither_written_nor_pointed_at(api, chain):
    other = factories.make_chain("electronics")
    hidden = factories.make_lead(chain=other, enterprise=factories.make_enterprise(chain=other))
    caller = api(*LEADS, chains=[chain])
    assert caller.patch(f"leads/{hidden.pk}", {"title": "x"}, 1).status_code == 404
    assert caller.delete(f"leads/{hidden.pk}", 1).status_code == 404
    assert caller.post(f"leads/{hidden.pk}/release", {"reason": "x"}).status_code == 404
    body = lead_body(chain) | {"enterprise": str(hidden.enterprise_id)}
    assert ("/enterprise", "not_found") in pointers(caller.post("leads", body))
    moved = caller.post("leads", lead_body(chain) | {"chain": "electronics"})
    assert (moved.status_code, problem(moved)["code"]) == (422, "out_of_scope")
    own = factories.make_lead(chain=chain)
    away = caller.patch(f"leads/{own.pk}", {"chain": "electronics"}, own.version)
    assert problem(away)["code"] == "out_of_scope"
    own.refresh_from_db()
    assert (own.chain, Lead.objects.count()) == (chain, 2)


def test_each_way_to_write_asks_for_its_scope(api, chain):
    lead = factories.make_lead(chain=chain)
    reader = api("leads:read")
    path = f"leads/{lead.pk}"
    for answer in (
        reader.post("leads", {}),
        reader.patch(path, {}, 1),
        reader.post(f"{path}/claim", {}),
    ):
        assert problem(answer)["scope"] == "leads:write"
    assert problem(api("leads:write").delete(path, 1))["scope"] == "leads:delete"
    assert api("leads:write", "parks:read").post("parks", {}).status_code == 405
    converting = api("leads:write").post(f"{path}/convert", {})
    assert problem(converting)["scope"] == "projects:write"


def test_a_deletion_is_refused_where_others_point_here_and_told_in_the_trail(api, chain):
    caller = api("enterprises:read", "enterprises:delete")
    lead = factories.make_lead(chain=chain)
    path = f"enterprises/{lead.enterprise_id}"
    used = caller.delete(path, lead.enterprise.version)
    assert (used.status_code, problem(used)["code"]) == (409, "in_use")
    free = factories.make_enterprise()
    assert caller.delete(f"enterprises/{free.pk}", free.version).status_code == 204
    assert AuditEntry.objects.filter(action="DELETED", object_id=str(free.pk)).count() == 1
    assert Enterprise.objects.count() == 1


def test_an_occupancy_takes_its_days_and_no_space_twice(api):
    park = factories.make_park()
    space, tenant = factories.make_space(park=park), factories.make_enterprise()
    caller = api("occupancies:read", "occupancies:write", parks=[park])
    tenant.entered_by = caller.client.account
    tenant.save()
    body = {"space": str(space.pk), "enterprise": str(tenant.pk), "kind": "LEASE"}
    assert ("/starts_on", "invalid") in pointers(caller.post("occupancies", body))
    made = caller.post("occupancies", body | {"starts_on": "2025-01-01", "ends_on": "2025-06-30"})
    assert made.status_code == 201, made.text
    assert (made.json()["starts_on"], made.json()["ends_on"]) == ("2025-01-01", "2025-06-30")
    twice = caller.post("occupancies", body | {"starts_on": "2025-06-30"})
    assert (twice.status_code, Occupancy.objects.count()) == (422, 1)
    path = f"occupancies/{made.json()['id']}"
    longer = caller.patch(path, {"ends_on": None}, made.json()["version"])
    assert (longer.json()["starts_on"], longer.json()["ends_on"]) == ("2025-01-01", None)
    assert Occupancy.objects.get().starts_on == date(2025, 1, 1)


def test_references_are_one_rows_alone_and_can_be_looked_up(caller, chain):
    refs = [{"source": "oa", "external_id": "A-1"}]
    first = caller.post("leads", lead_body(chain, external_refs=refs)).json()
    second = caller.post("leads", lead_body(chain, external_refs=refs))
    assert (second.status_code, problem(second)["code"]) == (409, "reference")
    assert Lead.objects.count() == 1
    moved = caller.patch(
        f"leads/{first['id']}",
        {"external_refs": [{"source": "oa", "external_id": "A-2"}]},
        first["version"],
    )
    assert moved.json()["external_refs"] == [{"source": "oa", "external_id": "A-2"}]
    assert moved.json()["version"] > first["version"]
    line = AuditEntry.objects.of(Lead.objects.get()).get(action="CHANGED")
    assert line.detail == {"references": ["oa:A-2"]}
    assert list(ExternalRef.objects.values_list("external_id", flat=True)) == ["A-2"]


def test_a_row_is_named_by_another_systems_id_too(caller, chain):
    body = lead_body(chain)
    known = {"source": "oa", "external_id": "E-1"}
    ExternalRef.objects.create(entity=6, object_id=body["enterprise"], **known)
    made = caller.post("leads", body | {"enterprise": known})
    assert made.json()["enterprise"] == body["enterprise"], made.text


def test_only_a_client_of_the_park_writes_what_stands_there(api, chain):
    space = factories.make_space()
    tenant = factories.make_enterprise(chain=chain)
    scopes = ("spaces:read", "spaces:write", "spaces:delete")
    scopes += ("buildings:write", "occupancies:write")
    caller = api(*scopes, chains=[chain])
    booked = {"space": str(space.pk), "enterprise": str(tenant.pk), "starts_on": "2025-01-01"}
    assert caller.get(f"spaces/{space.pk}").status_code == 200
    answers = [
        caller.patch(f"spaces/{space.pk}", {"floor": 3}, space.version),
        caller.delete(f"spaces/{space.pk}", space.version),
        caller.post("buildings", {"park": space.park.code, "name": "9"}),
        caller.post("occupancies", booked | {"kind": "LEASE"}),
    ]
    assert [problem(answer)["code"] for answer in answers] == ["not_yours"] * 4
    assert not Occupancy.objects.exists()
    own = api(*scopes, parks=[space.park])
    assert own.patch(f"spaces/{space.pk}", {"floor": 3}, space.version).status_code == 200


def test_what_goes_along_with_a_deleted_row_has_its_line(api):
    contact = factories.make_contact()
    caller = api("enterprises:read", "enterprises:delete")
    enterprise = contact.enterprise
    assert caller.delete(f"enterprises/{enterprise.pk}", enterprise.version).status_code == 204
    gone = AuditEntry.objects.filter(action="DELETED").values_list("object_id", flat=True)
    assert set(gone) == {str(enterprise.pk), str(contact.pk)}


def test_what_no_scope_opens_is_no_way(api):
    follow_up = factories.make_follow_up(lead=factories.make_lead(), by=factories.make_user())
    caller = api("follow-ups:read", "follow-ups:write")
    assert caller.delete(f"follow-ups/{follow_up.pk}", 1).status_code == 405


def test_an_error_names_only_what_can_be_sent(api):
    refused = api("occupancies:write").post("occupancies", {})
    found = {pointer for pointer, _code in pointers(refused)}
    assert found == {"/space", "/enterprise", "/starts_on"}
