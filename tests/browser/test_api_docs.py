"""The page of the interface works under the policy: nothing inline, nothing from elsewhere."""

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from zone.models import ApiClient

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PHONE = {"width": 390, "height": 844}
LEADS = "#operations-leads-leads_create"


@pytest.fixture
def docs(enter) -> Page:
    page = enter(factories.make_office())
    page.goto("/api/v1/docs/")
    expect(page.locator(".opblock").first).to_be_visible()
    return page


def open_creation(docs: Page):
    """Narrow the page to leads, as a reader does: what is far below is drawn when scrolled to."""
    docs.fill(".operation-filter-input", "leads")
    docs.click(f"{LEADS} .opblock-summary-control")


def test_an_operation_opens_with_its_example_and_its_refusals(docs: Page):
    open_creation(docs)
    expect(docs.locator(LEADS)).to_contain_text("正极材料生产基地")
    expect(docs.locator(LEADS)).to_contain_text("Idempotency-Key")
    expect(docs.locator(f"{LEADS} tr.response[data-code='422']")).to_be_visible()


def test_a_key_is_entered_and_a_call_tried_from_the_page(docs: Page):
    client = ApiClient(name="示例·OA", scopes=["leads:read"], whole_zone=True)
    client.save()
    docs.click(".auth-wrapper .authorize")
    docs.fill(".auth-container input", client.issue_key())
    docs.click(".auth-container .authorize")
    docs.click(".auth-container .btn-done")
    docs.click("#operations-about-me .opblock-summary-control")
    docs.click("#operations-about-me .try-out__btn")
    docs.click("#operations-about-me .execute")
    live = docs.locator("#operations-about-me .live-responses-table")
    expect(live).to_contain_text("leads:read")


def test_it_fits_a_phone(docs: Page):
    docs.set_viewport_size(PHONE)
    open_creation(docs)
    expect(docs.locator(f"{LEADS} .opblock-body")).to_be_visible()
    assert docs.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
