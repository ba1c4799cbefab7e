"""Search everything: by Ctrl-K on a desk, as a page on a phone."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser.test_core_flow import PHONE, log_in, sideways

pytestmark = pytest.mark.django_db(transaction=True)
DESK = {"width": 1440, "height": 900}
LONG = "长治市潞州区锂电材料与储能系统集成创新产业化示范基地建设项目" * 3


@pytest.fixture
def specialist():
    chain = factories.make_chain()
    specialist = factories.make_specialist(chain)
    for n in range(7):
        factories.make_lead(title=f"锂电材料{n}", chain=chain, owner=specialist)
    factories.make_lead(title=LONG[:100], chain=chain, owner=specialist)
    return specialist


def test_ctrl_k_opens_a_dialog_that_finds_while_one_types_and_walks_by_keys(page: Page, specialist):
    page.set_viewport_size(DESK)
    log_in(page, specialist)
    page.goto("/admin/account/")
    dialog, box = page.locator("#zone-search"), page.locator("#zone-search input")
    expect(dialog).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(box).to_be_focused()
    page.keyboard.type("ldcl")
    options = dialog.locator("[role=option]")
    expect(options).to_have_count(6)
    expect(options.first.locator("mark")).to_have_text("锂电材料")
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    chosen = dialog.locator("[aria-selected=true]")
    expect(chosen).to_have_count(1)
    assert box.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(dialog.locator("[aria-selected=true]")).to_have_text("查看全部 8 条 →")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/admin/crm/lead/\?q=ldcl$"))
    expect(page.locator("#result_list tbody tr")).to_have_count(8)


def test_escape_closes_the_dialog_and_the_next_search_ends_the_last(page: Page, specialist):
    page.set_viewport_size(DESK)
    log_in(page, specialist)
    page.goto("/admin/account/")
    page.click("[data-search-open]")
    page.keyboard.type("没有这样")
    dialog = page.locator("#zone-search")
    expect(dialog).to_contain_text("没有找到“没有这样”")
    page.keyboard.press("Control+a")
    page.keyboard.type("锂电材料3")
    expect(dialog.locator("[role=option]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_on_a_phone_the_icon_opens_a_page_with_a_large_box(page: Page, specialist):
    page.set_viewport_size(PHONE)
    log_in(page, specialist)
    page.goto("/admin/account/")
    page.click("[data-search-open]")
    expect(page).to_have_url(re.compile("/admin/search/$"))
    box = page.locator(".zone-search-page input")
    assert box.evaluate("box => getComputedStyle(box).fontSize") == "16px"
    box.fill("锂电")
    expect(page.locator(".zone-search-page [role=option]")).to_have_count(6)
    assert sideways(page) <= 0
    for option in page.locator(".zone-search-page [role=option]").all():
        assert option.bounding_box()["height"] >= 44
    page.click(".zone-search-page form [type=submit]")
    expect(page).to_have_url(re.compile(r"/admin/search/\?q="))
    expect(page.locator(".zone-search-page [role=option]")).to_have_count(6)
