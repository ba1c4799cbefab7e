"""The main job end to end, through the admin, by the people who do it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from crm.models import Contact, Enterprise, Lead
from projects.models import Agreement, Project
from projects.progress import progress
from tests.factories import (
    make_agreement,
    make_counted,
    make_enterprise,
    make_lead,
    make_project,
    make_screening,
    make_target,
)
from zone.calendar import today
from zone.navigation import record_url

pytestmark = pytest.mark.django_db


def intake(chain, /, **fields) -> dict:
    return {
        "enterprise_name": "示例储能材料有限公司",
        "title": "年产一万吨储能材料",
        "chain": str(chain.pk),
        "source": "REFERRAL",
        "planned_investment_wan": "５０，０００",
        "contact_name": "王经理",
        "contact_title": "总经理",
        "contact_phone": "0355-0001234",
        "next_follow_up_on": (today() + timedelta(days=7)).isoformat(),
    } | fields


def log(client, chain, /, **fields):
    return client.post(reverse("admin:crm_lead_add"), intake(chain, **fields))


def step(client, row, action: str, /, **data):
    opts = row._meta
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_{action}", args=[row.pk])
    assert client.get(url).status_code == 200
    return client.post(url, data)


def test_a_lead_becomes_a_signed_counted_project(as_user, specialist, office, colleague, chain):
    make_target("SIGNED_AMOUNT", 2_390_000)
    make_target("SIGNED_PROJECTS", 40)
    client = as_user(specialist)

    assert log(client, chain).status_code == 302
    lead = Lead.objects.get()
    assert lead.owner == specialist
    assert lead.planned_investment_wan == 50_000
    assert lead.contact.name == "王经理"
    assert lead.protected_until == today() + timedelta(days=180)
    assert "年产一万吨储能材料" in client.get(reverse("admin:crm_lead_changelist")).text

    assert "研判表" in step(client, lead, "advance", to="SCREENED", on=today()).text
    lead.screen(by=office, result="PASS")
    for stage in ("NEGOTIATING", "AGREEING"):
        step(client, lead, "advance", to=stage, on=today().isoformat())
        lead.refresh_from_db()
        assert lead.stage == stage

    response = step(
        client,
        lead,
        "convert",
        name=lead.title,
        total_investment_wan="60,000",
        on=today().isoformat(),
    )
    project = Project.objects.get()
    assert response.url == record_url(Project, project.pk)
    assert (project.lead, project.handler, project.enterprise) == (
        lead,
        specialist,
        lead.enterprise,
    )
    assert project.total_investment_wan == 60_000
    lead.refresh_from_db()
    assert lead.stage == "SIGNED"
    lead_url = record_url(Lead, lead.pk)
    assert response.url in client.get(lead_url).text
    assert lead_url in client.get(response.url).text

    client = as_user(office)
    added = client.post(
        reverse("admin:projects_agreement_add"),
        {
            "project": str(project.pk),
            "kind": "FORMAL",
            "signed_on": "2025-03-20",
            "amount_wan": "60000",
            "handled_by": "",
            "upgrades": "",
            "title": "",
            "attachments-TOTAL_FORMS": "0",
            "attachments-INITIAL_FORMS": "0",
        },
    )
    assert added.status_code == 302
    agreement = Agreement.objects.get()
    assert (agreement.handled_by, agreement.entered_by) == (specialist, office)
    march = date(2025, 3, 31)
    assert progress(2025, march).signed_amount.pending == 60_000

    step(as_user(colleague), agreement, "recognise", on=today().isoformat())
    assert progress(2025, march).signed_amount.actual == 60_000
    assert progress(2025, march).signed_projects.actual == 1
    project.refresh_from_db()
    assert project.stage == "SIGNED"

    steps = lead.stage_changes.order_by("at").values_list("from_stage", "to_stage", "by")
    assert list(steps) == [
        ("", "NEW", specialist.pk),
        ("NEW", "SCREENED", office.pk),
        ("SCREENED", "NEGOTIATING", specialist.pk),
        ("NEGOTIATING", "AGREEING", specialist.pk),
        ("AGREEING", "SIGNED", specialist.pk),
    ]
    assert [c.to_stage for c in project.stage_changes.order_by("at")] == ["RESERVED", "SIGNED"]
    assert agreement.changes.get().by == colleague


def test_a_known_enterprise_is_used_however_it_is_spelt(as_user, specialist, chain):
    known = make_enterprise(name="示例储能 材料有限公司")
    log(as_user(specialist), chain)
    assert Lead.objects.get().enterprise == known
    assert Enterprise.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"enterprise_name": ""}, "enterprise_name"),
        ({"chain": ""}, "chain"),
        ({"planned_investment_wan": "0"}, "planned_investment_wan"),
        ({"planned_investment_wan": "五千万"}, "planned_investment_wan"),
        ({"contact_name": ""}, "contact_name"),
        ({"contact_phone": "12345"}, "contact_phone"),
        ({"source": "NOWHERE"}, "source"),
        ({"title": ""}, "title"),
    ],
)
def test_a_refused_lead_names_the_field_and_leaves_nothing(
    as_user, specialist, chain, fields, field
):
    response = log(as_user(specialist), chain, **fields)
    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == [field]
    assert (Lead.objects.count(), Enterprise.objects.count(), Contact.objects.count()) == (0, 0, 0)


def test_a_follow_up_is_written_over_the_record_and_sets_the_next_date(as_user, specialist, chain):
    lead = make_lead(owner=specialist, chain=chain)
    next_on = today() + timedelta(days=3)
    said = {"kind": "CALL", "happened_on": today(), "summary": "约定考察", "when": next_on}
    assert step(as_user(specialist), lead, "follow_up", **said).status_code == 302
    lead.refresh_from_db()
    assert lead.follow_ups.get().by == specialist
    assert lead.next_follow_up_on == next_on


def test_a_converted_lead_is_read_only(as_user, specialist, chain, office):
    lead = make_lead(owner=specialist, chain=chain)
    make_screening(lead=lead)
    lead.advance(by=specialist, on=date(2025, 2, 1))
    client = as_user(specialist)
    step(client, lead, "convert", name="x", total_investment_wan="1", on="2025-03-01")
    url = reverse("admin:crm_lead_change", args=[lead.pk])
    assert client.post(url, {"title": "改"}).status_code == 403
    assert client.get(url).status_code == 200
    for action in ("advance", "convert", "close"):
        assert client.get(reverse(f"admin:crm_lead_{action}", args=[lead.pk])).status_code == 403


def test_a_new_lead_must_be_screened_before_it_becomes_a_project(as_user, specialist, chain):
    lead = make_lead(owner=specialist, chain=chain)
    url = reverse("admin:crm_lead_convert", args=[lead.pk])
    assert as_user(specialist).get(url).status_code == 403


def test_who_handles_an_agreement_cannot_recognise_it(as_user, office, chain):
    agreement = make_agreement(handled_by=office)
    url = reverse("admin:projects_agreement_recognise", args=[agreement.pk])
    response = as_user(office).post(url, {"on": today().isoformat()})
    assert (response.status_code, "您是这份协议或其项目的经办人" in response.text) == (403, True)
    assert not Agreement.objects.get().is_recognised


def test_a_specialist_cannot_recognise(as_user, specialist, chain):
    agreement = make_agreement(project=make_project(handler=specialist))
    url = reverse("admin:projects_agreement_recognise", args=[agreement.pk])
    assert as_user(specialist).post(url, {"on": today().isoformat()}).status_code == 403


def test_another_specialists_lead_is_not_there(as_user, specialist, other_specialist, chain):
    lead = make_lead(owner=other_specialist, chain=chain)
    client = as_user(specialist)
    assert lead.title not in client.get(reverse("admin:crm_lead_changelist")).text
    assert client.get(reverse("admin:crm_lead_advance", args=[lead.pk])).status_code == 404


def test_the_pool_of_the_own_chain_can_be_claimed(as_user, specialist, chain):
    lead = make_lead(chain=chain)
    client = as_user(specialist)
    assert lead.title in client.get(reverse("admin:crm_lead_changelist") + "?whose=pool").text
    step(client, lead, "claim")
    lead.refresh_from_db()
    assert lead.owner == specialist
    change = lead.owner_changes.get()
    assert (change.from_owner, change.to_owner, change.by) == (None, specialist, specialist)


def test_a_recognised_agreement_is_read_only_until_withdrawn(as_user, office):
    agreement = make_counted(Decimal(1000))
    url = reverse("admin:projects_agreement_change", args=[agreement.pk])
    client = as_user(office)
    assert client.post(url, {"amount_wan": "1"}).status_code == 403
    step(client, agreement, "withdraw", reason="金额有误")
    agreement.refresh_from_db()
    assert not agreement.is_recognised
    assert agreement.changes.get().reason == "金额有误"


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(1990, 1, 1), "请检查年份"),
        (date(2025, 2, 28), "2025-03-01"),
        (None, "不能晚于今天"),
        (date(2025, 3, 1), ""),
    ],
)
def test_a_stage_is_not_dated_before_the_last_one_nor_in_the_future(specialist, day, words):
    lead = make_lead(owner=specialist)
    make_screening(lead=lead)
    lead.advance(by=specialist, on=date(2025, 3, 1))
    # Not among the parameters: those are made long before a test that midnight may come before.
    day = day or today() + timedelta(days=1)
    if not words:
        lead.advance(by=specialist, on=day)
        return
    with pytest.raises(ValidationError) as refusal:
        lead.advance(by=specialist, on=day)
    assert words in str(refusal.value.message_dict["on"])
    lead.refresh_from_db()
    assert lead.stage_changes.count() == 1


def test_a_signature_before_the_project_was_entered_counts_from_its_own_day(specialist, office):
    project = make_project()
    project.set_status("SUSPENDED", by=office, reason="x", on=date(2025, 5, 1))
    project.set_status("ACTIVE", by=office, reason="y", on=date(2025, 5, 2))
    agreement = make_agreement(project=project, signed_on=date(2025, 3, 1))
    agreement.recognise(by=office)
    project.refresh_from_db()
    assert (project.stage, agreement.signed_on) == ("SIGNED", date(2025, 3, 1))
    assert project.stage_changes.get(to_stage="SIGNED", from_stage="RESERVED").on == date(
        2025, 5, 2
    )
