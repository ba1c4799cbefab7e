"""The security administrator's pages: approvals, secrets shown once, dead letters sent again."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.forms import fields, send
from zone.models import ApprovedHost, AuditEntry, WebhookCursor, WebhookDelivery, WebhookEndpoint

pytestmark = pytest.mark.django_db
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")
MODELS = (ApprovedHost, WebhookEndpoint, WebhookDelivery)


@pytest.fixture
def guard(db):
    return factories.make_user("security_admin", username="guard")


@pytest.fixture
def page(as_user, guard):
    return as_user(guard)


def url(model, name: str, *args) -> str:
    return reverse(f"admin:zone_{model._meta.model_name}_{name}", args=args)


def test_a_host_is_approved_with_a_reason_and_by_whom(page, guard):
    data = {"host": "oa.example.cn", "networks": "10.20.0.0/16,fd12::/64", "ports": "443,8443"}
    assert page.post(url(ApprovedHost, "add"), data).status_code == 200
    assert page.post(url(ApprovedHost, "add"), data | {"reason": "OA 联调"}).status_code == 302
    host = ApprovedHost.objects.get()
    assert (host.approved_by, host.ports, host.allows_http) == (guard, [443, 8443], False)
    assert host.networks == ["10.20.0.0/16", "fd12::/64"]
    made = AuditEntry.objects.of(host).get()
    assert (made.by, made.changes["networks"][1]) == (guard, "['10.20.0.0/16', 'fd12::/64']")
    change = url(ApprovedHost, "change", host.pk)
    wider = fields(page.get(change)) | {"networks": "10.0.0.0/8"}
    assert page.post(change, wider).status_code == 302
    assert "10.0.0.0/8" in AuditEntry.objects.of(host).first().changes["networks"][1]
    assert "oa.example.cn" in page.get(url(ApprovedHost, "changelist")).text


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"networks": "127.0.0.0/8"}, "networks"),
        ({"networks": ""}, "networks"),
        ({"host": "LOCALHOST"}, "host"),
        ({"ports": "22"}, "ports"),
        ({"ports": "x"}, "ports"),
        ({"reason": "致电13812345678"}, "reason"),
    ],
)
def test_a_mistake_is_told_beside_its_field(page, data, field):
    whole = {"host": "a.cn", "networks": "10.0.0.0/8", "ports": "443", "reason": "x"} | data
    shown = page.post(url(ApprovedHost, "add"), whole)
    assert (shown.status_code, list(shown.context["adminform"].form.errors)) == (200, [field])


def test_an_endpoint_is_set_up_and_its_secret_seen_once(page, guard):
    client = factories.make_client(scopes=["changes:read", "leads:read"])
    factories.make_host()
    data = {"client": client.pk, "url": "https://oa.example.cn/hook", "entities": ["leads"]}
    assert page.post(url(WebhookEndpoint, "add"), data).status_code == 302
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.client, endpoint.entities, endpoint.secret_seed) == (client, ["leads"], "")
    assert WebhookCursor.objects.filter(endpoint=endpoint).exists()
    change = url(WebhookEndpoint, "change", endpoint.pk)
    assert "请签发签名密钥" in page.get(change).text
    shown = page.post(url(WebhookEndpoint, "secret", endpoint.pk), {"reason": "联调"})
    secret = SECRET.search(shown.text)[0]
    assert "no-store" in shown["Cache-Control"]
    after = page.get(change).text
    endpoint.refresh_from_db()
    assert secret not in after + str(list(AuditEntry.objects.values()))
    assert endpoint.secret_seed not in after + shown.text
    assert AuditEntry.objects.of(endpoint).first().detail == {"step": "secret issued"}
    again = page.post(url(WebhookEndpoint, "secret", endpoint.pk), {"reason": "轮换"})
    assert SECRET.search(again.text)[0] != secret
    assert AuditEntry.objects.of(endpoint).first().detail == {"step": "secret rotated"}


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"url": "https://evil.cn/"}, "url"),
        ({"url": "https://oa.example.cn./"}, "url"),
        ({"entities": ["contacts"]}, "entities"),
        ({"client": ""}, "client"),
    ],
)
def test_a_wrong_endpoint_is_refused_beside_its_field(page, data, field):
    client = factories.make_client(scopes=["changes:read", "leads:read"])
    factories.make_host()
    whole = {"client": client.pk, "url": "https://oa.example.cn/", "entities": ["leads"]} | data
    shown = page.post(url(WebhookEndpoint, "add"), whole)
    assert (shown.status_code, list(shown.context["adminform"].form.errors)) == (200, [field])


def test_switched_off_and_on_with_a_reason(page, guard):
    endpoint = factories.make_endpoint()
    for name, off in (("disable", True), ("enable", False)):
        address = url(WebhookEndpoint, name, endpoint.pk)
        assert page.post(address, {"reason": ""}).status_code == 200
        assert page.post(address, {"reason": "对方检修"}).status_code == 302
        endpoint.refresh_from_db()
        assert endpoint.is_disabled is off
        assert page.post(address, {"reason": "再来"}).status_code == 403
    lines = AuditEntry.objects.of(endpoint).filter(action="STATE")
    assert [(line.by, line.why) for line in lines] == [(guard, "对方检修")] * 2


def test_the_client_of_an_endpoint_stays(page):
    endpoint, other = factories.make_endpoint(), factories.make_client()
    change = url(WebhookEndpoint, "change", endpoint.pk)
    opened = fields(page.get(change))
    page.post(change, opened | {"client": other.pk, "entities": ["leads"]})
    before = endpoint.client
    endpoint.refresh_from_db()
    assert (endpoint.client, endpoint.entities) == (before, ["leads"])


def test_dead_letters_are_found_and_sent_again_one_by_one_and_many(page, guard):
    endpoint = factories.make_endpoint()
    dead = [factories.make_delivery(endpoint, dead_at=timezone.now()) for _ in range(3)]
    factories.make_delivery(endpoint, delivered_at=timezone.now())
    waiting = factories.make_delivery(endpoint)
    changelist = url(WebhookDelivery, "changelist")
    note = page.get(url(WebhookEndpoint, "change", endpoint.pk)).text
    link = f"{changelist}?state=dead&amp;endpoint__id__exact={endpoint.pk}"
    assert link in note
    found = page.get(changelist, {"state": "dead", "endpoint__id__exact": endpoint.pk})
    assert set(found.context["cl"].queryset) == set(dead)
    one = url(WebhookDelivery, "again", dead[0].pk)
    assert page.post(one, {"reason": "已修复"}).status_code == 302
    chosen = [row.pk for row in (*dead[1:], waiting)]
    sent = page.post(changelist, {"action": "send_again", "_selected_action": chosen}, follow=True)
    assert "已重新发送 2 条消息" in sent.text
    assert WebhookDelivery.objects.dead().count() == 0
    assert WebhookDelivery.objects.waiting().count() == 4
    steps = AuditEntry.objects.filter(model="zone.webhookdelivery")
    assert [(line.by, line.detail["step"]) for line in steps] == [(guard, "replayed")] * 3


@pytest.mark.parametrize("state", ["dead", "waiting", "delivered", "nonsense"])
def test_the_list_is_filtered_by_state(page, state):
    rows = {
        "dead": factories.make_delivery(dead_at=timezone.now()),
        "delivered": factories.make_delivery(delivered_at=timezone.now()),
        "waiting": factories.make_delivery(),
    }
    shown = page.get(url(WebhookDelivery, "changelist"), {"state": state}).context["cl"].queryset
    assert set(shown) == ({rows[state]} if state in rows else set(rows.values()))


def test_a_message_shows_what_was_sent_and_is_not_edited(page):
    message = factories.make_delivery()
    change = url(WebhookDelivery, "change", message.pk)
    assert message.webhook_id in page.get(change).text
    assert page.post(change, {}).status_code == 403
    assert page.get(url(WebhookDelivery, "add")).status_code == 403
    assert page.get(url(WebhookDelivery, "delete", message.pk)).status_code == 403


def test_an_approval_is_withdrawn_and_the_trail_keeps_it(page, guard):
    host = factories.make_host()
    delete = url(ApprovedHost, "delete", host.pk)
    assert page.post(delete, {"post": "yes"}).status_code == 302
    assert not ApprovedHost.objects.exists()
    line = AuditEntry.objects.of(host).get()
    assert (line.action, line.by, line.changes["host"]) == ("DELETED", guard, [host.host, ""])


@pytest.mark.parametrize(
    "role", ["system_admin", "office", "auditor", "leadership", "chain_leader", "specialist"]
)
def test_nobody_else_comes_near(as_user, role):
    message = factories.make_delivery(dead_at=timezone.now())
    endpoint, host = message.endpoint, ApprovedHost.objects.get()
    page = as_user(factories.make_user(role))
    for model, row in zip(MODELS, (host, endpoint, message), strict=True):
        for address in (url(model, "changelist"), url(model, "change", row.pk), url(model, "add")):
            assert page.get(address).status_code in (302, 403)
    for address in (
        url(WebhookEndpoint, "secret", endpoint.pk),
        url(WebhookEndpoint, "disable", endpoint.pk),
        url(WebhookDelivery, "again", message.pk),
    ):
        assert page.post(address, {"reason": "x"}).status_code in (302, 403, 404)
    chosen = {"action": "send_again", "_selected_action": [message.pk]}
    page.post(url(WebhookDelivery, "changelist"), chosen)
    assert WebhookDelivery.objects.dead().count() == 1


def test_its_story_is_told_to_whoever_watches(page, as_user, guard):
    endpoint = factories.make_endpoint()
    send(
        page, url(WebhookEndpoint, "change", endpoint.pk),
        {"url": f"{endpoint.url}2", "entities": []},
    )  # fmt: skip
    told = page.get(url(WebhookEndpoint, "change", endpoint.pk)).text
    assert f"{endpoint.url}2" in told
    seen = AuditEntry.objects.visible_to(guard)
    assert {line.action for line in seen.of(endpoint)} == {"KEY", "CHANGED"}


def fill(rows: int):
    for n in range(rows):
        endpoint = factories.make_endpoint()
        factories.make_delivery(endpoint)
        factories.make_delivery(endpoint, dead_at=timezone.now())
        factories.make_host(f"h{n}.example.cn", approved_by=factories.make_user())


@pytest.mark.parametrize("rows", [1, 30])
def test_lists_take_as_many_queries_at_one_row_as_at_thirty(page, rows):
    fill(rows)
    asked = {}
    for model in MODELS:
        page.get(url(model, "changelist"))
        with CaptureQueriesContext(connection) as seen:
            assert page.get(url(model, "changelist")).status_code == 200
        asked[model.__name__] = len(seen)
    assert asked == {"ApprovedHost": 9, "WebhookEndpoint": 10, "WebhookDelivery": 10}
