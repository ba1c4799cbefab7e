"""A record and the day's list on a phone: what it takes to act."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from crm.models import FollowUp
from tests import factories
from tests.browser.test_core_flow import PHONE, log_in
from zone.calendar import today
from zone.navigation import record_url

pytestmark = pytest.mark.django_db(transaction=True)
WIDTHS = (320, 390, 834, 1440)


@pytest.fixture
def lead(page: Page):
    chain = factories.make_chain()
    owner = factories.make_specialist(chain)
    lead = factories.make_lead(
        owner=owner, chain=chain, title="甲" * 100, next_follow_up_on=today() - timedelta(days=2)
    )
    page.set_viewport_size(PHONE)
    log_in(page, owner)
    return lead


def test_a_follow_up_takes_four_taps_and_two_fields_and_no_scrolling(page: Page, lead):
    page.goto(record_url(type(lead), lead.pk))
    page.get_by_role("link", name="写跟进").click()
    sheet = page.get_by_role("dialog", name="写跟进")
    expect(sheet.locator("textarea")).to_be_focused()
    sheet.locator("textarea").fill("约定下周来看厂房")
    sheet.get_by_label("下一步").fill("陪同看厂房")
    monday = sheet.locator("label", has_text="两周后")
    expect(monday).to_be_in_viewport()
    monday.click()
    sheet.get_by_role("button", name="保存").click()
    expect(page.locator(".zone-events")).to_contain_text("约定下周来看厂房")
    expect(page.locator(".zone-next")).to_contain_text("陪同看厂房")
    said = FollowUp.objects.get()
    assert (said.kind, said.next_on) == ("CALL", today() + timedelta(days=14))


def test_the_main_action_is_within_the_thumbs_reach_and_nothing_is_wider_than_the_screen(
    page: Page, lead
):
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        for address in (record_url(type(lead), lead.pk), "/admin/my-day/"):
            page.goto(address)
            assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        page.goto(record_url(type(lead), lead.pk))
        expect(page.get_by_role("link", name="写跟进")).to_be_in_viewport()


def test_a_line_of_the_day_is_acted_on_in_place_and_taken_back(page: Page, lead):
    page.goto("/admin/my-day/")
    line = page.locator("#overdue li")
    line.get_by_role("button", name="已联系").click()
    expect(line).to_contain_text("已记，下次")
    assert FollowUp.objects.count() == 1
    line.get_by_role("button", name="撤销").click()
    expect(line).to_contain_text("逾期 2 天")
    assert FollowUp.objects.count() == 0
    line.get_by_text("改期").click()
    line.get_by_role("button", name="明天").click()
    expect(line).to_contain_text("已记，下次")
    lead.refresh_from_db()
    assert lead.next_follow_up_on == today() + timedelta(days=1)
