"""On a phone: amounts echo what they come to, days are tapped in Chinese, saving stays in reach."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.factories import make_chain, make_lead, make_office, make_specialist
from tests.zone.test_quantities import AMOUNTS, COMMAS, UNREADABLE
from zone import units
from zone.calendar import today

PHONE = {"width": 390, "height": 844}
ADD = "/admin/crm/lead/add/"
TOO_SMALL = """() => [...document.querySelectorAll("input, select, textarea, .select2-selection")]
  .filter((each) => each.checkVisibility() && !["checkbox", "radio", "hidden"].includes(each.type))
  .map((each) => [each.id || each.className, each.getBoundingClientRect().height,
                  parseFloat(getComputedStyle(each).fontSize)])
  .filter(([, height, font]) => height < 44 || font < 16)"""
# What lies over the middle of an element: itself, or what hides it.
ON_TOP = """(each) => {
  const { left, top, width, height } = each.getBoundingClientRect();
  return each.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}"""

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def specialist():
    return make_specialist(make_chain())


@pytest.fixture
def phone(page: Page, enter, specialist) -> Page:
    page.set_viewport_size(PHONE)
    return enter(specialist)


def test_the_echo_reads_what_the_server_reads(phone: Page):
    phone.goto(ADD)
    echo, wrong = phone.locator(".field-planned_investment_wan .zone-other-unit"), {}
    for text in [*AMOUNTS, *COMMAS, *UNREADABLE]:
        phone.fill("#id_planned_investment_wan", text)
        if echo.text_content() != units.echo(text, "wan"):
            wrong[text] = echo.text_content()
    assert wrong == {}


def test_an_unusual_amount_is_asked_about_with_everything_typed_still_there(phone: Page):
    phone.goto(ADD)
    phone.fill("#id_title", "储能材料项目")
    phone.fill("#id_planned_investment_wan", "0.5")
    phone.click("[name=_save]")
    tick = phone.get_by_label("确定是 0.5 万元")
    expect(tick).to_be_visible()
    expect(phone.locator("#id_title")).to_have_value("储能材料项目")
    tick.check()
    phone.fill("#id_planned_investment_wan", "5000")
    expect(tick).to_be_hidden()


def test_the_unit_of_a_target_follows_its_measure(page: Page, enter):
    enter(make_office()).goto("/admin/zone/target/add/")
    echo = page.locator(".field-value .zone-other-unit")
    page.fill("#id_value", "239")
    page.select_option("#id_measure", "SIGNED_AMOUNT")
    expect(echo).to_have_text("= 239 万元")
    page.select_option("#id_measure", "SIGNED_PROJECTS")
    expect(echo).to_have_text("")


def test_a_tap_on_a_day_opens_a_calendar_in_chinese_that_fits_the_thumb(phone: Page):
    phone.goto(ADD)
    field = phone.locator("#id_next_follow_up_on")
    field.fill("2025-11-30")  # a day near the end of its month
    field.click()
    calendar = phone.locator(".zone-calendar")
    assert calendar.locator(".zone-calendar-days > span").all_text_contents() == [*"一二三四五六日"]
    expect(calendar.locator("strong")).to_have_text("2025年11月")
    boxes = [each.bounding_box() for each in calendar.locator("button").all()]
    assert min(min(box["width"], box["height"]) for box in boxes) >= 44
    whole = calendar.bounding_box()
    assert whole["x"] >= 0
    assert whole["x"] + whole["width"] <= PHONE["width"]

    calendar.locator("button").nth(1).click()  # the next month
    calendar.locator("[data-day='2025-12-01'].zone-calendar-day").click()
    expect(field).to_have_value("2025-12-01")
    expect(calendar).to_have_count(0)


def test_the_calendar_goes_by_the_keyboard_too(page: Page, enter, specialist):
    enter(specialist).goto(ADD)
    field = page.locator("#id_next_follow_up_on")
    field.fill("2025-03-31")
    field.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".zone-calendar strong")).to_have_text("2025年4月")
    page.keyboard.press("Enter")
    expect(field).to_have_value("2025-04-01")
    field.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(page.locator(".zone-calendar")).to_have_count(0)
    expect(field).to_have_value("2025-04-01")


def test_a_next_day_offers_days_to_come_and_a_past_one_today_and_yesterday(phone: Page):
    phone.goto("/admin/crm/followup/add/")
    row = phone.locator("#followup_form")
    words = {
        name: row.locator(f".field-{name} .zone-chip").all_text_contents()
        for name in ("happened_on", "next_on")
    }
    assert words == {
        "happened_on": ["今天", "昨天"],
        "next_on": ["明天", "3 天后", "下周一", "两周后"],
    }
    row.get_by_role("button", name="下周一").click()
    monday = today() + timedelta(days=7 - today().weekday())
    expect(row.locator("[name$=next_on]")).to_have_value(str(monday))


@pytest.mark.parametrize("page_of", ["add", "change", "advance", "list"])
def test_no_input_of_a_phone_is_small_or_zoomed_into(phone: Page, specialist, page_of):
    lead = make_lead(owner=specialist)
    places = {"add": "add/", "list": "", "advance": f"{lead.pk}/advance/"}
    phone.goto(f"/admin/crm/lead/{places.get(page_of, f'{lead.pk}/change/')}")
    assert phone.evaluate(TOO_SMALL) == []


def test_saving_stays_at_the_thumb_and_covers_no_field(phone: Page, specialist):
    lead = make_lead(owner=specialist)
    phone.goto(f"/admin/crm/lead/{lead.pk}/change/")
    save = phone.locator("[name=_save]")
    box = save.bounding_box()
    assert PHONE["height"] - 64 <= box["y"] + box["height"] <= PHONE["height"]
    assert save.evaluate(ON_TOP)
    for name in ("title", "expected_tax_wan", "needs", "next_follow_up_on"):
        field = phone.locator(f"#id_{name}")
        field.focus()
        assert field.evaluate(ON_TOP), name
    phone.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    assert phone.locator("[name=_addanother]").evaluate(ON_TOP)
    phone.locator("#id_title").fill("改名")
    save.click()
    expect(phone.locator(".zone-record")).to_contain_text("改名")


def test_a_change_of_state_is_made_at_the_thumb_too(phone: Page, specialist):
    lead = make_lead(owner=specialist)
    phone.set_viewport_size({"width": 390, "height": 480})
    phone.goto(f"/admin/crm/lead/{lead.pk}/advance/")
    button = phone.locator(".zone-state-form [type=submit]")
    box = button.bounding_box()
    assert box["y"] + box["height"] <= 480
    assert button.evaluate(ON_TOP)
