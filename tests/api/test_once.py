"""A request that comes twice is done once; what was answered is kept, masked, for a week."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from crm.models import Contact, Lead
from tests import factories
from tests.api.conftest import LEADS, lead_body, pointers, problem
from tests.racing import at_once
from zone.models import ApiReply, AuditEntry

pytestmark = pytest.mark.django_db


def test_the_same_request_again_is_done_once(caller, chain):
    body = lead_body(chain)
    first, second = (caller.post("leads", body, key="k-1") for _ in range(2))
    assert (first.json(), first["ETag"]) == (second.json(), second["ETag"])
    assert (first.get("Idempotency-Replayed"), second["Idempotency-Replayed"]) == (None, "true")
    assert Lead.objects.count() == 1
    other = caller.post("leads", body | {"title": "另一条"}, key="k-1")
    assert (other.status_code, problem(other)["code"]) == (422, "key_reused")
    assert problem(caller._send("post", "leads", body, {}))["code"] == "idempotency_key"


def test_a_key_of_one_client_is_not_anothers(api, chain):
    answers = [api(*LEADS).post("leads", lead_body(chain), key="k-1") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]


@pytest.mark.django_db(transaction=True)
def test_of_eight_requests_at_once_with_one_key_one_is_done(api):
    chain = factories.make_chain()
    caller, body = api(*LEADS), lead_body(chain)
    statuses = at_once(8, lambda n: caller.post("leads", body, key="same").status_code)
    assert set(statuses) <= {201, 409}
    assert Lead.objects.count() == 1


def test_a_key_against_doubles_has_no_blanks(caller, chain):
    for key in ("a b", "é", "x" * 201, " "):
        refused = caller.post("leads", lead_body(chain), key=key)
        assert problem(refused)["code"] == "idempotency_key"


def test_answers_to_writes_are_masked_and_no_kept_answer_holds_a_number(api):
    caller = api("contacts:read", "contacts:write", "pii:read")
    body = {"enterprise": str(factories.make_enterprise().pk), "name": "王经理"}
    made = caller.post("contacts", body | {"phone": "13812345678", "email": "wang@example.com"})
    assert made.status_code == 201, made.text
    assert (made.json()["phone"], Contact.objects.get().phone.plain) == (
        "138****5678",
        "13812345678",
    )
    assert "13812345678" not in str(list(ApiReply.objects.values()))
    assert "13812345678" not in str(list(AuditEntry.objects.values()))
    refused = caller.patch(f"contacts/{made.json()['id']}", {"phone": "138****5678"}, 1)
    assert pointers(refused)[0][0] == "/phone"


def test_anonymising_empties_the_kept_answers_too(api, office):
    caller = api("contacts:read", "contacts:write")
    body = {"enterprise": str(factories.make_enterprise().pk), "name": "王经理"}
    caller.post("contacts", body)
    assert "王经理" in str(list(ApiReply.objects.values()))
    Contact.objects.get().anonymise(by=office, reason="本人要求")
    assert "王经理" not in str(list(ApiReply.objects.values()))


def test_kept_answers_stay_a_week(caller, chain, capsys):
    for key in ("old", "new"):
        caller.post("leads", lead_body(chain), key=key)
    old = timezone.now() - timedelta(days=8)
    ApiReply.objects.filter(key="old").update(at=old)
    call_command("trim_feed")
    assert list(ApiReply.objects.values_list("key", flat=True)) == ["new"]
