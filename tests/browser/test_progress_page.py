"""The progress page as people see it: at a desk, on a phone, in the dark, on paper."""

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from playwright.sync_api import Page

from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "/admin/progress/?year=2025&on=2025-03-31"

LONG_NAME = "示例超长名称新能源动力电池正极材料前驱体及高端装备一体化智能制造基地二期项目"
TEXTS = ".zp p, .zp td, .zp th, .zp a, .zp small, .zp summary, .zp h2, .zp span, .zp dt, .zp dd"
# Mixes each text's colour and what is behind it, and returns those that are hard to read.
CONTRAST = """(selector) => {
  const context = Object.assign(document.createElement("canvas"), {width: 1, height: 1})
    .getContext("2d", {willReadFrequently: true});
  const rgb = (colours) => {
    context.clearRect(0, 0, 1, 1);
    for (const colour of colours) { context.fillStyle = colour; context.fillRect(0, 0, 1, 1); }
    return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  };
  const light = (colours) => rgb(colours).map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => element
    ? [...behind(element.parentElement), getComputedStyle(element).backgroundColor] : ["white"];
  return [...document.querySelectorAll(selector)].filter((element) =>
    element.checkVisibility() &&
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
  ).map((element) => {
    const back = behind(element), ink = getComputedStyle(element).color;
    const pair = [light(back), light([...back, ink])].sort((a, b) => b - a);
    return [element.textContent.trim().slice(0, 20), (pair[0] + 0.05) / (pair[1] + 0.05)];
  }).filter(([text, ratio]) => ratio < 4.5).map(([text, ratio]) => text + " " + ratio.toFixed(2));
}"""
OUTSIDE = """() => [...document.querySelectorAll(".zp *")].filter((element) => {
  const box = element.getBoundingClientRect();
  const isOut = box.right > innerWidth + 0.5 || box.left < -0.5;
  return element.checkVisibility() && box.width && isOut;
}).map((element) => element.outerHTML.slice(0, 80))"""
TOO_SMALL = """() => [...document.querySelectorAll(
  ".zp a, .zp button, .zp select, .zp input, .zp summary")].filter((element) =>
    element.checkVisibility() && element.getBoundingClientRect().height < 43.5
).map((element) => element.outerHTML.slice(0, 80))"""


@pytest.fixture
def progress_page(page: Page, live_server) -> Page:
    """The page with all lights, long names and every card filled, for somebody of the office."""
    office = factories.make_office()
    factories.make_target("SIGNED_AMOUNT", 2_390_000)
    factories.make_target("SIGNED_PROJECTS", 4)
    factories.make_target("PLATFORM_TENANTS", 80)
    for number, code in enumerate(("new-energy", "electronics", "equipment", "biomedicine")):
        chain = factories.make_chain(code)
        factories.make_target("SIGNED_AMOUNT", 500_000, chain=chain)
        project = factories.make_project(name=LONG_NAME, chain=chain, handler=office)
        amount = (900_000, 100_000, 40_000)[number] if number < 3 else 1
        factories.make_counted(amount, project=project, signed_on=date(2025, number % 3 + 1, 9))
        specialist = factories.make_specialist(chain)
        factories.make_credit(project=project, specialist=specialist, share=Decimal(100))
    factories.make_project(name=LONG_NAME, planned_start_on=date(2024, 6, 1), handler=office)
    factories.make_agreement(kind="FORMAL", signed_on=date(2025, 2, 1))
    factories.make_occupancy(space=factories.make_space(park=factories.make_park(kind="PLATFORM")))
    factories.make_lead(owner=office)
    client = Client()
    client.force_login(office)
    session = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    return page


def show(page: Page, width: int, scheme: str = "light") -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(ADDRESS)
    page.wait_for_selector(".zp-chart:visible")


@pytest.mark.parametrize(
    "width", [390, 1440, *(pytest.param(w, marks=pytest.mark.slow) for w in (320, 768, 1024))]
)
def test_nothing_scrolls_sideways(progress_page: Page, width: int):
    show(progress_page, width)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert progress_page.evaluate(wide) <= 0
    assert progress_page.evaluate(OUTSIDE) == []


def test_on_a_phone_a_finger_hits_everything_and_tables_are_cards(progress_page: Page):
    show(progress_page, 390)
    assert progress_page.evaluate(TOO_SMALL) == []
    assert progress_page.locator(".zp-narrow .zp-chart").is_visible()
    assert not progress_page.locator(".zp-wide .zp-chart").is_visible()
    box = progress_page.locator("tr[data-chain]").first.bounding_box()
    assert box["height"] > 100
    assert progress_page.locator(".zp-lights-head a").first.bounding_box()["width"] > 150


@pytest.mark.slow
def test_the_chart_of_a_phone_has_texts_of_twelve_pixels(progress_page: Page):
    show(progress_page, 390)
    heights = progress_page.eval_on_selector_all(
        ".zp-narrow .zp-chart",
        """(charts) => charts.map((chart) => chart.getBoundingClientRect().width
        / chart.viewBox.baseVal.width * parseFloat(
          getComputedStyle(chart.querySelector("text")).fontSize))""",
    )
    assert min(heights) >= 12


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_every_text_can_be_read(progress_page: Page, scheme: str, width: int):
    show(progress_page, width, scheme)
    dark = progress_page.evaluate("document.documentElement.classList.contains('dark')")
    assert dark == (scheme == "dark")
    assert progress_page.evaluate(CONTRAST, TEXTS) == []


@pytest.mark.slow
def test_each_light_has_shape_and_word(progress_page: Page):
    show(progress_page, 1440)
    lights = progress_page.locator("[data-chain] .zp-light").all_inner_texts()
    assert [text.strip()[0] for text in lights] == ["●", "◆", "▲", "▲"]
    assert all(len(text.strip()) > 3 for text in lights)


@pytest.mark.slow
def test_the_form_leads_to_the_chosen_day_without_a_script(progress_page: Page):
    show(progress_page, 1440)
    progress_page.fill(".zp-choosers [name=on]", "2025-02-28")
    progress_page.select_option(".zp-choosers [name=chain]", "electronics")
    progress_page.click(".zp-button")
    assert progress_page.url.endswith("?year=2025&on=2025-02-28&chain=electronics")
    pace = progress_page.locator("[data-figure='signed_amount.time_progress']").first
    assert pace.get_attribute("data-value") == "16.67"


@pytest.mark.slow
def test_paper_shows_the_tables_behind_the_charts(progress_page: Page):
    show(progress_page, 1440)
    progress_page.emulate_media(media="print")
    progress_page.set_viewport_size({"width": 720, "height": 1000})
    assert progress_page.locator(".zp-behind td").first.is_visible()
    assert progress_page.locator(".zp-table thead").first.bounding_box()["height"] > 10
    assert not progress_page.locator("#nav-sidebar").is_visible()
    assert not progress_page.locator(".zp-choosers").is_visible()
    assert progress_page.evaluate(OUTSIDE) == []
