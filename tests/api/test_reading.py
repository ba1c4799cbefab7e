"""Reading over the interface: keys, scopes, rows within reach, pages, masks, problems."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from tests import factories
from tests.api.conftest import V1, problem
from zone.access.api_scopes import all_scopes
from zone.feed.synced import entities
from zone.models import ApiBudget, ApiKey, ExternalRef, WorkerBeat

pytestmark = pytest.mark.django_db
NAMES = sorted(entities())


def test_without_a_key_nothing_opens(client):
    for path in ("leads", "me", "changes", "nowhere", f"leads/{factories.make_lead().pk}"):
        response = client.get(V1 + path)
        assert response.status_code == 401
        assert response["WWW-Authenticate"] == 'Bearer realm="api"'
        assert problem(response)["code"] == "not_authenticated"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: key[:-1],
        lambda key: key.replace("crm_", "abc_"),
        lambda key: f"crm_{'0' * 12}_{key.split('_', 2)[2]}",
        lambda key: key + "\u00e9",
        lambda key: "",
    ],
)
def test_a_wrong_key_opens_nothing_and_does_not_say_what_is_wrong(client, api, spoil):
    key = spoil(api("leads:read").key)
    response = client.get(V1 + "me", headers={"Authorization": f"Bearer {key}"})
    assert (response.status_code, problem(response)["code"]) == (401, "authentication_failed")


def test_a_session_opens_nothing_here(as_user, office):
    assert as_user(office).get(V1 + "leads").status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": timezone.now()},
        {"created_at": timezone.now() - timedelta(days=9), "expires_at": timezone.now()},
    ],
)
def test_a_revoked_or_expired_key_opens_nothing_from_the_next_call_on(api, change):
    caller = api("leads:read")
    assert caller.get("leads").status_code == 200
    ApiKey.objects.update(**{name: value for name, value in change.items() if name != "created_at"})
    assert caller.get("leads").status_code == 401


def test_a_disabled_client_and_one_from_elsewhere_are_refused(api):
    caller = api("leads:read", networks=["10.0.0.0/8", "2001:db8::/32"])
    refused = caller.get("leads")
    assert (refused.status_code, problem(refused)["code"]) == (403, "permission_denied")
    assert caller.http.get(V1 + "leads", REMOTE_ADDR="10.1.2.3").status_code == 200
    type(caller.client).objects.update(is_disabled=True)
    assert caller.http.get(V1 + "leads", REMOTE_ADDR="10.1.2.3").status_code == 401


@pytest.mark.parametrize("name", NAMES)
def test_each_resource_asks_for_its_own_scope(api, name):
    others = [scope for scope in all_scopes() if scope != f"{name}:read"]
    refused = api(*others).get(name)
    assert (refused.status_code, problem(refused)["scope"]) == (403, f"{name}:read")
    assert api(f"{name}:read").get(name).status_code == 200


def test_a_row_out_of_reach_is_not_there(api, chain):
    own = factories.make_lead(chain=chain)
    other = factories.make_lead(chain=factories.make_chain("electronics"))
    caller = api("leads:read", chains=[chain])
    assert [row["id"] for row in caller.data("leads")["data"]] == [str(own.pk)]
    hidden = caller.get(f"leads/{other.pk}")
    assert (hidden.status_code, problem(hidden)["code"]) == (404, "not_found")
    nowhere = caller.get("leads/00000000-0000-4000-8000-000000000000")
    assert problem(hidden)["detail"] == problem(nowhere)["detail"]
    assert api("leads:read").get(f"leads/{other.pk}").status_code == 200


def test_a_lead_reads_as_the_contract_says(api, chain, specialist):
    lead = factories.make_lead(chain=chain, owner=specialist, planned_investment_wan="12500.5")
    ExternalRef.objects.create(source="oa", entity=8, external_id="A-1", object_id=lead.pk)
    lead.refresh_from_db()
    response = api("leads:read").get(f"leads/{lead.pk}")
    row = response.json()
    assert response["ETag"] == f'"{lead.version}"'
    assert row["external_refs"] == [{"source": "oa", "external_id": "A-1"}]
    assert (row["stage"], row["stage_label"]) == ("NEW", "新线索")
    assert (row["planned_investment_wan"], row["chain"]) == ("12500.5", chain.code)
    assert (row["owner"], row["enterprise"]) == ("specialist", str(lead.enterprise_id))
    assert row["updated_at"].endswith("+00:00")


def test_known_versions_are_not_sent_again(api):
    lead = factories.make_lead()
    caller = api("leads:read")
    for tag in (f'"{lead.version}"', f'W/"{lead.version}"', f'"x", "{lead.version}"', "*"):
        response = caller.get(f"leads/{lead.pk}", headers={"If-None-Match": tag})
        assert (response.status_code, response.content) == (304, b"")
    assert caller.get(f"leads/{lead.pk}", headers={"If-None-Match": '"99"'}).status_code == 200


@pytest.mark.parametrize("order", ["id", "registered_at", "-registered_at"])
def test_pages_by_key_meet_every_row_once(api, chain, order):
    leads = [factories.make_lead(chain=chain) for _ in range(7)]
    same = leads[0].registered_at  # equal keys are told apart by the id
    type(leads[0]).objects.filter(pk__in=[lead.pk for lead in leads[:4]]).update(registered_at=same)
    caller, found, query = api("leads:read"), [], {"limit": 2, "order": order}
    while True:
        page = caller.data("leads", **query)
        found += page["data"]
        if not page["has_more"]:
            break
        query["cursor"] = page["next_cursor"]
    assert len(found) == len({row["id"] for row in found}) == 7
    keys = [(row[order.removeprefix("-")]) for row in found]
    assert keys == sorted(keys, reverse=order.startswith("-"))
    assert page["next_cursor"] is None


def test_the_link_leads_to_the_next_page_with_the_same_filters(api, chain):
    for _ in range(3):
        factories.make_lead(chain=chain)
    caller = api("leads:read")
    first = caller.get("leads", limit=2, stage="NEW")
    address = first["Link"].removeprefix("<").partition(">")[0]
    assert "stage=NEW" in address
    assert len(caller.http.get(address).json()["data"]) == 1


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "501"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"order": "phone"}, "order"),
        ({"stage": "NONE"}, "stage"),
        ({"stage__in": "NEW,NONE"}, "stage__in"),
        ({"stage__in": "NEW,"}, "stage__in"),
        ({"stage": ""}, "stage"),
        ({"owner__isnull": "perhaps"}, "owner__isnull"),
        ({"next_follow_up_on__gte": "03/10/2025"}, "next_follow_up_on__gte"),
        ({"registered_at__gte": "2025-03-10"}, "registered_at__gte"),
        ({"registered_at__gte": "9999-12-31T23:59:59-23:59"}, "registered_at__gte"),
        ({"cursor": ""}, "cursor"),
        ({"stage": ["NEW", "LOST"]}, "stage"),
        ({"registered_at__gte": "gestern"}, "registered_at__gte"),
        ({"phone": "138"}, "phone"),
        ({"title": "x"}, "title"),
        ({"enterprise__name": "x"}, "enterprise__name"),
        ({"external": "x"}, "external"),
        ({"count": "exact"}, "count"),
        ({"stage": "\0"}, "stage"),
        ({"enterprise": "x"}, "enterprise"),
    ],
)
def test_a_wrong_parameter_is_told_by_its_name(api, params, name):
    response = api("leads:read").get("leads", **params)
    assert response.status_code == 400
    assert problem(response)["errors"][0]["pointer"] == f"?{name}"


def test_filters_and_references_find_rows(api, chain):
    lead = factories.make_lead(chain=chain, stage="SCREENED")
    factories.make_lead(chain=factories.make_chain("electronics"))
    ExternalRef.objects.create(source="oa", entity=8, external_id="A:1", object_id=lead.pk)
    caller = api("leads:read")
    for params in (
        {"stage": "SCREENED"},
        {"chain__code": "new-energy"},
        {"external": "oa:A:1"},
        {"enterprise": str(lead.enterprise_id)},
        {"stage__in": "SCREENED,LOST"},
    ):
        assert [row["id"] for row in caller.data("leads", **params)["data"]] == [str(lead.pk)]
    assert caller.data("leads", external="oa:B")["data"] == []
    # Whether a row out of reach exists is not told.
    assert caller.data("leads", enterprise=str(uuid4()))["data"] == []
    assert caller.data("leads", count="estimate")["estimated_count"] >= 1


def test_numbers_are_masked_without_their_scope(api):
    contact = factories.make_contact(phone="13812345678", wechat="zhang_88", email="z.s@x.cn")
    shown = api("contacts:read").data(f"contacts/{contact.pk}")
    assert (shown["phone"], shown["wechat"], shown["email"]) == (
        "138****5678",
        "zh***",
        "z***@x.cn",
    )
    plain = api("contacts:read", "pii:read").data("contacts")["data"][0]
    assert (plain["phone"], plain["wechat"], plain["email"]) == (
        "13812345678",
        "zhang_88",
        "z.s@x.cn",
    )


def test_an_empty_bucket_says_when_to_come_back(api, settings):
    settings.API_REQUESTS_A_MINUTE = 3
    caller = api("leads:read")
    answers = [caller.get("leads") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0]["RateLimit"] == '"minute";r=2;t=20'
    assert (answers[3]["Retry-After"], answers[3]["RateLimit"]) == ("20", '"minute";r=0;t=60')
    assert problem(answers[3])["code"] == "throttled"
    ApiBudget.objects.update(at=timezone.now() - timedelta(seconds=20))
    assert caller.get("leads").status_code == 200
    assert api("leads:read").get("leads").status_code == 200  # another's bucket is another's


def test_the_key_tells_when_it_last_served_once_a_minute(api):
    caller = api("leads:read")
    caller.get("leads")
    first = ApiKey.objects.get().last_used_at
    caller.get("leads")
    assert first is not None
    assert ApiKey.objects.get().last_used_at == first


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rows", [1, 30])
def test_a_list_takes_the_same_few_queries_whatever_the_rows(
    api, django_assert_num_queries, name, rows, maker
):
    maker(name, rows)
    caller = api(f"{name}:read", "pii:read")
    caller.get("me")  # the use of the key is noted once a minute
    # Key, bucket, rows, references, and the line of the trail for plain numbers.
    with django_assert_num_queries(5 if name == "contacts" else 4):
        assert len(caller.data(name, limit=500)["data"]) >= rows


def test_me_tells_what_the_key_may(api, chain):
    found = api("leads:read", chains=[chain]).data("me")
    assert (found["scopes"], found["rows"]["chains"]) == (["leads:read"], ["new-energy"])
    assert found["feed"]["lag_ms"] >= 0


def test_me_tells_whether_the_worker_is_silent(api):
    caller = api()
    assert caller.data("me")["worker"] == {"last_beat_at": None, "is_silent": True}
    for loop in WorkerBeat.Loop:
        WorkerBeat.of_this_process(loop).beat("step", 0)
    first = WorkerBeat.objects.order_by("beat_at").first()
    found = caller.data("me")["worker"]
    assert datetime.fromisoformat(found["last_beat_at"]) == first.beat_at
    assert not found["is_silent"]


def test_dictionaries_name_every_code_in_the_language_asked_for(api):
    caller = api()
    stages = caller.data("dictionaries")["leads"]["stage"]
    assert {"code": "NEW", "label": "新线索"} in stages
    english = caller.http.get(V1 + "dictionaries", headers={"Accept-Language": "en"}).json()
    assert {"code": "NEW", "label": "new"} in english["leads"]["stage"]


def test_an_unforeseen_fault_is_a_problem_without_details(api, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("13812345678")

    caller = api("leads:read")
    monkeypatch.setattr("zone.api.resources.Resource.read", fail)
    response = caller.get("leads")
    found = problem(response)
    assert (response.status_code, found["code"]) == (500, "server_error")
    assert found["request_id"] == response["X-Request-ID"]
    assert "138" not in str(found | {"request_id": ""})  # which is random
