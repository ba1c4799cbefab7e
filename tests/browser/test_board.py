"""A card is dragged on a desk, and moved by its dialog on a phone; what is refused goes back."""

import pytest
from playwright.sync_api import Page, expect

from crm.models import Lead
from tests import factories
from tests.browser.test_core_flow import PHONE, sideways

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_screening")]
DESK = {"width": 1440, "height": 900}


@pytest.fixture
def lead(specialist, chain):
    name = "长治高新区示例新能源材料科技发展集团股份有限公司长治分公司"
    enterprise = factories.make_enterprise(name=name)
    return factories.make_lead(
        title="年产十万吨磷酸铁锂正极材料一体化生产基地及配套项目",
        owner=specialist,
        chain=chain,
        enterprise=enterprise,
    )


def column(page: Page, stage: str):
    return page.locator(f".crm-column[data-stage={stage}]")


def drag(page: Page, to: str):
    page.locator(".crm-card").first.drag_to(column(page, to), target_position={"x": 60, "y": 120})


def stage_of(lead) -> str:
    return Lead.objects.get(pk=lead.pk).stage


def test_a_card_is_dragged_to_the_next_stage_and_the_sums_follow(page, enter, specialist, lead):
    page.set_viewport_size(DESK)
    enter(specialist).goto("/admin/board/")
    drag(page, "SCREENED")
    expect(column(page, "SCREENED").locator(".crm-card.is-new")).to_contain_text("磷酸铁锂")
    expect(column(page, "SCREENED").locator("[data-amount]")).to_have_text("1.00 亿元")
    expect(column(page, "NEW").locator("[data-count]")).to_have_text("0")
    assert (stage_of(lead), sideways(page) <= 0) == ("SCREENED", True)


def test_a_skip_asks_for_the_reason_and_is_not_made_without(page, enter, specialist, lead):
    page.set_viewport_size(DESK)
    enter(specialist).goto("/admin/board/")
    drag(page, "AGREEING")
    page.keyboard.press("Escape")
    expect(column(page, "NEW").locator(".crm-card")).to_have_count(1)
    assert stage_of(lead) == "NEW"
    drag(page, "AGREEING")
    page.fill("#move-reason", "投资方已带方案")
    page.click("#move [type=submit]")
    expect(column(page, "AGREEING").locator(".crm-card.is-new")).to_be_visible()
    assert lead.stage_changes.get().reason == "投资方已带方案"


def test_who_comes_too_late_sees_the_card_go_back_and_reads_why(
    page, enter, specialist, office, lead, problems
):
    page.set_viewport_size(DESK)
    enter(specialist).goto("/admin/board/")
    lead.advance(by=office)
    drag(page, "SCREENED")
    expect(page.locator(".crm-said")).to_contain_text("招商办 已将该线索移到“研判通过”")
    expect(page.locator(".crm-said a")).to_have_attribute("href", f"/admin/crm/lead/{lead.pk}/")
    expect(column(page, "NEW").locator(".crm-card")).to_have_count(1)
    assert "409" in problems.pop()


def test_a_phone_shows_one_stage_at_a_time_and_moves_by_the_dialog(page, enter, specialist, lead):
    page.set_viewport_size(PHONE)
    enter(specialist).goto("/admin/board/")
    expect(column(page, "SCREENED")).to_be_hidden()
    assert sideways(page) <= 0
    page.click(".crm-move")
    expect(page.locator("#move-to")).to_have_value("SCREENED")
    assert sideways(page) <= 0
    page.click("#move [type=submit]")
    expect(page.locator(".crm-stages [data-stage=SCREENED] b")).to_have_text("1")
    page.click(".crm-stages [data-stage=SCREENED]")
    expect(column(page, "SCREENED").locator(".crm-card")).to_be_visible()
    assert (stage_of(lead), sideways(page) <= 0) == ("SCREENED", True)


def test_the_keyboard_moves_a_card(page, enter, specialist, lead):
    page.set_viewport_size(DESK)
    enter(specialist).goto("/admin/board/")
    page.focus(".crm-move")
    page.keyboard.press("Enter")
    page.focus("#move [type=submit]")
    page.keyboard.press("Enter")
    expect(column(page, "SCREENED").locator(".crm-card.is-new")).to_be_visible()


def test_further_cards_come_when_they_are_asked_for(page, enter, office, chain):
    for n in range(25):
        factories.make_lead(title=f"线索{n}", chain=chain)
    page.set_viewport_size(DESK)
    enter(office).goto("/admin/board/")
    cards = column(page, "NEW").locator(".crm-card")
    expect(cards).to_have_count(20)
    page.click(".crm-more")
    expect(cards).to_have_count(25)
    expect(page.locator(".crm-more")).to_be_hidden()
