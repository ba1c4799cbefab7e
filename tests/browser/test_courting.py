"""While a lead is typed, the page tells who courts the investor already."""

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser.test_core_flow import PHONE, choose, log_in, sideways

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_form_tells_while_one_types_and_again_when_it_refuses(page: Page):
    chain = factories.make_chain()
    owner, other = (factories.make_specialist(chain) for _ in range(2))
    known = factories.make_enterprise(name="东岭（长治）汽车有限公司", chain=chain)
    factories.make_lead(enterprise=known, chain=chain, owner=owner)
    page.set_viewport_size(PHONE)
    log_in(page, other)
    page.goto("/admin/crm/lead/add/")
    lines = page.locator(".crm-courting")
    expect(lines).to_be_empty()
    page.fill("#id_enterprise_name", "东岭(长治)汽车股份有限公司")
    expect(lines).to_contain_text("名称相近：东岭（长治）汽车有限公司")
    expect(lines).to_contain_text("“新能源”产业链已在跟进该投资方")
    page.fill("#id_enterprise_name", "")
    expect(lines).to_be_empty()
    page.click(".field-enterprise .select2-selection")
    page.fill(".select2-search__field", "东岭(长治)")
    page.click(".select2-results__option:has-text('东岭（长治）汽车')")
    expect(lines).to_contain_text("“新能源”产业链已在跟进该投资方")
    page.fill("#id_title", "新项目")
    choose(page, "chain", "新能源")
    page.select_option("#id_source", "REFERRAL")
    page.fill("#id_planned_investment_wan", "5000")
    page.fill("#id_contact_name", "王经理")
    page.click("[name=_save]")
    expect(page.locator(".field-enterprise")).to_contain_text(
        "“新能源”产业链已在跟进该投资方；请咨询招商办，或在“撞单裁定”中提出主张"
    )
    expect(page.locator("#id_title")).to_have_value("新项目")
    assert sideways(page) <= 0
