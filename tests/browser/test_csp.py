"""Everything the skin does still works where nothing is evaluated and nothing is inline."""

import re

import pytest
from playwright.sync_api import Page, expect

from crm.models import Enterprise, Lead
from tests import factories
from zone.calendar import today

PASSWORD = "a-long-test-password"
PHONE = {"width": 390, "height": 844}
DARK = re.compile(r"\bdark\b")
LIGHT = re.compile(r"\blight\b")
COLLAPSE = "[x-on\\:click='sidebarDesktopOpen = !sidebarDesktopOpen']"
MENU = "#header-inner [x-on\\:click='sidebarMobileOpen = !sidebarMobileOpen']"
PERSON = "#nav-sidebar [x-on\\:click='openUserLinks = !openUserLinks']"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def root(enter) -> Page:
    """The tab of somebody who may do everything."""
    return enter(factories.make_user(is_superuser=True))


def choose(page: Page, field: str, text: str) -> None:
    page.click(f"{field} .select2-selection")
    page.fill(".select2-search__field", text)
    page.click(f".select2-results__option:has-text('{text}')")


def pick_today(page: Page, field: str) -> None:
    page.click(f"{field} input.vDateField")
    page.click(".zone-calendar-day.is-today")


def test_logging_in(page: Page):
    user = factories.make_office()
    user.set_password(PASSWORD)
    user.save()
    page.goto("/admin/login/")
    page.click("[x-on\\:click='openTheme = !openTheme']")
    page.click("[x-on\\:click=\"adminTheme = 'dark'\"]")
    expect(page.locator("html")).to_have_class(DARK)
    page.fill("#id_username", user.username)
    page.fill("#id_password", PASSWORD)
    page.click("#login-form [type=submit]")
    expect(page.locator("#nav-sidebar")).to_be_visible()
    expect(page.locator("html")).to_have_class(DARK)


def test_the_sidebar_collapses_and_stays_so(root: Page):
    root.goto("/admin/crm/lead/")
    sidebar = root.locator("#nav-sidebar")
    expect(sidebar).to_be_visible()
    root.click(COLLAPSE)
    expect(sidebar).to_be_hidden()
    root.reload()
    expect(root.locator("#result_list, #changelist")).to_have_count(1)
    expect(sidebar).to_be_hidden()
    root.click(COLLAPSE)
    expect(sidebar).to_be_visible()
    root.reload()
    expect(sidebar).to_be_visible()


def test_on_a_phone_the_menu_opens_with_a_tap(root: Page):
    root.set_viewport_size(PHONE)
    root.goto("/admin/crm/lead/")
    sidebar = root.locator("#nav-sidebar")
    expect(sidebar).to_be_hidden()
    root.click(MENU)
    expect(sidebar).to_be_visible()
    sidebar.locator("a[href='/admin/crm/enterprise/']").click()
    expect(root).to_have_url(re.compile("/admin/crm/enterprise/"))


def test_on_a_phone_each_line_of_a_card_is_called_as_its_column(root: Page):
    factories.make_lead(title="甲线索")
    root.set_viewport_size(PHONE)
    root.goto("/admin/crm/lead/")
    called = "(cell) => getComputedStyle(cell, '::before').content"
    row = root.locator("#result_list .data-row")
    expect(row).to_be_visible()
    shown = [row.locator(f".field-{n}").evaluate(called) for n in ("enterprise", "display_owner")]
    assert shown == ['"企业"', '"负责人"']
    expect(row.get_by_role("checkbox", name="选择此记录 甲线索")).to_be_visible()


def test_the_theme_is_remembered_and_the_system_can_decide(root: Page):
    html = root.locator("html")
    root.emulate_media(color_scheme="light")
    root.goto("/admin/progress/")
    for theme, shown in (("dark", DARK), ("light", LIGHT), ("auto", re.compile("^$"))):
        root.click(PERSON)
        root.click(f"#nav-sidebar [x-on\\:click=\"switchTheme('{theme}')\"]")
        expect(html).to_have_class(shown)
        root.reload()
        expect(html).to_have_class(shown)
    root.emulate_media(color_scheme="dark")
    root.reload()
    expect(html).to_have_class(DARK)


def test_the_menu_of_the_person_switches_the_language(root: Page):
    root.goto("/admin/crm/lead/")
    english = root.locator("#nav-sidebar").get_by_role("button", name="English")
    expect(english).to_be_hidden()
    root.click(PERSON)
    english.click()
    expect(root.locator("html")).to_have_attribute("lang", "en")
    root.click(PERSON)
    root.locator("#nav-sidebar").get_by_role("button", name="简体中文").click()
    expect(root.locator("html")).to_have_attribute("lang", "zh-hans")


def test_filters_open_narrow_the_list_and_close(root: Page):
    factories.make_lead(title="甲线索")
    factories.make_lead(title="乙线索", source="EXHIBITION")
    root.goto("/admin/crm/lead/")
    panel = root.locator("#changelist-filter")
    expect(panel).to_be_hidden()
    root.click("[x-on\\:click='filterOpen = true']")
    expect(panel).to_be_visible()
    root.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    root.click("[x-on\\:click='filterOpen = true']")
    panel.locator("a[href*='source__exact=EXHIBITION']").click()
    expect(root.locator("#result_list")).to_contain_text("乙线索")
    expect(root.locator("#result_list")).not_to_contain_text("甲线索")


def test_a_slash_leads_to_the_search(root: Page):
    factories.make_lead(title="甲线索")
    factories.make_lead(title="乙线索")
    root.goto("/admin/crm/lead/")
    root.keyboard.press("/")
    expect(root.locator("#searchbar")).to_be_focused()
    root.keyboard.type("乙")
    root.keyboard.press("Enter")
    expect(root.locator("#result_list")).to_contain_text("乙线索")
    expect(root.locator("#result_list")).not_to_contain_text("甲线索")


def test_the_second_page_of_a_list_opens(root: Page):
    for _ in range(51):
        factories.make_enterprise()
    root.goto("/admin/crm/enterprise/")
    root.click("a[href='?p=2']")
    expect(root).to_have_url(re.compile(r"\?p=2$"))
    expect(root.locator("#result_list .action-select")).to_have_count(1)


def test_rows_are_chosen_and_an_action_runs(root: Page):
    for _ in range(2):
        factories.make_enterprise()
    root.goto("/admin/crm/enterprise/")
    run = root.locator("#changelist-actions [name=index]")
    expect(run).to_be_hidden()
    root.click("#action-toggle")
    expect(root.locator("#changelist-actions .action-counter")).to_contain_text("2")
    bar, rows = (
        root.locator(part).bounding_box() for part in ("#changelist-actions", "#changelist-form")
    )
    assert abs(bar["width"] - rows["width"]) < 20
    root.select_option("#changelist-actions [name=action]", "delete_selected")
    run.click()
    root.click("#content [type=submit]")
    expect(root.locator("#main")).to_contain_text("已删除 2 条")
    assert Enterprise.objects.count() == 0


def test_rows_of_an_inline_come_and_go(root: Page):
    people = [factories.make_user(display_name=f"经办{n}") for n in "甲乙丙"]
    project = factories.make_project()
    root.goto(f"/admin/projects/project/{project.pk}/change/")
    for n, person in enumerate(people):
        root.click("#credits-group .add-row")
        choose(root, f".form-group:has([name=credits-{n}-specialist])", person.display_name)
        root.fill(f"[name=credits-{n}-share]", str(10 * (n + 1)))
    root.click(".form-group:has([name=credits-0-specialist]) .delete-template")
    expect(root.locator("[name=credits-TOTAL_FORMS]")).to_have_value("2")
    expect(root.locator("[name=credits-0-share]")).to_have_value("20")
    menu = root.locator("#related-widget-wrapper-credits-0-specialist")
    expect(menu).to_be_hidden()
    root.click(".form-group:has([name=credits-0-share]) .related-widget-wrapper [x-ref]")
    expect(menu).to_be_visible()
    root.keyboard.press("Escape")
    root.click("[name=_continue]")
    expect(root.locator("[name=credits-INITIAL_FORMS]")).to_have_value("2")
    assert sorted(project.credits.values_list("specialist__display_name", "share")) == [
        ("经办丙", 30),
        ("经办乙", 20),
    ]


def test_dates_are_picked_in_a_form_and_in_a_new_row(root: Page):
    root.goto("/admin/crm/trip/add/")
    for n in range(2):
        root.click("#meetings-group .add-row")
        pick_today(root, f".form-group:has([name=meetings-{n}-met_on]) .field-met_on")
        expect(root.locator(f"[name=meetings-{n}-met_on]")).to_have_value(today().isoformat())
    lead = factories.make_lead()
    root.on("dialog", lambda dialog: dialog.accept())
    root.goto(f"/admin/crm/lead/{lead.pk}/change/")
    root.fill("#id_next_follow_up_on", "")
    pick_today(root, ".field-next_follow_up_on")
    expect(root.locator("#id_next_follow_up_on")).to_have_value(today().isoformat())


def test_a_related_row_is_added_in_a_window_of_its_own(root: Page):
    factories.make_chain()
    root.goto("/admin/crm/contact/add/")
    root.click(".field-enterprise [x-on\\:click*='openRelatedWidgetWrapper = ']")
    with root.expect_popup() as opened:
        root.click("#add_id_enterprise")
    opened.value.fill("#id_name", "示例新企业有限公司")
    opened.value.click("[name=_save]")
    expect(root.locator(".field-enterprise .select2-selection")).to_contain_text("示例新企业")


def test_leaving_a_changed_form_is_asked_back(root: Page):
    lead = factories.make_lead()
    root.goto(f"/admin/crm/lead/{lead.pk}/change/")
    asked = []
    root.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    root.goto("/admin/crm/lead/")
    assert asked == []
    root.goto(f"/admin/crm/lead/{lead.pk}/change/")
    root.locator("#id_title").press_sequentially("改")
    root.goto("/admin/crm/lead/")
    assert asked == ["beforeunload"]


def test_a_form_comes_back_to_where_it_was_sent_from(root: Page):
    lead = factories.make_lead()
    change = f"/admin/crm/lead/{lead.pk}/change/?_changelist_filters=whose%3Dpool"
    root.goto(change)
    assert root.get_attribute("#lead_form", "action") == change


def test_a_state_change_is_a_page_whose_form_works(root: Page):
    lead = factories.make_lead(owner=factories.make_specialist())
    factories.make_screening(lead=lead)
    root.goto(f"/admin/crm/lead/{lead.pk}/change/")
    root.click(".zone-state-bar a:has-text('推进')")
    root.click(".zone-state-form [type=submit]")
    expect(root).to_have_url(re.compile(f"/admin/crm/lead/{lead.pk}/$"))
    assert Lead.objects.get().stage == Lead.Stage.SCREENED


def test_the_search_finds_a_row(root: Page):
    lead = factories.make_lead(title="储能材料")
    root.goto("/admin/crm/lead/")
    dialog, field = root.locator("#zone-search"), root.locator("#zone-search input")
    expect(root.locator("html[x-cloak]")).to_have_count(0)  # until then no script listens
    expect(field).to_be_hidden()
    root.keyboard.press("Control+k")
    expect(field).to_be_focused()
    root.keyboard.press("Escape")
    expect(field).to_be_hidden()
    root.keyboard.press("Control+k")
    expect(field).to_be_focused()
    root.keyboard.type("储能")
    dialog.locator("[role=option]", has_text="储能材料").first.click()
    expect(root).to_have_url(re.compile(f"/admin/crm/lead/{lead.pk}/$"))
