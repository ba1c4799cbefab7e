"""Two claim one investor: the office decides, both sides read why, nobody reads more."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from crm.models import Lead
from crm.models.conflicts import Conflict
from projects.signing import convert
from tests import factories
from tests.racing import held_up

pytestmark = pytest.mark.django_db
REASON = "首报在先并持续跟进，维持原归属"


@pytest.fixture
def standing(chain, other_specialist) -> Lead:
    contact = factories.make_contact(
        enterprise=factories.make_enterprise(name="东岭（长治）汽车有限公司", chain=chain),
        phone="13812345678",
    )
    return factories.make_lead(
        enterprise=contact.enterprise,
        contact=contact,
        chain=chain,
        owner=other_specialist,
        stage="SCREENED",
        title="首报的项目",
        planned_investment_wan=Decimal(76543),
    )


def claim(chain, by, **fields) -> Conflict:
    told = {
        "enterprise_name": "东岭(长治)汽车有限公司",
        "title": "我的项目",
        "grounds": "上月已考察",
    }
    conflict = Conflict(chain=chain, planned_investment_wan=Decimal(4321), **told | fields)
    conflict.raise_claim(by=by)
    return conflict


def test_a_claim_stands_against_whoever_courts_the_investor(chain, specialist, standing):
    assert claim(chain, specialist).lead == standing
    with pytest.raises(ValidationError, match="待招商办裁定"):
        claim(chain, specialist)
    for by, name in ((standing.owner, standing.enterprise.name), (specialist, "无人在谈公司")):
        with pytest.raises(ValidationError, match="直接报备"):
            claim(chain, by, enterprise_name=name)


def test_the_first_stays(chain, specialist, office, standing):
    claim(chain, specialist).decide(by=office, decision="STAYS", reason=REASON)
    standing.refresh_from_db()
    assert standing.owner != specialist
    with pytest.raises(ValidationError, match="已裁定"):
        Conflict.objects.get().decide(by=office, decision="GIVEN", reason=REASON)


def test_the_lead_goes_to_the_second(chain, specialist, office, standing):
    claim(chain, specialist).decide(by=office, decision="GIVEN", reason=REASON)
    standing.refresh_from_db()
    assert standing.owner == specialist
    assert standing.owner_changes.get().reason == REASON


def test_both_go_on_beside_each_other(chain, specialist, office, standing):
    claim(chain, specialist).decide(by=office, decision="BESIDE", reason=REASON)
    second = Lead.objects.get(owner=specialist)
    assert (second.enterprise, second.override_reason) == (standing.enterprise, REASON)
    assert (second.title, second.planned_investment_wan) == ("我的项目", 4321)


def test_the_credit_is_shared(chain, specialist, office, standing):
    conflict = claim(chain, specialist)
    for share in (None, Decimal(100)):
        with pytest.raises(ValidationError):
            Conflict.objects.get(pk=conflict.pk).decide(
                by=office, decision="SPLIT", reason=REASON, second_share=share
            )
    Conflict.objects.get().decide(by=office, decision="SPLIT", reason=REASON, second_share=40)
    project = convert(standing, by=standing.owner)
    shares = {*project.credits.values_list("specialist", "share")}
    assert shares == {(specialist.pk, Decimal(40)), (standing.owner_id, Decimal(60))}


def test_a_decision_has_a_reason_and_is_nobodys_own(chain, office, colleague, standing):
    conflict = claim(chain, office)
    with pytest.raises(ValidationError, match="自己"):
        conflict.decide(by=office, decision="GIVEN", reason=REASON)
    with pytest.raises(ValidationError, match="至少"):
        conflict.decide(by=colleague, decision="GIVEN", reason="同意")


def test_a_lead_that_is_a_project_by_now_is_neither_given_nor_shared(
    chain, specialist, office, standing
):
    conflict = claim(chain, specialist)
    convert(standing, by=standing.owner)
    for decision, share in (("GIVEN", None), ("SPLIT", Decimal(40))):
        with pytest.raises(ValidationError, match="已转为项目"):
            Conflict.objects.get().decide(
                by=office, decision=decision, reason=REASON, second_share=share
            )
    conflict.refresh_from_db()
    assert conflict.decision == ""
    conflict.decide(by=office, decision="STAYS", reason=REASON)


@pytest.mark.parametrize("decision", ["GIVEN", "BESIDE"])
def test_nothing_goes_to_a_second_who_has_left(chain, specialist, office, standing, decision):
    claim(chain, specialist)
    type(specialist).objects.filter(pk=specialist.pk).update(is_active=False)
    with pytest.raises(ValidationError, match="不再从事招商"):
        Conflict.objects.get().decide(by=office, decision=decision, reason=REASON)
    assert Conflict.objects.get().decision == ""
    assert Lead.objects.get().owner == standing.owner


def page_of(client, conflict) -> str:
    return client.get(reverse("admin:crm_conflict_change", args=[conflict.pk])).text


def test_each_side_reads_its_own_case_and_both_the_decision(
    as_user, chain, specialist, office, standing
):
    add = reverse("admin:crm_conflict_add")
    form = {
        "enterprise_name": standing.enterprise.name,
        "chain": str(chain.pk),
        "title": "我的项目",
    }
    form |= {"planned_investment_wan": "4321", "grounds": "上月已考察"}
    assert as_user(specialist).post(add, form).status_code == 302
    conflict = Conflict.objects.get()
    client = as_user(office)
    assert "东岭" in client.get(reverse("admin:crm_conflict_changelist"), {"waiting": "1"}).text
    decide = reverse("admin:crm_conflict_decide", args=[conflict.pk])
    said = {"decision": "STAYS", "second_share": "", "reason": REASON}
    assert client.post(decide, said).status_code == 302
    second, first = page_of(as_user(specialist), conflict), page_of(
        as_user(standing.owner), conflict
    )  # fmt: skip
    assert REASON in second
    assert REASON in first
    assert "上月已考察" in second
    assert "上月已考察" not in first
    assert not any(one in second for one in ("首报的项目", "王经理", "13812345678", "76,543"))
    assert not any(one in first for one in ("我的项目", "4,321"))
    stranger = as_user(factories.make_specialist(chain))
    address = reverse("admin:crm_conflict_change", args=[conflict.pk])
    assert stranger.get(address).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_of_two_decisions_at_once_one_counts():
    chain = factories.make_chain()
    first, second = (factories.make_specialist(chain) for _ in range(2))
    office, colleague = factories.make_office(), factories.make_office()
    lead = factories.make_lead(owner=first, chain=chain)
    conflict = claim(chain, second, enterprise_name=lead.enterprise.name)

    def give() -> str:
        try:
            Conflict.objects.get().decide(by=colleague, decision="GIVEN", reason=REASON)
        except ValidationError as refusal:
            return refusal.messages[0]
        return "decided"

    with transaction.atomic():
        conflict.decide(by=office, decision="STAYS", reason=REASON)
        answer = held_up(give)
    assert "已裁定" in answer.result(60)
    assert Lead.objects.get().owner == first
