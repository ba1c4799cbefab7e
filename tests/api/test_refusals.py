"""The refusals in the published schema are those that come, word for word."""

import pytest
from django.db import OperationalError
from django.test import Client

from crm.models import Enterprise, Lead
from tests import factories
from tests.api.conftest import V1, problem
from tests.api.published import published
from tests.api.world import World
from zone.access.api_scopes import all_scopes
from zone.api.documenting import CASES
from zone.api.examples import REFUSALS, known_id
from zone.api.urls import RESOURCES

pytestmark = pytest.mark.django_db(transaction=True)
ENGLISH = {"Accept-Language": "en"}
LEAD = f"{V1}leads/{known_id('leads')}"
FIRM = f"{V1}enterprises/{known_id('enterprises')}"


@pytest.fixture
def caller(api):
    found = api(*all_scopes())
    found.http.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    World().build()
    return found


def patch(caller, address: str, body="{}", kind="application/json", **headers):
    return caller.http.patch(address, body, content_type=kind, headers=headers)


def gone(caller, api):
    cursor = caller.data("changes", **{"from": "now"})["next_cursor"]
    type(caller.client).objects.update(scopes=["changes:read"])
    return caller.http.get(V1 + "changes", {"cursor": cursor}, headers={"Host": "crm.example.com"})


def stale(caller, api):
    Enterprise.objects.update(address="甲")
    return patch(caller, FIRM, **{"If-Match": '"1"'})


def closed(caller, api):
    Lead.objects.update(stage="LOST")
    return patch(caller, LEAD, **{"If-Match": "*"})


WAYS = {
    400: lambda caller, api: caller.get("leads", limit="0"),
    401: lambda caller, api: Client(headers=ENGLISH).get(LEAD),
    403: lambda caller, api: api().get("leads", headers=ENGLISH),
    404: lambda caller, api: caller.get("leads/00000000-0000-4000-8000-000000000000"),
    409: closed,
    410: gone,
    411: lambda caller, api: patch(
        caller, LEAD, **{"If-Match": "*", "Transfer-Encoding": "chunked"}
    ),
    412: stale,
    413: lambda caller, api: patch(caller, LEAD, b'"' + b"x" * 2**21 + b'"', **{"If-Match": "*"}),
    415: lambda caller, api: patch(caller, LEAD, "x", "text/plain", **{"If-Match": "*"}),
    422: lambda caller, api: patch(caller, LEAD, '{"title": 7}', **{"If-Match": "*"}),
    428: lambda caller, api: patch(caller, LEAD),
}


def compare(response, status: int):
    assert response.status_code == status, response.content
    found = problem(response)
    answer = published().document["components"]["responses"][f"Problem{status}"]
    expected = answer["content"]["application/problem+json"]["examples"]["example"]["value"]
    assert {**found, "request_id": ""} == {**expected, "request_id": ""}
    missing = published().missing_headers(answer, response)
    assert missing == []


@pytest.mark.parametrize("status", sorted(WAYS))
def test_a_refusal_reads_as_shown(caller, api, status, settings):
    settings.ALLOWED_HOSTS = ["*"]
    compare(WAYS[status](caller, api), status)


def test_an_empty_bucket_reads_as_shown(caller, settings):
    settings.API_REQUESTS_A_MINUTE = 1
    caller.get("me")
    compare(caller.get("me"), 429)


def test_a_database_that_is_away_is_503_and_says_when_to_come_back(caller, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("server closed the connection unexpectedly 13812345678")

    monkeypatch.setattr("zone.api.resources.Resource.read", away)
    compare(refused := caller.get("leads"), 503)
    assert refused["Retry-After"] == "5"


def test_each_status_has_its_example_and_its_case():
    assert sorted(REFUSALS) == sorted(CASES) == sorted([*WAYS, 429, 503])


@pytest.mark.django_db(transaction=True)
def test_a_row_whose_parent_goes_before_the_commit_is_a_conflict(api, monkeypatch):
    """Keys are checked at commit, after everything else has been found good."""
    chain = factories.make_chain()
    at = factories.make_enterprise(chain=chain)

    def saved_too_late(self, row, by, **extra):
        type(at).objects.filter(pk=at.pk).delete()
        type(row)._base_manager.bulk_create([row])

    monkeypatch.setattr(type(RESOURCES["leads"]), "create", saved_too_late)
    body = {"enterprise": str(at.pk), "title": "线索", "chain": chain.code}
    body |= {"source": "OWN", "planned_investment_wan": "1"}
    refused = api("leads:write", "leads:read").post("leads", body)
    assert (refused.status_code, problem(refused)["code"]) == (409, "conflict"), refused.text
    assert type(at).objects.count() == 1
