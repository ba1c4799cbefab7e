"""What is typed outlives the session, the token of the form, and whoever sits down next."""

import json

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Page, expect

from crm.models import Enterprise, Lead
from tests import factories
from tests.browser.test_core_flow import PASSWORD, PHONE, choose, log_in

pytestmark = pytest.mark.django_db(transaction=True)
ADD = "/admin/crm/lead/add/"
OFFER = ".zone-draft"
DRAFTS = (
    "JSON.stringify(Object.entries(localStorage).filter(([at]) => at.startsWith('zone-draft:')))"
)


def drafts(page: Page) -> list:
    return json.loads(page.evaluate(DRAFTS))


@pytest.fixture
def person(page: Page):
    person = factories.make_specialist(factories.make_chain())
    page.set_viewport_size(PHONE)
    log_in(page, person)
    page.wait_for_url("**/my-day/")
    return person


def fill(page: Page):
    page.goto(ADD)
    page.fill("#id_enterprise_name", "示例储能材料有限公司")
    page.fill("#id_title", "年产一万吨储能材料")
    choose(page, "chain", "新能源")
    page.select_option("#id_source", "REFERRAL")
    page.fill("#id_planned_investment_wan", "5亿")
    page.fill("#id_contact_name", "王经理")
    page.fill("#id_contact_phone", "13800005678")


def test_a_session_that_ended_is_taken_up_in_a_panel_and_the_form_saves(page: Page, person):
    fill(page)
    Session.objects.all().delete()
    page.click("[name=_save]")
    panel = page.locator("dialog.zone-panel")
    expect(panel).to_contain_text("登录已结束")
    assert Lead.objects.count() == 0
    with page.context.expect_page() as opened:
        panel.get_by_role("link", name="登录").click()
    login = opened.value
    login.fill("#id_username", person.username)
    login.fill("#id_password", PASSWORD)
    with login.expect_event("close"):
        login.click("#login-form [type=submit]")
    expect(panel).to_have_count(0)
    expect(page.locator(OFFER)).to_contain_text("请再次保存")
    expect(page.locator("#id_title")).to_have_value("年产一万吨储能材料")
    page.click("[name=_save]")
    expect(page.locator(".zone-record")).to_contain_text("年产一万吨储能材料")
    lead = Lead.objects.get()
    assert (lead.contact.phone, lead.enterprise.name) == ("13800005678", "示例储能材料有限公司")
    assert drafts(page) == []


def test_a_draft_is_offered_again_without_numbers_and_goes_with_the_save(page: Page, person):
    fill(page)
    page.wait_for_timeout(600)
    kept = drafts(page)
    assert len(kept) == 1
    assert person.pk.hex in kept[0][0].replace("-", "")
    assert "13800005678" not in str(kept)
    page.evaluate("onbeforeunload = null")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/admin/crm/lead/")
    page.goto(ADD)
    offer = page.locator(OFFER)
    expect(offer).to_contain_text("的草稿")
    offer.get_by_role("button", name="恢复").click()
    expect(page.locator("#id_enterprise_name")).to_have_value("示例储能材料有限公司")
    expect(page.locator("#select2-id_chain-container")).to_contain_text("新能源")
    expect(page.locator("#id_source")).to_have_value("REFERRAL")
    expect(page.locator(".zone-other-unit").first).to_have_text("= 5.00 亿元")
    expect(page.locator("#id_contact_phone")).to_have_value("")
    page.click("[name=_save]")
    expect(page.locator(".zone-record")).to_contain_text("年产一万吨储能材料")
    assert drafts(page) == []
    page.goto(ADD)
    expect(page.locator("#id_title")).to_have_value("")
    expect(page.locator(OFFER)).to_have_count(0)


def test_without_its_token_the_form_saves_all_the_same(page: Page, person):
    fill(page)
    page.context.clear_cookies(name="csrftoken")
    page.click("[name=_save]")
    expect(page.locator(".zone-record")).to_contain_text("年产一万吨储能材料")
    assert Lead.objects.count() == 1


def test_the_page_that_has_expired_leads_back_to_the_draft(page: Page, person, problems):
    """Where the script could not ask, as when the token is lost between two answers."""
    fill(page)
    page.wait_for_timeout(600)
    page.evaluate(
        "const form = document.querySelector('#lead_form');"
        "form.elements.csrfmiddlewaretoken.value = 'x'; form.submit()"
    )
    expect(page.locator("h1")).to_have_text("页面已失效")
    problems.clear()  # the browser's console names the refusal
    page.get_by_role("button", name="返回表单").click()
    page.locator(OFFER).get_by_role("button", name="恢复").click()
    page.click("[name=_save]")
    expect(page.locator(".zone-record")).to_contain_text("年产一万吨储能材料")
    assert Lead.objects.count() == 1


def test_logging_out_clears_drafts_and_nobody_else_sees_them(page: Page, person):
    fill(page)
    page.wait_for_timeout(600)
    page.on("dialog", lambda dialog: dialog.accept())
    colleague = factories.make_specialist(factories.make_chain())
    log_in(page, colleague)
    page.goto(ADD)
    expect(page.locator(OFFER)).to_have_count(0)
    assert len(drafts(page)) == 1
    log_in(page, person)
    page.goto(ADD)
    expect(page.locator(OFFER)).to_contain_text("的草稿")
    page.evaluate("document.querySelector('#logout-form').requestSubmit()")
    page.wait_for_url("**/logout/")
    assert drafts(page) == []


def test_a_refused_form_keeps_its_draft_and_a_discarded_one_is_gone(page: Page, person):
    fill(page)
    page.fill("#id_planned_investment_wan", "没有数")
    page.click("[name=_save]")
    expect(page.locator(".errornote, .text-red-700, [role=alert]").first).to_be_visible()
    expect(page.locator(OFFER)).to_have_count(0)  # the form itself shows what was typed
    assert len(drafts(page)) == 1
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(ADD)
    page.locator(OFFER).get_by_role("button", name="丢弃").click()
    expect(page.locator(OFFER)).to_have_count(0)
    assert drafts(page) == []


def test_a_restored_row_of_an_inline_and_what_others_changed(page: Page, person):
    lead = factories.make_lead(owner=person, chain=factories.make_chain())
    address = reverse("admin:crm_enterprise_change", args=[lead.enterprise_id])
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(address)
    page.fill("#id_address", "乙路 2 号")
    page.locator(".add-row").first.click()
    page.fill("#id_contacts-0-title", "总经理")
    page.wait_for_timeout(600)
    Enterprise.objects.filter(pk=lead.enterprise_id).update(address="丙路 3 号")
    page.goto(address)
    page.locator(OFFER).get_by_role("button", name="恢复").click()
    expect(page.locator("#id_contacts-0-title")).to_have_value("总经理")
    expect(page.locator(OFFER)).to_contain_text("其他同事在此期间改动过：")
    expect(page.locator("#id_address")).to_have_value("乙路 2 号")


def test_a_state_page_keeps_its_draft_too(page: Page, person):
    lead = factories.make_lead(owner=person, chain=factories.make_chain())
    address = reverse("admin:crm_lead_release", args=[lead.pk])
    page.goto(address)
    page.fill("#id_reason", "投资人改在外省落地")
    Session.objects.all().delete()
    page.click(".zone-state-form [type=submit]")
    expect(page.locator("dialog.zone-panel")).to_contain_text("登录已结束")
    log_in(page, person)
    page.goto(address)
    page.locator(OFFER).get_by_role("button", name="恢复").click()
    page.click(".zone-state-form [type=submit]")
    page.wait_for_url(f"**/crm/lead/{lead.pk}/")
    lead.refresh_from_db()
    assert lead.owner is None
    assert drafts(page) == []
    assert Enterprise.objects.count() == 1
