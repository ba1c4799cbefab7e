"""Why leads end, and how they come back."""

import pytest
from django.db import IntegrityError
from django.urls import reverse

from crm.models import Lead
from tests import factories
from tests.crm.test_pool import codes, days, put, refusal, setting
from zone.calendar import today
from zone.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_screening")]
Reason = Lead.LostReason


@pytest.fixture
def lost(specialist, chain):
    lead = factories.make_lead(owner=specialist, chain=chain)
    lead.advance(by=specialist)
    lead.close(by=specialist, to="LOST", lost_reason=Reason.ENERGY, reason="用能指标不够")
    return lead


def test_an_end_has_a_kind_of_reason_and_a_day(lost):
    lost.refresh_from_db()
    assert (lost.stage, lost.lost_reason, lost.stage_since) == ("LOST", "ENERGY", today())


@pytest.mark.parametrize(
    ("outcome", "reason", "fits"),
    [
        ("LOST", Reason.PRICE, True),
        ("LOST", Reason.OTHER, True),
        ("LOST", Reason.DUPLICATE, False),
        ("INVALID", Reason.EXCLUDED, True),
        ("INVALID", Reason.OTHER, True),
        ("INVALID", Reason.PRICE, False),
        ("LOST", "x", False),
    ],
)
def test_a_reason_fits_its_outcome(specialist, chain, outcome, reason, fits):
    lead = factories.make_lead(owner=specialist, chain=chain)
    close = {"by": specialist, "to": outcome, "lost_reason": reason, "reason": "说明"}
    if fits:
        lead.close(**close)
    else:
        assert set(refusal(lead.close, **close).error_dict) == {"lost_reason"}


def test_an_open_lead_has_no_reason_of_its_end(specialist, chain):
    lead = factories.make_lead(owner=specialist, chain=chain)
    with pytest.raises(IntegrityError, match="lead_lost_reason_of_ended"):
        put(lead, lost_reason="PRICE")


def test_a_reopened_lead_goes_on_where_it_stood(lost, specialist, office):
    lost.reopen(by=office, reason="投资人重启选址")
    lost.refresh_from_db()
    assert (lost.stage, lost.owner, lost.lost_reason) == ("SCREENED", specialist, "")
    assert (lost.protected_until, lost.owned_on) == (days(180), today())
    assert lost.untouched_since is not None
    line = lost.stage_changes.latest("at")
    assert (line.from_stage, line.to_stage, line.reason) == ("LOST", "SCREENED", "投资人重启选址")
    assert AuditEntry.objects.of(lost).first().why == "投资人重启选址"


def test_it_may_go_to_the_pool(lost, office):
    lost.reopen(by=office, to_pool=True, reason="原负责人已调离")
    lost.refresh_from_db()
    assert (lost.stage, lost.owner, lost.protected_until) == ("SCREENED", None, None)
    assert Lead.objects.pool().get() == lost


def test_it_may_be_reopened_for_90_days_or_as_the_office_sets(lost, office, specialist):
    put(lost, stage_since=days(-91))
    assert not lost.can_reopen(specialist)
    assert codes(refusal(lost.reopen, by=office, reason="重启")) == {"late"}
    setting("REOPEN_DAYS", 91)
    assert lost.can_reopen(specialist)
    lost.reopen(by=office, reason="重启")
    assert Lead.objects.get().is_open


def test_an_investor_courted_by_another_lead_stays_with_it(lost, office, other_specialist, chain):
    other = factories.make_lead(enterprise=lost.enterprise, chain=chain, owner=other_specialist)
    assert codes(refusal(lost.reopen, by=office, reason="重启")) == {"courted"}
    put(lost, override_reason="招商办同意另行登记此投资方")
    assert codes(refusal(lost.reopen, by=office, reason="重启")) == {"courted"}
    other.close(by=other_specialist, to="LOST", reason="未谈成")
    lost.reopen(by=office, reason="重启")


def test_who_left_or_holds_too_many_gets_none_back(lost, office, specialist, chain):
    setting("HOLD_LIMIT", 0)
    assert codes(refusal(lost.reopen, by=office, reason="重启")) == {"full"}
    setting("HOLD_LIMIT", 50)
    specialist.is_active = False
    specialist.save()
    assert codes(refusal(lost.reopen, by=office, reason="重启")) == {"owner"}
    lost.reopen(by=office, to_pool=True, reason="重启")


@pytest.mark.parametrize("stage", ["NEW", "SIGNED"])
def test_nothing_else_is_reopened(specialist, office, chain, stage):
    lead = factories.make_lead(owner=specialist, chain=chain, stage=stage)
    assert codes(refusal(lead.reopen, by=office, reason="重启")) == {"stage"}


def test_a_colleague_cannot_reopen(lost, other_specialist, specialist, office):
    people = (other_specialist, specialist, office)
    assert [lost.can_reopen(person) for person in people] == [False, True, True]


def test_the_forms_close_and_reopen(as_user, specialist, chain):
    lead = factories.make_lead(owner=specialist, chain=chain)
    client = as_user(specialist)
    close = reverse("admin:crm_lead_close", args=[lead.pk])
    assert client.post(close, {"to": "LOST", "reason": "x"}).context["form"].errors["lost_reason"]
    page = client.post(close, {"to": "LOST", "lost_reason": "DUPLICATE", "reason": "x"})
    assert page.context["form"].errors["lost_reason"]
    said = {"to": "LOST", "lost_reason": "LOCATION", "reason": "离原料地远"}
    assert client.post(close, said).status_code == 302
    assert "区位" in client.get(reverse("admin:crm_lead_change", args=[lead.pk])).text
    reopen = reverse("admin:crm_lead_reopen", args=[lead.pk])
    assert client.post(reopen, {"reason": "补充了物流方案"}).status_code == 302
    assert Lead.objects.get().stage == "NEW"


def test_reasons_are_a_filter_of_the_list(as_user, office, lost):
    address = reverse("admin:crm_lead_changelist")
    found = {
        reason: as_user(office).get(f"{address}?lost_reason__exact={reason}").context["cl"]
        for reason in ("ENERGY", "PRICE")
    }
    assert {reason: list(cl.result_list) for reason, cl in found.items()} == {
        "ENERGY": [lost],
        "PRICE": [],
    }


def test_the_interface_closes_and_reopens(client, chain):
    lead = factories.make_lead(owner=factories.make_specialist(chain), chain=chain)
    caller = factories.make_client(scopes=["leads:read", "leads:write"])
    key = {"Authorization": f"Bearer {caller.issue_key()}"}

    def send(action: str, body: dict):
        version = Lead.objects.get().version
        headers = {**key, "If-Match": f'"{version}"', "Idempotency-Key": f"{action}{version}"}
        path = f"/api/v1/leads/{lead.pk}/{action}"
        return client.post(path, body, "application/json", headers=headers)

    refused = send("close", {"to": "LOST", "lost_reason": "DUPLICATE", "reason": "重复"})
    assert refused.status_code == 422, refused.text
    done = send("close", {"to": "INVALID", "lost_reason": "DUPLICATE", "reason": "重复"})
    assert (done.status_code, done.json()["lost_reason"]) == (200, "DUPLICATE")
    done = send("reopen", {"reason": "并非重复"})
    assert (done.status_code, done.json()["stage"]) == (200, "NEW")
