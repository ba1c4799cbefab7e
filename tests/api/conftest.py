"""A caller with a key, over Django's test client."""

import json
import secrets

import pytest
from django.core.management import call_command
from django.test import Client

from tests import factories
from tests.api.published import published
from tests.api.world import World
from zone.feed.synced import entities
from zone.models import ApiClient

V1 = "/api/v1/"
LEADS = ("leads:read", "leads:write", "leads:delete", "projects:write", "projects:read")


class CheckedClient(Client):
    """Fails on any answer of the interface that is not as published."""

    def request(self, **request):
        response = super().request(**request)
        path, method = response.request["PATH_INFO"], response.request["REQUEST_METHOD"]
        if path.startswith(V1) and path != f"{V1}docs/":
            faults = published().faults(method, path, response)
            assert faults == [], f"{method} {path}: {response.status_code} {response.content[:500]}"
        return response


class Api:
    """Another system that calls: ``api.get("leads", stage="NEW")``."""

    def __init__(self, client: ApiClient):
        self.client = client
        self.key = client.issue_key()
        self.http = CheckedClient(headers={"Authorization": f"Bearer {self.key}"})

    def get(self, path: str, headers=None, **params):
        return self.http.get(V1 + path, params, headers=headers)

    def post(self, path: str, data, key: str | None = None, **headers):
        key = key or secrets.token_hex(8)
        return self._send("post", path, data, {"Idempotency-Key": key, **headers})

    def patch(self, path: str, data, version=None):
        return self._send("patch", path, data, {"If-Match": f'"{version}"'} if version else {})

    def delete(self, path: str, version=None):
        return self._send("delete", path, None, {"If-Match": f'"{version}"'} if version else {})

    def _send(self, method: str, path: str, data, headers):
        body = data if isinstance(data, (bytes, type(None))) else json.dumps(data).encode()
        send = getattr(self.http, method)
        return send(V1 + path, body or b"", content_type="application/json", headers=headers)

    def data(self, path: str, **params):
        response = self.get(path, **params)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture
def api(db):
    """Return a function that makes a caller with scopes and rows; the first one's source is oa."""

    def make(*scopes, chains=(), parks=(), **fields) -> Api:
        number = ApiClient.objects.count()
        fields.setdefault("sources", [f"oa{number}" if number else "oa"])
        fields |= {"name": f"示例·系统{number}", "whole_zone": not (chains or parks)}
        client = ApiClient(scopes=list(scopes), **fields)
        client.save()
        client.chains.set(chains)
        client.parks.set(parks)
        return Api(client)

    return make


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Return the rows of the examples, made once for a module; what a test does is rolled back."""
    with django_db_blocker.unblock():
        yield World().build()
        call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)


@pytest.fixture
def caller(api) -> Api:
    """Return another system that works on leads."""
    return api(*LEADS)


def problem(response) -> dict:
    assert response["Content-Type"] == "application/problem+json", response.text
    return json.loads(response.content)


def pointers(response) -> list[tuple]:
    return sorted((found["pointer"], found["code"]) for found in problem(response)["errors"])


@pytest.fixture
def maker(db):
    """Return a function that makes so many rows of a resource."""

    def make(name: str, rows: int):
        special = {
            "chains": lambda n: {"code": f"c-{n}"},
            "contacts": lambda n: {"phone": "13812345678"},
            "targets": lambda n: {"year": 2001 + n},
        }
        fields = special.get(name, lambda n: {})
        return [factories.make(entities()[name], **fields(n)) for n in range(rows)]

    return make


def lead_body(chain, **data) -> dict:
    enterprise = factories.make_enterprise(chain=chain)
    body = {"enterprise": str(enterprise.pk), "title": "正极材料", "chain": chain.code}
    return body | {"source": "SUPERIOR", "planned_investment_wan": "12500.5"} | data
