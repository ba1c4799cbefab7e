"""A client manages its own endpoints over the interface, and sees its secret once."""

import json

import pytest

from tests import factories
from tests.api.conftest import Api, api, problem  # noqa: F401  a fixture
from zone.models import ApiReply, ApprovedHost, AuditEntry, WebhookDelivery, WebhookEndpoint

pytestmark = pytest.mark.django_db
PATH = "webhook-endpoints"
URL = "https://oa.example.cn/hook"
SCOPES = ("webhooks:manage", "changes:read", "leads:read")


@pytest.fixture
def caller(api) -> Api:  # noqa: F811
    factories.make_host()
    return api(*SCOPES)


def test_made_with_its_secret_in_this_answer_alone(caller):
    made = caller.post(PATH, {"url": URL, "entities": ["leads"]}, "key-1")
    body = made.json()
    assert (made.status_code, made["Location"]) == (201, f"/api/v1/{PATH}/{body['id']}")
    assert (body["url"], body["entities"], body["is_disabled"]) == (URL, ["leads"], False)
    secret = body.pop("secret")
    assert secret.startswith("whsec_")
    again = caller.post(PATH, {"url": URL, "entities": ["leads"]}, "key-1")
    assert (again.status_code, again["Idempotency-Replayed"]) == (201, "true")
    assert again.json() == body
    assert caller.data(f"{PATH}/{body['id']}") == body
    assert caller.data(PATH) == {"data": [body], "next_cursor": None, "has_more": False}
    kept = str(list(ApiReply.objects.values())) + str(list(AuditEntry.objects.values()))
    kept += str(list(WebhookEndpoint.objects.values()))
    assert secret.removeprefix("whsec_") not in kept


def test_changed_and_deleted_against_a_known_version(caller):
    made = caller.post(PATH, {"url": URL})
    one = f"{PATH}/{made.json()['id']}"
    assert caller.patch(one, {"entities": ["leads"]}).status_code == 428
    assert caller.patch(one, {"entities": ["leads"]}, 99).status_code == 412
    version = caller.data(one)["version"]
    changed = caller.patch(one, {"entities": ["leads"]}, version)
    assert (changed.status_code, changed.json()["entities"]) == (200, ["leads"])
    assert "secret" not in changed.json()
    version = changed.json()["version"]
    assert changed["ETag"] == f'"{version}"'
    same = caller.patch(one, {"entities": ["leads"]}, version)
    assert (same.status_code, same.json()["version"]) == (200, version)
    assert caller.get(one, headers={"If-None-Match": f'W/"{version}"'}).status_code == 304
    factories.make_delivery(WebhookEndpoint.objects.get())
    assert caller.delete(one).status_code == 428
    assert caller.delete(one, version).status_code == 204
    assert caller.get(one).status_code == 404
    assert WebhookDelivery.objects.count() == 0
    told = AuditEntry.objects.filter(model="zone.webhookendpoint").order_by("id")
    assert list(told.values_list("action", "door")) == [
        (action, "API") for action in ("CREATED", "KEY", "CHANGED", "DELETED")
    ]


def test_only_its_own(caller, api):  # noqa: F811
    other = factories.make_endpoint()
    one = f"{PATH}/{other.pk}"
    assert caller.data(PATH)["data"] == []
    answers = [
        caller.get(one),
        caller.patch(one, {"url": URL}, other.version),
        caller.delete(one, other.version),
    ]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert WebhookEndpoint.objects.filter(pk=other.pk).exists()


@pytest.mark.parametrize("scopes", [("changes:read", "leads:read"), ()])
def test_it_needs_its_scope(api, scopes):  # noqa: F811
    caller, one = api(*scopes), f"{PATH}/{factories.make_endpoint().pk}"
    answers = [
        caller.get(PATH), caller.get(one), caller.post(PATH, {}), caller.patch(one, {}, 1),
        caller.delete(one, 1),
    ]  # fmt: skip
    assert [problem(a)["scope"] for a in answers] == ["webhooks:manage"] * 5


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({"url": "https://evil.cn/"}, "/url", "推送主机白名单"),
        ({"url": "https://oa.example.cn:8443/"}, "/url", "8443"),
        ({"url": "http://oa.example.cn/"}, "/url", "https"),
        ({"url": "https://127.0.0.1/"}, "/url", "禁止访问"),
        ({"url": "https://x@oa.example.cn/"}, "/url", "https://"),
        ({"url": "https://oa.example.cn/" + "a" * 600}, "/url", ""),
        ({"url": 1}, "/url", "url"),
        ({}, "/url", ""),
        ({"url": URL, "entities": ["contacts"]}, "/entities", "contacts"),
        ({"url": URL, "entities": ["nonsense"]}, "/entities", "nonsense"),
        ({"url": URL, "entities": "leads"}, "/entities", "entities"),
        ({"url": URL, "entities": [1]}, "/entities", "entities"),
        ({"url": URL, "secret": "whsec_x"}, "/secret", ""),
        ({"url": URL, "is_disabled": False}, "/is_disabled", ""),
        ({"url": URL, "nonsense": 1}, "/nonsense", ""),
    ],
)
def test_a_mistake_is_told_at_its_place_with_the_cure(caller, body, pointer, words):
    refused = caller.post(PATH, body)
    assert refused.status_code == 422, refused.text
    errors = problem(refused)["errors"]
    assert pointer in [error["pointer"] for error in errors]
    assert words in " ".join(error["detail"] for error in errors)
    assert WebhookEndpoint.objects.count() == 0
    assert ApiReply.objects.count() == 0


def test_a_client_that_reads_no_changes_is_told_so(api):  # noqa: F811
    factories.make_host()
    refused = api("webhooks:manage").post(PATH, {"url": URL})
    assert "changes:read" in problem(refused)["errors"][0]["detail"]


def test_an_address_is_there_once_and_there_are_ten_at_most(caller):
    codes = [caller.post(PATH, {"url": f"{URL}/{n}"}).status_code for n in range(10)]
    assert codes == [201] * 10
    assert caller.post(PATH, {"url": f"{URL}/1"}).status_code == 422
    assert caller.post(PATH, {"url": f"{URL}/10"}).status_code == 422
    page = caller.data(PATH, limit="4")
    assert (len(page["data"]), page["has_more"]) == (4, True)
    rest = caller.data(PATH, limit="9", cursor=page["next_cursor"])
    assert (len(rest["data"]), rest["has_more"]) == (6, False)


def test_a_retry_without_a_key_and_a_list_as_body_are_refused(caller):
    refused = caller.http.post(
        f"/api/v1/{PATH}", json.dumps({"url": URL}), content_type="application/json"
    )
    assert (refused.status_code, problem(refused)["code"]) == (400, "idempotency_key")
    assert caller.post(PATH, [1]).status_code == 400


def test_a_withdrawn_host_keeps_the_endpoint_and_refuses_its_next_change(caller):
    made = caller.post(PATH, {"url": URL}).json()
    ApprovedHost.objects.all().delete()
    version = caller.data(f"{PATH}/{made['id']}")["version"]
    assert caller.patch(f"{PATH}/{made['id']}", {"entities": []}, version).status_code == 422


def test_the_list_takes_as_many_queries_at_one_as_at_ten(caller, django_assert_num_queries):
    for number in (1, 9):
        for n in range(number):
            caller.post(PATH, {"url": f"{URL}/{number}-{n}"})
        caller.get(PATH)
        with django_assert_num_queries(3):
            caller.get(PATH)


@pytest.mark.parametrize("method", ["post", "patch"])
def test_a_twin_that_was_quicker_is_a_conflict(caller, monkeypatch, method):
    """Both have passed the look at what is there; the constraint decides."""
    caller.post(PATH, {"url": URL})
    other = caller.post(PATH, {"url": f"{URL}/2"}).json()
    monkeypatch.setattr(WebhookEndpoint, "validate_constraints", lambda *args, **options: None)
    if method == "post":
        refused = caller.post(PATH, {"url": URL})
    else:
        refused = caller.patch(f"{PATH}/{other['id']}", {"url": URL}, other["version"])
    assert (refused.status_code, problem(refused)["code"]) == (409, "conflict")
    assert WebhookEndpoint.objects.count() == 2
