import re
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from projects.models import Agreement, Project
from tests import factories
from zone.models import IndustryChain, PublishedFigure, User, ZoneSetting
from zone.navigation import record_url

pytestmark = pytest.mark.django_db

MARCH = date(2025, 3, 31)
ADDRESS = "/admin/progress/?year=2025&on=2025-03-31"
MEASURES = ("signed_amount", "signed_projects", "platform_tenants")
FIELDS = ("target", "actual", "pending", "completion", "time_progress", "gap", "light")
QUERIES = 18  # a test has written, so what is kept elsewhere is read each time


class Figures(HTMLParser):
    """Reads data-figure and data-value: of the page itself, and of each row of a chain."""

    def __init__(self, html: str):
        super().__init__()
        self.chain, self.zone, self.chains, self.links, self.styled = None, [], {}, {}, []
        self.feed(html[html.index('<div class="zp">') : html.index("</footer>")])

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "tr":
            self.chain = attrs.get("data-chain")
        if "style" in attrs or tag in ("script", "style"):
            self.styled.append(tag)
        if "data-figure" in attrs:
            pair = (attrs["data-figure"], attrs["data-value"])
            (self.chains.setdefault(self.chain, []) if self.chain else self.zone).append(pair)
            self.links[self.chain, pair[0]] = attrs.get("href")

    def handle_endtag(self, tag):
        if tag == "tr":
            self.chain = None


@pytest.fixture
def page(as_user, leader):
    """Return the figures of an address, as the zone's leadership sees them."""
    client = as_user(leader)

    def read(address=ADDRESS) -> Figures:
        response = client.get(address)
        assert response.status_code == 200
        found = Figures(response.content.decode())
        found.response = response
        return found

    return read


@pytest.fixture
def targets(db):
    factories.make_target("SIGNED_AMOUNT", 2_390_000)
    factories.make_target("SIGNED_PROJECTS", 40)
    factories.make_target("PLATFORM_TENANTS", 80)


def test_only_those_who_may_see_targets_get_in(client, leader, specialist):
    assert client.get(ADDRESS)["Location"].startswith(reverse("admin:login"))
    client.force_login(specialist)
    assert client.get(ADDRESS).status_code == 403
    client.force_login(leader)
    assert client.get(ADDRESS).status_code == 200


@pytest.mark.parametrize(
    ("counted", "completion", "gap", "light"),
    [(597_500, "25.00", "0.00", "green"), (358_500, "15.00", "-10.00", "yellow")],
)
def test_checked_values_stand_on_the_page(page, targets, counted, completion, gap, light):
    factories.make_counted(counted, signed_on=MARCH)
    figures = dict(page().zone)
    assert figures["signed_amount.target"] == "2390000"
    assert figures["signed_amount.actual"] == str(counted)
    assert figures["signed_amount.pending"] == "0"
    assert figures["signed_amount.completion"] == completion
    assert figures["signed_amount.time_progress"] == "25.00"
    assert figures["signed_amount.gap"] == gap
    assert figures["signed_amount.light"] == light
    assert figures["signed_projects.actual"] == "1"


@pytest.mark.parametrize("query", ["", pytest.param("&chain=new-energy", marks=pytest.mark.slow)])
def test_each_figure_appears_exactly_once_outside_the_chain_table(page, targets, query):
    factories.make_counted(100)
    found = page(ADDRESS + query)
    names = [name for name, _value in found.zone]
    assert sorted(names) == sorted(f"{m}.{f}" for m in MEASURES for f in FIELDS)


def test_a_row_of_the_chain_table_carries_every_figure_of_amount_and_projects(page, targets):
    chain = factories.make_chain()
    factories.make_target("SIGNED_AMOUNT", 20_000, chain=chain)
    project = factories.make_counted(Decimal("5000.5"), signed_on=MARCH).project
    assert project.chain == chain
    factories.make_agreement(kind="FORMAL", amount_wan=300, signed_on=MARCH)
    row = page().chains["new-energy"]
    assert len(row) == 14
    assert dict(row) == {
        "signed_amount.target": "20000",
        "signed_amount.actual": "5000.5",
        "signed_amount.pending": "300",
        "signed_amount.completion": "25.00",
        "signed_amount.time_progress": "25.00",
        "signed_amount.gap": "0.00",
        "signed_amount.light": "green",
        "signed_projects.target": "",
        "signed_projects.actual": "1",
        "signed_projects.pending": "1",
        "signed_projects.completion": "",
        "signed_projects.time_progress": "25.00",
        "signed_projects.gap": "",
        "signed_projects.light": "",
    }


def test_a_chosen_chain_takes_the_gauges_and_leaves_the_tenants_to_the_zone(page, targets):
    factories.make_counted(100, signed_on=MARCH)
    electronics = factories.make_chain("electronics")
    project = factories.make_project(chain=electronics)
    factories.make_counted(7, project=project, signed_on=MARCH)
    figures = dict(page(f"{ADDRESS}&chain=electronics").zone)
    assert figures["signed_amount.actual"] == "7"
    assert figures["signed_amount.target"] == ""
    assert figures["platform_tenants.target"] == "80"


def test_without_a_target_there_is_a_dash_and_never_zero_per_cent(page):
    factories.make_counted(100, signed_on=MARCH)
    found = page()
    figures = dict(found.zone)
    for field in ("target", "completion", "gap", "light"):
        assert [figures[f"{measure}.{field}"] for measure in MEASURES] == ["", "", ""]
    assert figures["signed_amount.time_progress"] == "25.00"
    assert "0.00%" not in found.response.content.decode()


def test_the_office_is_led_to_set_a_missing_target(as_user, office, leader):
    address = reverse("admin:zone_target_add")
    assert address in as_user(office).get(ADDRESS).content.decode()
    assert address not in as_user(leader).get(ADDRESS).content.decode()


def test_three_hundred_per_cent_is_shown_as_it_is(page, targets):
    factories.make_counted(7_170_000, signed_on=MARCH)
    assert dict(page().zone)["signed_amount.completion"] == "300.00"


def test_every_linked_figure_leads_to_exactly_its_rows(page, targets, as_user, office):
    chain = factories.make_chain()
    specialist = factories.make_specialist(chain)
    agreement = factories.make_counted(100, signed_on=MARCH)
    factories.make_credit(project=agreement.project, specialist=specialist)
    factories.make_counted(50, signed_on=date(2025, 4, 1))
    factories.make_agreement(kind="FORMAL", amount_wan=300, signed_on=MARCH)
    factories.make_agreement(kind="FRAMEWORK", amount_wan=500_000, signed_on=MARCH)
    links = page().links
    client = as_user(office)
    for scope in (None, chain.code):
        for name in ("signed_amount.actual", "signed_projects.actual", "signed_amount.pending"):
            response = client.get(links[scope, name])
            assert response.status_code == 200, links[scope, name]
            assert response.context["cl"].result_count == 1


def test_a_chain_leader_gets_links_only_where_every_row_is_within_reach(targets, as_user):
    led, foreign = factories.make_chain(), factories.make_chain("electronics")
    for chain in (led, foreign):
        project = factories.make_project(chain=chain)
        factories.make_counted(100, signed_on=MARCH, project=project)
    client = as_user(factories.make_user("chain_leader", led))
    found = Figures(client.get(ADDRESS).content.decode())
    assert dict(found.zone)["signed_amount.actual"] == "200"
    for scope in (None, foreign.code):
        assert found.links[scope, "signed_amount.actual"] is None
    rows = client.get(found.links[led.code, "signed_amount.actual"]).context["cl"]
    assert [row.project.chain for row in rows.queryset] == [led]
    own = client.get(f"{ADDRESS}&chain={led.code}").content.decode()
    link = Figures(own).links[None, "signed_amount.actual"]
    assert client.get(link).context["cl"].result_count == 1


def test_the_tenants_link_shows_each_enterprise_once(page, targets, as_user, office):
    platform, tenant = factories.make_park(kind="PLATFORM"), factories.make_enterprise()
    for enterprise in (tenant, tenant, factories.make_enterprise()):
        space = factories.make_space(park=platform)
        factories.make_occupancy(space=space, enterprise=enterprise)
    factories.make_occupancy()
    found = page()
    assert ("platform_tenants.actual", "2") in found.zone
    rows = as_user(office).get(found.links[None, "platform_tenants.actual"])
    assert rows.context["cl"].result_count == 2


@pytest.mark.slow
def test_every_address_on_the_page_opens(page, targets, client):
    chain = factories.make_chain()
    specialist = factories.make_specialist(chain)
    agreement = factories.make_counted(100, signed_on=MARCH)
    factories.make_credit(project=agreement.project, specialist=specialist)
    factories.make_target("SIGNED_AMOUNT", 1000, chain=chain)
    factories.make_target("SIGNED_AMOUNT", 1000, specialist=specialist)
    park = factories.make_park(kind="PLATFORM")
    factories.make_occupancy(space=factories.make_space(park=park))
    PublishedFigure.objects.create(year=2025, indicator="项目", value=1, unit="个", source="公开")
    late = factories.make_project(planned_start_on=date(2025, 1, 1))
    html = page().response.content.decode()
    assert record_url(Project, late.pk) in html
    body = html[html.index('<div class="zp">') : html.index("</footer>")]
    addresses = {a.replace("&amp;", "&") for a in re.findall(r'href="(/[^"]+)"', body)}
    assert len(addresses) > 20
    refused = {a for a in addresses if client.get(a).status_code != 200}
    assert refused == set()


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?year=&on=&chain=",
        "?year=abc&on=2025-13-01&chain=nothing",
        "?year=99999&on=0001-01-01",
        "?year=2100&on=2000-01-01",
        "?year=2000&on=2100-12-31",
        "?year=-1&on=9999-12-31",
        "?year=２０２５&on=２０２５-03-31",
        "?year=2025%00&on=%00&chain=%00",
        "?year=2025&year=2024&on=2025-03-31&on=x",
        "?chain=%27%20OR%201=1",
        "?on=2025-W01-1",
    ],
)
def test_a_crafted_query_falls_back_and_never_fails(page, targets, query):
    found = page(f"/admin/progress/{query}")
    assert len(found.zone) == 21


def test_what_was_put_right_is_said(page, targets):
    chosen = page("/admin/progress/?year=abc&on=2025-02-30&chain=x").response.context["chosen"]
    assert (chosen.year, chosen.on, chosen.chain) == (2025, date(2025, 12, 31), None)
    assert len(chosen.notes) == 3


def test_the_default_is_the_newest_year_with_targets_that_has_come(page, targets, monkeypatch):
    factories.make_target("SIGNED_AMOUNT", 1, year=2099)
    monkeypatch.setattr("projects.pages.choices.today", lambda: date(2025, 6, 15))
    chosen = page("/admin/progress/").response.context["chosen"]
    assert (chosen.year, chosen.on) == (2025, date(2025, 6, 15))
    assert chosen.years == [2099, 2025]
    assert [end.on for end in chosen.month_ends][-1] == date(2025, 5, 31)


def test_published_figures_stand_apart_and_count_nowhere(page, targets):
    PublishedFigure.objects.create(
        year=2025, indicator="深度谋划项目", value=466, unit="亿元", source="公开文章"
    )
    PublishedFigure.objects.create(
        year=2024, indicator="铺开重点项目", value=422, unit="亿元", source="公开文章"
    )
    found = page()
    assert [figure.value for figure in found.response.context["published"]] == [466]
    assert dict(found.zone)["signed_amount.actual"] == "0"


def test_demo_rows_behind_the_figures_are_said_to_be_demo(page, targets):
    agreement = factories.make_counted(100, signed_on=MARCH)
    assert page().response.context["has_demo"] is False
    Agreement.objects.filter(pk=agreement.pk).update(is_demo=True)
    assert page().response.context["has_demo"] is True


def test_what_no_chain_has_been_given_is_shown(page, targets):
    factories.make_target("SIGNED_AMOUNT", 2_000_000, chain=factories.make_chain())
    factories.make_counted(100, project=factories.make_project(chain=None), signed_on=MARCH)
    rest = page().response.context["rest"]
    assert (rest["target"], rest["actual"], rest["projects"]) == ("39.00", "0.01", 1)


def test_english_writes_millions(page, targets, client):
    factories.make_counted(597_500, signed_on=MARCH)
    client.cookies["django_language"] = "en"
    html = page().response.content.decode()
    assert ">5,975</a>" in html
    assert ">23,900</a>" in html


def test_no_inline_style_or_script_stands_in_the_page(page, targets):
    factories.make_counted(100, signed_on=MARCH)
    assert page().styled == []


def make_everything(rows: int):
    for number in range(rows):
        chain = factories.make_chain(f"chain-{number}" if number else "new-energy")
        specialist = factories.make_specialist(chain)
        factories.make_user("chain_leader", chain)
        factories.make_target("SIGNED_AMOUNT", 10, chain=chain)
        factories.make_target("SIGNED_AMOUNT", 10, specialist=specialist)
        factories.make_target("SIGNED_AMOUNT", 10, year=2030 + number)
        lead = factories.make_lead(chain=chain, owner=specialist)
        factories.make_screening(lead=lead)
        lead.advance(by=specialist)
        type(lead).objects.update(registered_at="2025-01-31T12:00:00+08:00")
        project = factories.make_project(
            chain=chain, lead=lead, handler=specialist, planned_start_on=date(2025, 1, 5)
        )
        factories.make_counted(100 + number, project=project, signed_on=date(2025, 1, 3))
        factories.make_credit(project=project, specialist=specialist)
        waiting = factories.make_project(chain=chain)
        factories.make_agreement(project=waiting, amount_wan=5, signed_on=date(2025, 1, 4))
        park = factories.make_park(kind="PLATFORM" if number % 2 else "INDUSTRIAL")
        factories.make_occupancy(space=factories.make_space(park=park))
        factories.make_park()
        PublishedFigure.objects.create(
            year=2025, indicator=f"指标{number}", value=1, unit="个", source="公开"
        )


@pytest.mark.parametrize("rows", [1, pytest.param(30, marks=pytest.mark.slow)])
@pytest.mark.parametrize("query", ["", pytest.param("&chain=new-energy", marks=pytest.mark.slow)])
def test_the_page_asks_the_same_few_questions_whatever_the_rows(
    client, leader, targets, rows, query
):
    make_everything(rows)
    ZoneSetting.objects.create(key="LIGHT_RED_ABOVE", value=40)
    client.force_login(leader)
    client.get(ADDRESS)
    with CaptureQueriesContext(connection) as queries:
        response = client.get(ADDRESS + query)
    assert len(response.context["chain_rows"]) == rows == IndustryChain.objects.count()
    assert len(queries) == QUERIES


def test_a_chain_leader_asks_besides_for_leads_of_people_who_left(client, targets):
    make_everything(3)
    client.force_login(User.objects.filter(appointments__role="CHAIN_LEADER").first())
    client.get(ADDRESS)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(ADDRESS).status_code == 200
    assert len(queries) == QUERIES + 2  # who has left, and how many leads they hold
