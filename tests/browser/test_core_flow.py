"""A specialist logs a lead on a phone and brings it to a project; the office makes it count."""

import re

import pytest
from playwright.sync_api import Page, expect

from crm.models import Lead
from projects.models import Agreement
from tests import factories
from tests.factories import make_chain, make_enterprise, make_office, make_specialist, make_target

PASSWORD = "a-long-test-password"
PHONE = {"width": 390, "height": 844}

pytestmark = pytest.mark.django_db(transaction=True)


def log_in(page: Page, user):
    user.set_password(PASSWORD)
    user.save()
    page.context.clear_cookies()
    page.goto("/admin/login/")
    page.fill("#id_username", user.username)
    page.fill("#id_password", PASSWORD)
    page.click("#login-form [type=submit]")


def choose(page: Page, field: str, text: str):
    """Type into an autocomplete and take the first hit."""
    page.click(f".field-{field} .select2-selection")
    page.fill(".select2-search__field", text)
    page.click(f".select2-results__option:has-text('{text}')")


def sideways(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


def test_from_a_lead_to_a_counted_project(page: Page):
    chain = make_chain()
    make_target("SIGNED_AMOUNT", 2_390_000)
    make_enterprise(name="示例储能材料有限公司")
    specialist, office = make_specialist(chain), make_office()

    page.set_viewport_size(PHONE)
    log_in(page, specialist)
    expect(page).to_have_url(re.compile("/admin/my-day/"))
    page.goto("/admin/crm/lead/add/")
    page.get_by_role("combobox", name="企业").press_sequentially("示例储能")
    page.get_by_role("option", name="示例储能材料有限公司").click()
    page.fill("#id_title", "年产一万吨储能材料")
    choose(page, "chain", "新能源")
    page.select_option("#id_source", "REFERRAL")
    page.fill("#id_planned_investment_wan", "５０，０００")
    expect(page.locator(".zone-other-unit").first).to_have_text("= 5.00 亿元")
    page.fill("#id_contact_name", "王经理")
    assert sideways(page) <= 0
    page.click("[name=_save]")
    record = page.locator(".zone-record")
    expect(record).to_contain_text("年产一万吨储能材料")
    expect(record).to_contain_text("5.00 亿元")
    assert sideways(page) <= 0

    lead = Lead.objects.get()
    change = f"/admin/crm/lead/{lead.pk}/change/"
    factories.make_screening(lead=lead)
    page.goto(change)
    page.locator(".zone-state-bar").get_by_role("link", name="推进", exact=True).click()
    page.click(".zone-state-form [type=submit]")
    expect(page).to_have_url(re.compile(f"/admin/crm/lead/{lead.pk}/$"))
    page.get_by_role("link", name="转为项目", exact=True).first.click()
    expect(page.locator("[name=name]")).to_have_value("年产一万吨储能材料")
    page.click(".zone-state-form:has([name=name]) [type=submit]")
    expect(page).to_have_url(re.compile("/admin/projects/project/"))

    page.goto(change)
    expect(page.locator(".zone-state-bar")).to_contain_text("CZGX-")
    expect(page.locator("[name=_save]")).to_have_count(0)

    page.set_viewport_size({"width": 1280, "height": 900})
    log_in(page, office)
    page.goto(f"/admin/projects/agreement/add/?project={lead.project.pk}")
    page.select_option("#id_kind", "FORMAL")
    page.fill("#id_signed_on", "2025-03-20")
    page.fill("#id_amount_wan", "597500")
    page.click("[name=_continue]")
    expect(page.locator(".zone-state-bar")).to_contain_text("请由未经手的其他同事认定")
    agreement = page.url

    log_in(page, make_office())
    page.goto(agreement)
    page.locator(".zone-state-bar").get_by_role("link", name="认定", exact=True).click()
    page.click(".zone-state-form [type=submit]")
    expect(page.locator(".zone-record-title")).to_contain_text("已认定")
    assert Agreement.objects.get().is_recognised

    page.goto("/admin/progress/?year=2025&on=2025-03-31")
    figures = {
        name: page.locator(f"[data-figure='signed_amount.{name}']").first.get_attribute(
            "data-value"
        )
        for name in ("target", "actual", "pending", "completion", "time_progress", "gap", "light")
    }
    assert figures == {
        "target": "2390000",
        "actual": "597500",
        "pending": "0",
        "completion": "25.00",
        "time_progress": "25.00",
        "gap": "0.00",
        "light": "green",
    }
