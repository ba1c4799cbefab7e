"""The heading and the title of every page of the admin say which page it is."""

import re
from datetime import date

import pytest
from django.contrib import admin
from django.urls import reverse

from tests import factories
from zone.models import Row

pytestmark = pytest.mark.django_db

ROWS = [model for model in admin.site._registry if issubclass(model, Row)]


@pytest.fixture
def root(as_user):
    return as_user(factories.make_user(username="root", is_superuser=True))


def headings(client, address: str) -> tuple[str, str]:
    """Return what the page is called in its own heading and in the browser's tab."""
    response = client.get(address)
    assert response.status_code == 200, address
    heading = re.search(r"<h1.*?<span class=\"truncate\">(.*?)</span>", response.text, re.S)
    title = re.search(r"<title>\s*(.*?)\s*\|", response.text, re.S)
    return heading[1].strip(), title[1].strip()


def url(model, page: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.slow
@pytest.mark.parametrize("model", ROWS, ids=lambda model: model.__name__)
def test_list_row_history_add_and_delete_have_headings_of_their_own(root, model):
    row = factories.make(model)
    pages = {"changelist": (), "change": (row.pk,), "history": (row.pk,)}
    found = {page: headings(root, url(model, page, *args)) for page, args in pages.items()}
    for page, args in {"add": (), "delete": (row.pk,)}.items():
        if root.get(url(model, page, *args)).status_code == 200:
            found[page] = headings(root, url(model, page, *args))
    assert [pair for pair in found.values() if pair[0] != pair[1]] == []
    assert len({heading for heading, _ in found.values()}) == len(found)


def test_a_heading_names_the_row_and_what_is_done_to_it(root):
    lead = factories.make_lead(title="储能材料项目", owner=None)
    address = f"/admin/crm/lead/{lead.pk}/"
    said = {page: headings(root, address + page)[0] for page in ("change/", "history/", "claim/")}
    assert said == {
        "change/": "编辑：储能材料项目",
        "history/": "变更历史：储能材料项目",
        "claim/": "认领：储能材料项目",
    }
    assert headings(root, "/admin/crm/lead/add/")[0] == "新增线索"


def test_a_list_is_called_as_in_the_sidebar(root):
    lists = ("", "?whose=pool", "?whose=due", "?stage__exact=NEW")
    said = [headings(root, f"/admin/crm/lead/{query}")[0] for query in lists]
    assert said == ["线索列表", "公海", "待跟进", "线索列表"]


def test_who_may_only_look_reads_so(as_user, leader):
    lead = factories.make_lead(title="储能材料项目")
    heading = headings(as_user(leader), f"/admin/crm/lead/{lead.pk}/change/")[0]
    assert heading == "查看：储能材料项目"


def test_the_years_of_a_list_say_by_which_date_they_go(root):
    for year in (2024, 2025):
        factories.make_arrival(arrived_on=date(year, 3, 1))
    page = root.get("/admin/projects/capitalarrival/").text
    assert '<span class="zone-periods-label">按到位日期</span>' in page
    month = root.get("/admin/projects/capitalarrival/?arrived_on__year=2024").text
    assert "按到位日期" in month
