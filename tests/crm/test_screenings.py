"""A lead goes on with a passed screening, at every door; who decides is not who prepares."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Lead
from crm.models.screenings import Screening, ScreeningCriterion
from projects import facts
from projects.signing import convert
from tests import factories
from zone.models import AuditEntry, ZoneSetting

pytestmark = pytest.mark.django_db


@pytest.fixture
def criteria(chain) -> list[ScreeningCriterion]:
    made = [
        factories.make(ScreeningCriterion, name=name, group="规模", max_points=most)
        for name, most in (("产值", Decimal(10)), ("税收", Decimal(5)))
    ]
    far = factories.make_chain("electronics")
    factories.make(ScreeningCriterion, name="别链", group="规模", chain=far, max_points=3)
    factories.make(ScreeningCriterion, name="停用", group="规模", is_active=False, max_points=3)
    return made


@pytest.fixture
def lead(specialist, chain) -> Lead:
    return factories.make_lead(owner=specialist, chain=chain)


@pytest.fixture
def leader_of_chain(chain):
    return factories.make_user("chain_leader", chain=chain)


def scored(criteria, *points) -> dict:
    return {one.pk: Decimal(value) for one, value in zip(criteria, points, strict=True)}


def test_only_a_passed_lead_goes_on(lead, specialist, office, criteria):
    with pytest.raises(ValidationError, match="研判表"):
        lead.advance(by=specialist)
    with pytest.raises(ValidationError, match="研判表"):
        lead.advance(by=office, to="AGREEING", reason="急")
    sheet = lead.screen(by=office, points=scored(criteria, "8.5", "4"), result="PASS")
    assert (lead.stage, sheet.points_in_words) == ("SCREENED", "12.5 / 15.0")
    assert lead.stage_changes.get().by == office
    assert AuditEntry.objects.get(model="crm.screening").changes["result"] == ["", "PASS"]
    assert convert(lead, by=specialist).lead == lead


def test_the_office_may_switch_it_off(lead, specialist):
    ZoneSetting.objects.create(key="SCREENING_REQUIRED", value=0)
    lead.advance(by=specialist)
    assert lead.stage == "SCREENED"


def test_what_was_screened_before_there_were_sheets_is_converted(specialist, chain):
    old = factories.make_lead(owner=specialist, chain=chain, stage="NEGOTIATING")
    assert convert(old, by=specialist).lead == old


@pytest.mark.parametrize("result", ["HOLD", "REJECT"])
def test_a_later_sheet_takes_the_pass_back(lead, specialist, office, result):
    lead.screen(by=office, result="PASS")
    lead.screen(by=office, result=result, opinion="资金来源存疑")
    with pytest.raises(ValidationError) as refused:
        convert(lead, by=specialist)
    assert refused.value.code == "screening"
    lead.screen(by=office, result="PASS")
    assert convert(lead, by=specialist)
    assert lead.screenings.count() == 3


def test_a_specialist_prepares_and_the_chain_leader_decides(
    lead, specialist, leader_of_chain, criteria
):
    with pytest.raises(ValidationError) as refused:
        lead.screen(by=specialist, points=scored(criteria, 1, 1), result="PASS")
    assert "result" in refused.value.message_dict
    draft = lead.screen(by=specialist, points=scored(criteria[:1], 7))
    assert Screening.objects.visible_to(leader_of_chain).waiting().get() == draft
    with pytest.raises(ValidationError, match="还有 1 项未评"):
        lead.screen(by=leader_of_chain, points=scored(criteria[:1], 7), result="PASS")
    done = lead.screen(by=leader_of_chain, points=scored(criteria, 7, 3), result="PASS")
    assert (done.pk, done.prepared_by, done.total_points) == (draft.pk, specialist, 10)
    assert sorted(score.points for score in done.scores.all()) == [3, 7]


@pytest.mark.parametrize("points", ["10.1", "-1", "1.25"])
def test_points_lie_between_nought_and_full(lead, office, criteria, points):
    with pytest.raises(ValidationError):
        lead.screen(by=office, points=scored(criteria[:1], points))
    assert not Screening.objects.exists()


def test_neither_a_criterion_out_of_use_nor_one_of_another_chain_is_scored(lead, office, criteria):
    for other in ScreeningCriterion.objects.filter(name__in=("别链", "停用")):
        with pytest.raises(ValidationError, match="没有这些"):
            lead.screen(by=office, points={other.pk: Decimal(1)})


def test_who_does_not_pass_a_lead_says_why(lead, office):
    with pytest.raises(ValidationError, match="原因"):
        lead.screen(by=office, result="REJECT")


def test_a_sheet_is_decided_by_somebody_once(lead):
    decided = pytest.raises(IntegrityError, match="screening_decided_by_somebody")
    with decided, transaction.atomic():
        Screening.objects.create(lead=lead, result="PASS")
    Screening.objects.create(lead=lead)
    with pytest.raises(IntegrityError, match="screening_one_waiting"), transaction.atomic():
        Screening.objects.create(lead=lead)


def sheet_of(lead) -> str:
    return reverse("admin:crm_lead_screen", args=[lead.pk])


def test_the_sheet_is_a_page_with_a_line_for_each_criterion(
    as_user, lead, specialist, leader_of_chain, criteria
):
    client = as_user(specialist)
    page = client.get(sheet_of(lead)).text
    assert page.count("data-points=") == 2
    assert 'inputmode="decimal"' in page
    assert 'name="result"' not in page
    typed = {f"points-{criteria[0].pk}": "８", f"points-{criteria[1].pk}": "", "opinion": "可行"}
    assert client.post(sheet_of(lead), typed).status_code == 302
    client = as_user(leader_of_chain)
    waiting = client.get(reverse("admin:crm_screening_changelist"), {"waiting": "1"})
    assert "8.0 / 15.0" in waiting.text
    page = client.get(sheet_of(lead)).text
    assert 'value="8"' in page
    refused = client.post(sheet_of(lead), typed | {"result": "PASS"})
    assert "还有 1 项未评" in refused.text
    done = typed | {f"points-{criteria[1].pk}": "4", "result": "PASS"}
    assert client.post(sheet_of(lead), done).status_code == 302
    assert Lead.objects.get().stage == "SCREENED"


def test_the_page_of_a_lead_leads_to_the_sheet_and_a_rejected_one_to_its_end(
    as_user, lead, specialist, office
):
    client, change = as_user(specialist), reverse("admin:crm_lead_change", args=[lead.pk])
    assert sheet_of(lead) in client.get(change).text
    advance = reverse("admin:crm_lead_advance", args=[lead.pk])
    assert sheet_of(lead) in client.get(advance).text
    lead.screen(by=office, result="REJECT", opinion="能耗过高")
    page = client.get(change)
    notes = page.context["state_notes"]
    assert [note["url"] for note in notes] == [reverse("admin:crm_lead_close", args=[lead.pk])]
    assert Lead.objects.get().stage == "NEW"


def test_the_sheet_takes_as_many_queries_for_one_criterion_as_for_thirty(
    as_user, lead, office, criteria
):
    client = as_user(office)

    def asked() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(sheet_of(lead)).status_code == 200
        return len(seen)

    asked()
    first = asked()
    for n in range(30):
        factories.make(ScreeningCriterion, name=f"项{n}", group="规模", max_points=2)
    assert asked() == first


def test_the_defaults_of_the_office_come_with_the_facts_and_make_a_hundred(db):
    facts.load()
    rows = ScreeningCriterion.objects.all()
    assert sum(row.max_points for row in rows) == 100
    assert all("默认" in row.source for row in rows)
    rows.filter(name="产业类别").update(max_points=20)
    facts.load()
    assert rows.get(name="产业类别").max_points == 20


def test_a_decision_is_not_dated_tomorrow(lead, office):
    with pytest.raises(ValidationError):
        lead.screen(by=office, result="PASS", on=date(2999, 1, 1))
    assert Lead.objects.get().stage == "NEW"


def test_the_scores_of_a_demo_lead_are_demo_rows(lead, office, criteria):
    Lead.objects.update(is_demo=True)
    lead.refresh_from_db()
    sheet = lead.screen(by=office, points=scored(criteria, "8.5", "4"))
    assert {sheet.is_demo, *sheet.scores.values_list("is_demo", flat=True)} == {True}
