"""Nothing is wider than the screen, whatever the width and however long the names."""

import pytest
from django.db import Error, models, transaction
from django.urls import reverse

from crm.models import Enterprise, FollowUp, Lead
from projects.models import Project
from tests import factories
from tests.browser.test_csp_walk import look_at
from tests.test_admin_pages import OURS, fill
from zone.models import Appointment
from zone.models.notices import Notice

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
WIDTHS = (320, 390, 720, 834, 1024, 1440)
ROWS = 10
LONG = 200  # characters; what is longer wraps as this does
# What stands beyond the screen with nothing around it that hides it, and what scrolls sideways.
BEYOND = """async () => {
  for (const _ of "12") await new Promise(requestAnimationFrame);
  const found = new Set();
  const name = (each) =>
    `${each.tagName.toLowerCase()}.${[...each.classList].slice(0, 3).join(".")}#${each.id}`;
  const overflow = (each) => getComputedStyle(each).overflowX;
  const wide = document.scrollingElement.scrollWidth;
  if (wide > innerWidth) found.add(`page ${wide}`);
  for (const each of document.body.querySelectorAll("*")) {
    if (!each.checkVisibility({ visibilityProperty: true }) || each.closest("svg")) continue;
    if (["auto", "scroll"].includes(overflow(each)) && each.scrollWidth > each.clientWidth + 1) {
      found.add(`scrolls ${name(each)} ${each.scrollWidth} > ${each.clientWidth}`);
    }
    const { right, width } = each.getBoundingClientRect();
    if (width < 2 || right <= innerWidth + 1) continue;
    let above = each.parentElement;
    while (above && overflow(above) === "visible") above = above.parentElement;
    if ([null, document.body, document.documentElement].includes(above)) {
      found.add(`beyond ${name(each)}`);
    }
  }
  return [...found].slice(0, 6);
}"""
# Rows of a table, not cards, that stand wholly on the first screen.
SHOWN = """() => [...document.querySelectorAll("#result_list tr.data-row")]
  .filter((row) => getComputedStyle(row).display === "table-row")
  .filter((row) => row.getBoundingClientRect().bottom <= innerHeight).length"""


def lengthen():
    """Give every text that people write its longest, in one piece."""
    for model in OURS:
        for field in model._meta.concrete_fields:
            is_text = isinstance(field, (models.CharField, models.TextField)) and field.editable
            is_free = not (field.choices or field.unique or field.name == "password")
            if not (is_text and is_free):
                continue
            text = "W" * min(field.max_length or LONG, LONG)
            try:
                with transaction.atomic():
                    model._base_manager.update(**{field.name: text})
            except Error:
                continue  # a code, or written once
    for number, enterprise in enumerate(Enterprise.objects.all()):
        name = f"{number:02d}" + "W" * 98
        Enterprise.objects.filter(pk=enterprise.pk).update(name=name)


def pages(root) -> list[str]:
    lead, project = Lead.objects.first(), Project.objects.first()
    post = Appointment.objects.filter(role="SPECIALIST").first()
    factories.make_lead(owner=post.user, chain=post.chain, title="W" * 100)
    named = [(f"admin:{m._meta.app_label}_{m._meta.model_name}_changelist", ()) for m in OURS]
    named += [("admin:crm_lead_add", ()), ("admin:crm_lead_change", (lead.pk,))]
    named += [("admin:projects_project_change", (project.pk,))]
    named += [(f"admin:crm_lead_{name}", (lead.pk,)) for name in ("advance", "assign", "close")]
    named += [("admin:zone_appointment_end", (post.pk,)), ("admin:crm_lead_history", (lead.pk,))]
    Notice.objects.tell("mentioned", [(root, one, "") for one in Lead.objects.all()])
    named += [("progress", ()), ("admin:index", ()), ("account", ()), ("notices", ())]
    return [reverse(name, args=args) for name, args in named]


def test_nothing_is_wider_than_the_screen(enter, problems):
    root = factories.make_user(is_superuser=True, display_name="W" * 50)
    fill(ROWS, root)
    lengthen()
    page, wrong = enter(root), {}
    for address in pages(root):
        look_at(page, address)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 1112})
            if beyond := page.evaluate(BEYOND):
                wrong[address, width] = beyond
        if address.endswith("crm/lead/"):
            assert "W" * 100 in page.content()
    assert wrong == {}


def test_a_tablet_shows_eight_rows_of_a_table(enter):
    """Names as companies have them: two lines of a column, not a card of its own."""
    office, chain = factories.make_office(), factories.make_chain()
    for _ in range(ROWS):
        enterprise = factories.make_enterprise(name=f"长治示例{_}新能源材料科技有限责任公司")
        lead = factories.make_lead(chain=chain, owner=office, enterprise=enterprise)
        factories.make_follow_up(lead=lead, by=office, summary="洽谈用地与用电条件" * 10)
        factories.make_project(chain=chain, enterprise=enterprise)
    page = enter(office)
    page.set_viewport_size({"width": 834, "height": 1112})
    for model in (Lead, Project, FollowUp, Enterprise):
        look_at(page, reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
        shown = page.evaluate(SHOWN)
        assert shown >= 8, model
