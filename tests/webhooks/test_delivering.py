"""From a change to the receiver: signed, thin, again until it arrives, and then given up."""

import json
import re
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.utils import timezone
from standardwebhooks.webhooks import WebhookVerificationError

from crm.models import Contact, Enterprise, Lead
from tests import factories
from zone.models import ApiClient, ApiKey, ApprovedHost, AuditEntry, WebhookDelivery
from zone.models.deliveries import ATTEMPTS, DELAYS, LONGEST_WAIT
from zone.webhooks import queueing

pytestmark = pytest.mark.django_db(transaction=True)
SLACK = timedelta(seconds=30)  # the clock of a step goes on while it sends


def test_a_change_arrives_signed_and_says_only_where_to_look(receiver, endpoint_of, dispatcher):
    endpoint = endpoint_of(receiver, "/hook?token=1")
    secret = endpoint.issue_secret()
    lead = factories.make_lead(title="年产正极材料")
    dispatcher.drain()
    found = next(one for one in receiver.events if one["data"]["entity"] == "leads")
    event = receiver.verified(secret, receiver.events.index(found))
    lead.refresh_from_db()
    data = {"entity": "leads", "id": str(lead.pk), "version": lead.version, "op": "upsert"}
    assert event["data"] == data
    assert (event["specversion"], event["type"], event["source"]) == (
        "1.0",
        "leads.upsert",
        "/api/v1/changes",
    )
    request = receiver.got[0]
    assert request["path"] == "/hook?token=1"
    assert request["headers"]["content-type"].startswith("application/cloudevents+json")
    assert event["id"] in receiver.ids
    assert datetime.fromisoformat(event["time"]).tzinfo
    delivery = WebhookDelivery.objects.get(entity="leads")
    assert (delivery.last_status, delivery.attempts, delivery.next_at) == (204, 1, None)
    assert dispatcher.step(hours=1) == 0


def test_a_deleted_row_is_told_as_a_tombstone(receiver, endpoint_of, dispatcher):
    lead = factories.make_lead()
    endpoint_of(receiver, entities=["leads"])
    version = Lead.objects.get().version
    Lead.objects.all().delete()
    dispatcher.drain()
    (event,) = receiver.events
    assert event["type"] == "leads.delete"
    assert event["data"] == {
        "entity": "leads",
        "id": str(lead.pk),
        "version": version + 1,
        "op": "delete",
        "reason": "deleted",
    }


def test_another_secret_or_a_changed_body_does_not_verify(receiver, endpoint_of, dispatcher):
    endpoint = endpoint_of(receiver)
    secret = endpoint.issue_secret()
    factories.make_lead()
    dispatcher.drain()
    with pytest.raises(WebhookVerificationError):
        receiver.verified(factories.make_endpoint(url="https://oa.example.cn/").issue_secret())
    receiver.got[-1]["body"] += b" "
    with pytest.raises(WebhookVerificationError):
        receiver.verified(secret)


def test_a_replaced_secret_signs_for_another_day(receiver, endpoint_of, dispatcher):
    endpoint = endpoint_of(receiver, entities=["enterprises"])
    old = endpoint.issue_secret()
    new = endpoint.issue_secret(now=dispatcher.now)
    factories.make_enterprise()
    dispatcher.drain()
    assert receiver.verified(old) == receiver.verified(new)
    assert receiver.got[-1]["headers"]["webhook-signature"].count("v1,") == 2
    factories.make_enterprise()
    dispatcher.drain(hours=25)
    assert receiver.got[-1]["headers"]["webhook-signature"].count("v1,") == 1


def test_a_secret_is_32_bytes_and_stands_in_no_table_and_no_line(endpoint_of, receiver):
    endpoint = endpoint_of(receiver)
    secret = endpoint.issue_secret()
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    endpoint.refresh_from_db()
    kept = str(vars(endpoint)) + str(list(AuditEntry.objects.values()))
    assert secret.removeprefix("whsec_") not in kept
    assert endpoint.secret_seed not in str(list(AuditEntry.objects.values()))


def test_attempts_follow_the_schedule_to_the_dead_letter(receiver, endpoint_of, dispatcher):
    receiver.status = 500
    endpoint_of(receiver, entities=["leads"])
    factories.make_lead()
    dispatcher.step()
    waits = [dispatcher.until_due() for _ in range(ATTEMPTS - 1)]
    for wait, delay in zip(waits, DELAYS, strict=True):
        assert delay <= wait <= delay * 1.1 + SLACK
    assert len(receiver.got) == 10
    assert len(set(receiver.ids)) == 1
    assert len({one["body"] for one in receiver.got}) == 1
    delivery = WebhookDelivery.objects.get()
    assert (delivery.is_waiting, bool(delivery.dead_at), delivery.attempts) == (False, True, 10)
    assert (delivery.last_status, delivery.last_fault) == (500, "STATUS")
    dispatcher.drain(days=30)
    assert len(receiver.got) == 10


def test_a_dead_letter_is_sent_again_as_the_same_message(receiver, endpoint_of, dispatcher):
    endpoint = endpoint_of(receiver)
    dead = factories.make_delivery(endpoint, dead_at=timezone.now(), attempts=10)
    guard = factories.make_user("security_admin")
    dead.send_again(by=guard, reason="已恢复", now=dispatcher.now)
    with pytest.raises(ValidationError):
        dead.send_again(by=guard)
    dispatcher.drain()
    assert receiver.ids == [dead.webhook_id]
    dead.refresh_from_db()
    assert (bool(dead.delivered_at), dead.attempts) == (True, 1)
    line = AuditEntry.objects.of(dead).get()
    assert (line.action, line.detail["step"], line.why) == ("STATE", "replayed", "已恢复")


def test_410_switches_the_endpoint_off_and_what_follows_waits(receiver, endpoint_of, dispatcher):
    endpoint = endpoint_of(receiver, entities=["leads"])
    receiver.status = 410
    factories.make_lead()
    dispatcher.drain()
    endpoint.refresh_from_db()
    assert (endpoint.is_disabled, endpoint.disabled_reason) == (True, "410 Gone")
    assert AuditEntry.objects.of(endpoint).first().changes == {"is_disabled": ["False", "True"]}
    factories.make_lead()
    dispatcher.drain(days=1)
    assert len(receiver.got) == 1
    receiver.status = 200
    endpoint.enable(by=factories.make_user("security_admin"), reason="已更换")
    dispatcher.drain()
    assert len(receiver.got) == 2
    assert WebhookDelivery.objects.dead().get().last_status == 410


def test_after_410_nothing_more_is_asked_of_the_receiver(receiver, endpoint_of, dispatcher):
    endpoint = endpoint_of(receiver)
    for _ in range(5):
        factories.make_delivery(endpoint, next_at=dispatcher.now)
    receiver.status = 410
    dispatcher.drain()
    assert len(receiver.got) == 1
    assert WebhookDelivery.objects.waiting().filter(attempts=0, lease=None).count() == 4


@pytest.mark.parametrize(
    ("status", "asked", "least"),
    [
        (429, "3600", timedelta(hours=1)),
        (503, "999999999", LONGEST_WAIT),
        (503, "later", timedelta(seconds=5)),
        (500, "3600", timedelta(seconds=5)),
    ],
)
def test_retry_after_is_respected_within_bounds(
    receiver, endpoint_of, dispatcher, status, asked, least
):
    endpoint_of(receiver, entities=["leads"])
    receiver.status, receiver.headers = status, {"Retry-After": asked}
    factories.make_lead()
    dispatcher.step()
    wait = WebhookDelivery.objects.get().next_at - dispatcher.now
    assert least <= wait <= least * 1.1 + SLACK


def test_a_date_in_retry_after_is_read_on_the_clock_of_the_step(receiver, endpoint_of, dispatcher):
    endpoint_of(receiver, entities=["leads"])
    later = (dispatcher.now + timedelta(hours=3)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    receiver.status, receiver.headers = 503, {"Retry-After": later}
    factories.make_lead()
    dispatcher.step()
    wait = WebhookDelivery.objects.get().next_at - dispatcher.now
    assert abs(wait - timedelta(hours=3)) < SLACK


@pytest.mark.parametrize("status", [100, 300, 301, 304, 400, 401, 404, 422, 500, 503])
def test_whatever_is_no_2xx_is_tried_again(receiver, endpoint_of, dispatcher, status):
    endpoint_of(receiver, entities=["leads"])
    receiver.answers = [(status, {"Location": receiver.url("/elsewhere")})]
    factories.make_lead()
    dispatcher.step()
    assert WebhookDelivery.objects.get().is_waiting
    dispatcher.drain(seconds=36)
    assert [one["path"] for one in receiver.got] == ["/hook", "/hook"]
    assert WebhookDelivery.objects.get().delivered_at


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_success(receiver, endpoint_of, dispatcher, status):
    endpoint_of(receiver, entities=["leads"])
    receiver.status = status
    factories.make_lead()
    dispatcher.drain()
    assert WebhookDelivery.objects.get().last_status == status


@pytest.mark.parametrize(
    "close",
    [
        lambda endpoint: ApiClient.objects.update(is_disabled=True),
        lambda endpoint: ApiKey.objects.update(revoked_at=timezone.now()),
        lambda endpoint: ApiClient.objects.update(scopes=["changes:read"]),
        lambda endpoint: ApiClient.objects.update(scopes=["leads:read"]),
        lambda endpoint: endpoint.disable(reason="停用"),
        lambda endpoint: type(endpoint).objects.update(secret_seed=""),
    ],
)
def test_who_may_not_read_is_told_nothing_even_of_what_waits(
    receiver, endpoint_of, dispatcher, close
):
    endpoint = endpoint_of(receiver, entities=["leads"])
    factories.make_delivery(endpoint)
    factories.make_lead()
    close(endpoint)
    dispatcher.drain()
    assert receiver.got == []


def test_only_kinds_and_rows_that_the_client_reads_are_told(receiver, endpoint_of, dispatcher):
    near, far = factories.make_chain(), factories.make_chain("electronics")
    client = factories.make_client(whole_zone=False, scopes=["changes:read", "leads:read"])
    client.chains.set([near])
    endpoint_of(receiver, client=client)
    own = factories.make_lead(chain=near)
    factories.make_lead(chain=far)
    dispatcher.drain()
    assert [one["data"]["id"] for one in receiver.events] == [str(own.pk)]


def test_a_withdrawn_approval_stops_what_waits(receiver, endpoint_of, dispatcher):
    endpoint_of(receiver, entities=["leads"])
    factories.make_lead()
    ApprovedHost.objects.all().delete()
    dispatcher.drain()
    assert receiver.got == []
    assert WebhookDelivery.objects.get().last_fault == "REFUSED"


def test_no_message_holds_a_number_or_a_name(receiver, endpoint_of, dispatcher):
    client = factories.make_client(
        scopes=["changes:read", "contacts:read", "leads:read", "enterprises:read", "pii:read"]
    )
    endpoint_of(receiver, client=client)
    contact = factories.make_contact(phone="13812345678", wechat="zhangsan88", email="z@example.cn")
    factories.make_lead(enterprise=contact.enterprise, contact=contact)
    Contact.objects.update(title="总经理")
    dispatcher.drain()
    sent = b"".join(one["body"] for one in receiver.got).decode()
    kept = " ".join(WebhookDelivery.objects.values_list("body", flat=True))
    assert str(contact.pk) in sent
    for secret in ("13812345678", "****", "zhangsan88", "example.cn", "王经理", "示例企业"):
        assert secret not in sent + kept
    keys = {key for event in receiver.events for key in event["data"]}
    assert keys <= {"entity", "id", "version", "op", "reason", "merged_into"}


def test_a_receiver_that_is_away_is_given_no_more_than_waits(
    receiver, endpoint_of, dispatcher, monkeypatch
):
    monkeypatch.setattr(queueing, "MOST_WAITING", 3)
    endpoint_of(receiver, entities=["enterprises"])
    receiver.status = 500
    for _ in range(2):
        for _ in range(3):
            factories.make_enterprise()
        dispatcher.step()
    assert WebhookDelivery.objects.count() == 3
    receiver.status = 200
    dispatcher.drain(hours=1)
    dispatcher.drain()
    assert WebhookDelivery.objects.waiting().count() == 0
    made = {str(pk) for pk in Enterprise.objects.values_list("pk", flat=True)}
    assert {event["data"]["id"] for event in receiver.events} == made


def test_what_ended_long_ago_is_forgotten(endpoint_of, receiver):
    endpoint, now = endpoint_of(receiver), timezone.now()
    kept = [
        factories.make_delivery(endpoint),
        factories.make_delivery(endpoint, delivered_at=now - timedelta(days=29)),
        factories.make_delivery(endpoint, dead_at=now - timedelta(days=179)),
    ]
    factories.make_delivery(endpoint, delivered_at=now - timedelta(days=31))
    factories.make_delivery(endpoint, dead_at=now - timedelta(days=181))
    out = StringIO()
    call_command("trim_feed", stdout=out)
    assert set(WebhookDelivery.objects.all()) == set(kept)
    assert "2 条推送消息" in out.getvalue()


def test_the_body_is_the_same_cloud_event_each_time():
    event = json.loads(WebhookDelivery.of(None, "", "feed.reset", {}, timezone.now()).body)
    assert set(event) == {
        "specversion", "id", "source", "type", "time", "datacontenttype", "data",
    }  # fmt: skip
