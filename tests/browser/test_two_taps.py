"""Two taps on the button of a slow phone."""

import time

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Route, expect

from crm.models import Lead
from tests import factories
from tests.browser.test_core_flow import PHONE, log_in

pytestmark = pytest.mark.django_db(transaction=True)
SLOW = 0.7  # seconds on the way


def test_the_button_waits_for_the_answer(page: Page):
    chain = factories.make_chain()
    owner = factories.make_specialist(chain)
    lead = factories.make_lead(owner=owner, chain=chain, title="甲")
    page.set_viewport_size(PHONE)
    log_in(page, owner)
    address = reverse("admin:crm_lead_change", args=[lead.pk])
    page.goto(address)
    posts = []

    def slowly(route: Route):
        posts.append(route.request.post_data)
        time.sleep(SLOW)
        route.continue_()

    page.route(f"**{address}", slowly)
    page.fill("#id_title", "乙")
    button = page.locator("[name=_save]")
    button.evaluate("(button) => { button.click(); setTimeout(() => button.click(), 100); }")
    expect(page.locator(".zone-record")).to_contain_text("乙")
    assert len(posts) == 1
    assert Lead.objects.get().title == "乙"
    page.go_back()
    expect(button).to_be_enabled()
