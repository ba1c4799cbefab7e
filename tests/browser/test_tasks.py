"""What a day's tasks cost on a phone (docs/tasks.md)."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from crm.models import FollowUp, Lead
from crm.models.follow_up_files import FollowUpFile
from tests import factories, files
from tests.browser.test_core_flow import PHONE, log_in, sideways
from tests.crm.test_pool import put
from zone.calendar import start_of, today
from zone.navigation import record_url

pytestmark = pytest.mark.django_db(transaction=True)
SHOWN = """[...document.querySelectorAll("#lead_form :is(input, select, textarea)")]
  .filter((field) => field.offsetParent && field.type !== "hidden" && !field.closest("details"))
  .map((field) => [field.name, field.value])"""


def test_a_lead_is_logged_on_one_page_of_eight_fields(page: Page):
    chain = factories.make_chain()
    owner, other = (factories.make_specialist(chain) for _ in range(2))
    courted = factories.make_enterprise(name="东岭（长治）汽车有限公司", chain=chain)
    factories.make_lead(enterprise=courted, chain=chain, owner=owner)
    free = factories.make_enterprise(name="东岭" + "储能材料" * 9 + "有限公司", chain=chain)
    factories.make_lead(owner=other, chain=chain, source="EXHIBITION")
    page.set_viewport_size(PHONE)
    log_in(page, other)
    page.goto("/admin/crm/lead/add/")
    fields = dict(page.evaluate(SHOWN))
    given = {name: value for name, value in fields.items() if value}
    next_on = str(today() + timedelta(days=3))
    proposed = {"chain": str(chain.pk), "source": "EXHIBITION", "next_follow_up_on": next_on}
    assert (len(fields), given) == (8, proposed)
    assert page.evaluate("document.documentElement.scrollHeight") <= PHONE["height"] * 1.5
    expect(page.locator("[name=_save]")).to_be_in_viewport()

    box, lines = page.get_by_role("combobox", name="企业"), page.locator(".crm-courting")
    box.fill("东岭(长治)汽车股份有限公司")
    expect(lines).to_contain_text("名称相近：东岭（长治）汽车有限公司")
    expect(lines).to_contain_text("“新能源”产业链已在跟进该投资方")
    box.fill("")
    box.press_sequentially("dongl")
    options = page.get_by_role("listbox", name="企业").get_by_role("option")
    expect(options).to_have_count(3)
    expect(options.first).to_contain_text("“新能源”产业链在跟进")
    expect(options.last).to_contain_text("新企业：dongl")
    box.press("ArrowDown")
    box.press("ArrowDown")
    assert box.get_attribute("aria-activedescendant") == options.nth(1).get_attribute("id")
    assert sideways(page) <= 0
    box.press("Enter")
    expect(options).to_have_count(0)
    expect(box).to_have_value(free.name)
    expect(lines).to_contain_text("已有企业")
    page.fill("#id_title", "新项目")
    page.fill("#id_planned_investment_wan", "1.2亿")
    page.fill("#id_contact_name", "王经理")
    page.fill("#id_contact_phone", "13800005678")
    page.click("[name=_save]")
    expect(page.locator(".zone-record")).to_contain_text("新项目")
    lead = Lead.objects.get(title="新项目")
    assert (lead.enterprise, lead.owner) == (free, other)


def test_photos_go_with_a_follow_up_in_the_same_save(page: Page, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "uploads"
    chain = factories.make_chain()
    owner = factories.make_specialist(chain)
    lead = factories.make_lead(owner=owner, chain=chain)
    for name, content in (("现场.jpg", files.jpeg()), ("表.xlsm", b"PK\3\4")):
        (tmp_path / name).write_bytes(content)
    page.set_viewport_size(PHONE)
    log_in(page, owner)
    page.goto(record_url(Lead, lead.pk))
    page.get_by_role("link", name="写跟进").click()
    sheet = page.get_by_role("dialog", name="写跟进")
    sheet.locator("textarea").fill("看了两处厂房")
    sheet.get_by_label("照片或文件").set_input_files([tmp_path / "现场.jpg", tmp_path / "表.xlsm"])
    sheet.get_by_role("button", name="保存").click()
    expect(page.locator(".zone-field-files")).to_contain_text("“表.xlsm”的格式可带宏")
    expect(page.locator("[name=summary]")).to_have_value("看了两处厂房")
    page.locator("[name=files]").set_input_files([tmp_path / "现场.jpg"])
    page.click(".zone-state-form [type=submit]:has-text('写跟进')")
    line = page.locator(".zone-events li", has_text="看了两处厂房")
    expect(line.get_by_role("link", name="现场.jpg")).to_be_visible()
    assert (FollowUp.objects.count(), FollowUpFile.objects.get().name) == (1, "现场.jpg")
    with page.expect_download() as got:
        line.get_by_role("link", name="现场.jpg").click()
    assert got.value.suggested_filename == "现场.jpg"


def test_who_is_behind_is_one_click_and_the_menu_says_what_waits(page: Page):
    chain = factories.make_chain()
    leader, owner = factories.make_user("chain_leader", chain), factories.make_specialist(chain)
    lead = factories.make_lead(owner=owner, chain=chain)
    late = today() - timedelta(days=9)
    put(lead, registered_at=start_of(late), next_follow_up_on=late)
    page.set_viewport_size({"width": 1440, "height": 900})
    log_in(page, leader)
    page.goto("/admin/my-day/")
    due = page.locator("#nav-sidebar-apps a", has_text="待跟进")
    expect(due.locator("b")).to_have_text("1")
    page.set_viewport_size(PHONE)
    page.get_by_role("link", name=owner.display_name).click()
    expect(page.locator("#result_list")).to_contain_text(lead.title)
