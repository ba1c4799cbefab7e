"""A lead is handed on with consent; of two answers one counts; credit is shared as agreed."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.urls import reverse

from crm.crediting import shares
from crm.models import Lead
from crm.models.transfers import LeadTransfer
from projects.models import Credit
from projects.signing import convert
from tests import factories
from tests.racing import at_once, held_up
from zone.calendar import today
from zone.models import AuditEntry, ZoneSetting

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(specialist, chain) -> Lead:
    return factories.make_lead(owner=specialist, chain=chain, stage="SCREENED")


@pytest.fixture
def far(db):
    return factories.make_chain("electronics")


@pytest.fixture
def far_leader(far):
    return factories.make_user("chain_leader", chain=far)


def proposed(lead, by, **fields) -> LeadTransfer:
    transfer = LeadTransfer(lead=lead, reason="分工调整", **fields)
    transfer.propose(by=by)
    return transfer


def test_the_lead_moves_when_the_other_side_accepts(lead, specialist, other_specialist):
    transfer = proposed(lead, specialist, to_owner=other_specialist, first_share=30)
    lead.refresh_from_db()
    assert lead.owner == specialist
    assert not transfer.can_answer(specialist)
    transfer.accept(by=other_specialist)
    lead.refresh_from_db()
    assert lead.owner == other_specialist
    line = lead.owner_changes.get()
    assert (line.from_owner, line.by) == (specialist, other_specialist)
    assert "分工调整" in line.reason
    lines = AuditEntry.objects.filter(model="crm.leadtransfer").values_list("action", flat=True)
    assert sorted(lines) == ["CREATED", "STATE"]


def test_the_agreed_share_goes_into_the_project(lead, specialist, other_specialist):
    proposed(lead, specialist, to_owner=other_specialist, first_share=30).accept(
        by=other_specialist
    )
    lead.refresh_from_db()
    project = convert(lead, by=other_specialist)
    shares = Credit.objects.filter(project=project).values_list("specialist", "share")
    assert {*shares} == {(specialist.pk, Decimal(30)), (other_specialist.pk, Decimal(70))}


@pytest.mark.parametrize("share", [0, 100])
def test_a_whole_share_leaves_no_empty_one(lead, specialist, other_specialist, share):
    proposed(lead, specialist, to_owner=other_specialist, first_share=share).accept(
        by=other_specialist
    )
    lead.refresh_from_db()
    credit = convert(lead, by=other_specialist).credits.get()
    assert credit.specialist == (specialist if share else other_specialist)


def test_a_chain_takes_a_lead_and_says_who_gets_it(lead, specialist, far, far_leader):
    new = factories.make_specialist(far)
    transfer = proposed(lead, specialist, to_chain=far)
    assert transfer.can_answer(far_leader)
    transfer.accept(by=far_leader, owner=new)
    lead.refresh_from_db()
    assert (lead.chain, lead.owner) == (far, new)
    line = AuditEntry.objects.get(object_id=str(lead.pk), action="STATE", changes__has_key="chain")
    assert line.changes["chain"] == ["新能源", "电子信息"]


def test_without_a_name_it_goes_to_the_pool_of_the_chain(lead, specialist, far, far_leader):
    proposed(lead, specialist, to_chain=far).accept(by=far_leader)
    assert Lead.objects.pool().get().chain == far


def test_another_zone_takes_it_and_the_lead_ends(lead, specialist, office, far_leader):
    transfer = proposed(lead, specialist, to_place="示例开发区")
    assert (transfer.can_answer(office), transfer.can_answer(far_leader)) == (True, False)
    transfer.accept(by=office)
    lead.refresh_from_db()
    assert lead.stage == "LOST"
    assert "示例开发区" in lead.stage_changes.get().reason


def test_refused_and_withdrawn_leave_the_lead(lead, specialist, other_specialist):
    with pytest.raises(ValidationError):
        proposed(lead, specialist, to_owner=other_specialist).refuse(by=other_specialist, reason="")
    LeadTransfer.objects.get().refuse(by=other_specialist, reason="手上已满")
    again = proposed(lead, specialist, to_owner=other_specialist)
    again.withdraw(by=specialist)
    for transfer in LeadTransfer.objects.all():
        with pytest.raises(ValidationError):
            transfer.accept(by=other_specialist)
    lead.refresh_from_db()
    assert lead.owner == specialist


def test_what_changed_hands_meanwhile_is_proposed_anew(lead, specialist, other_specialist, office):
    transfer = proposed(lead, specialist, to_owner=other_specialist)
    lead.assign(by=office, to=factories.make_specialist(lead.chain), reason="调整")
    with pytest.raises(ValidationError, match="重新发起"):
        transfer.accept(by=other_specialist)


def test_nobody_is_given_a_lead_who_has_left(lead, specialist, other_specialist, office):
    proposed(lead, specialist, to_owner=other_specialist)
    other_specialist.appointments.all().delete()
    transfer = LeadTransfer.objects.get()
    with pytest.raises(ValidationError, match="不再从事招商"):
        transfer.accept(by=office)
    assert LeadTransfer.objects.get().state == "PROPOSED"


def test_a_full_hand_takes_no_lead_unless_the_office_says_so(
    lead, specialist, other_specialist, office
):
    ZoneSetting.objects.create(key=ZoneSetting.Key.HOLD_LIMIT, value=1)
    factories.make_lead(chain=lead.chain, owner=other_specialist)
    transfer = proposed(lead, specialist, to_owner=other_specialist)
    with pytest.raises(ValidationError, match="上限"):
        transfer.accept(by=other_specialist)
    LeadTransfer.objects.get().accept(by=office)
    lead.refresh_from_db()
    assert lead.owner == other_specialist


def test_there_and_back_protects_no_longer(lead, specialist, other_specialist):
    ending = today() + timedelta(days=1)
    Lead.objects.update(protected_until=ending)
    lead.refresh_from_db()
    proposed(lead, specialist, to_owner=other_specialist).accept(by=other_specialist)
    lead.refresh_from_db()
    proposed(lead, other_specialist, to_owner=specialist).accept(by=specialist)
    lead.refresh_from_db()
    assert (lead.owner, lead.protected_until) == (specialist, ending)


def test_a_transfer_leaves_the_share_that_the_office_decided(lead, specialist, other_specialist):
    third, office = factories.make_specialist(lead.chain), factories.make_office()
    reason = "首报在先并持续跟进，按比例分成"
    factories.make_conflict(lead=lead, raised_by=third).decide(
        by=office, decision="SPLIT", reason=reason, second_share=Decimal(40)
    )
    transfer = proposed(lead, specialist, to_owner=other_specialist, first_share=50)
    transfer.accept(by=other_specialist)
    lead.refresh_from_db()
    assert shares(lead, other_specialist) == {third: 40, specialist: 30, other_specialist: 30}
    yesterday = today() - timedelta(days=1)
    LeadTransfer.objects.update(answered_on=yesterday)
    assert shares(lead, other_specialist) == {third: 40, other_specialist: 60}


def test_one_proposal_at_a_time(lead, specialist, other_specialist, far):
    proposed(lead, specialist, to_owner=other_specialist)
    with pytest.raises(ValidationError, match="待答复"):
        proposed(lead, specialist, to_chain=far)


@pytest.mark.parametrize("names", [(), ("to_place", "to_chain"), ("to_owner", "to_chain")])
def test_it_goes_to_one(lead, specialist, other_specialist, far, names):
    all_of = {"to_place": "外地", "to_chain": far, "to_owner": other_specialist}
    with pytest.raises(ValidationError, match="一个接收方"):
        proposed(lead, specialist, **{name: all_of[name] for name in names})


def test_who_is_asked_reads_what_it_is_about_and_neither_lead_nor_amount(
    as_user, lead, specialist, far, far_leader
):
    lead.contact = factories.make_contact(enterprise=lead.enterprise, phone="13812345678")
    lead.planned_investment_wan = Decimal(76543)
    lead.save()
    client = as_user(specialist)
    form = {"to_chain": str(far.pk), "to_place": "", "first_share": "30", "reason": "更贴近该链"}
    hand_on = reverse("admin:crm_lead_transfer", args=[lead.pk])
    assert client.post(hand_on, form).status_code == 302
    transfer = LeadTransfer.objects.get()
    client = as_user(far_leader)
    listed = client.get(reverse("admin:crm_leadtransfer_changelist"), {"whose": "mine"}).text
    page = client.get(reverse("admin:crm_leadtransfer_change", args=[transfer.pk])).text
    assert lead.title in listed
    assert lead.title in page
    assert not any(secret in page for secret in ("王经理", "138", "76,543", "7.65"))
    assert client.get(reverse("admin:crm_lead_change", args=[lead.pk])).status_code == 302
    assert as_user(factories.make_specialist(far)).get(
        reverse("admin:crm_leadtransfer_change", args=[transfer.pk])
    ).status_code == 302  # fmt: skip
    client = as_user(far_leader)
    accept = reverse("admin:crm_leadtransfer_accept", args=[transfer.pk])
    assert client.post(accept, {"owner": ""}).status_code == 302
    assert Lead.objects.get().chain == far


def test_nobody_proposes_for_others(as_user, lead, other_specialist):
    lead.chain = factories.make_chain("electronics")
    lead.save()
    address = reverse("admin:crm_lead_transfer", args=[lead.pk])
    assert as_user(other_specialist).get(address).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_one_counts():
    chain = factories.make_chain()
    owner, other = (factories.make_specialist(chain) for _ in range(2))
    lead = factories.make_lead(owner=owner, chain=chain)
    transfer = proposed(lead, owner, to_owner=other)

    def refuse() -> str:
        try:
            LeadTransfer.objects.get().refuse(by=other, reason="不接")
        except ValidationError as refusal:
            return refusal.messages[0]
        return "refused"

    with transaction.atomic():
        transfer.accept(by=other)
        second = held_up(refuse)
    assert "已接收" in second.result(60)
    assert (Lead.objects.get().owner, LeadTransfer.objects.get().state) == (other, "ACCEPTED")


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_answers_count(monkeypatch):
    """The negative control."""
    monkeypatch.setattr(LeadTransfer, "_locked_lead", lambda self: self.lead)
    chain = factories.make_chain()
    owner, other = (factories.make_specialist(chain) for _ in range(2))
    lead = factories.make_lead(owner=owner, chain=chain)
    proposed(lead, owner, to_owner=other)

    def answer(n: int) -> str:
        seen = LeadTransfer.objects.get()
        try:
            seen.accept(by=other) if n else seen.refuse(by=other, reason="不接")
        except ValidationError:
            return "lost"
        return "won"

    first = LeadTransfer.objects.get()
    assert at_once(1, lambda _n: answer(1)) == ["won"]
    first.refuse(by=other, reason="不接")
    assert (Lead.objects.get().owner, LeadTransfer.objects.get().state) == (other, "REFUSED")
    connection.close()
