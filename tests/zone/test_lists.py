"""Lists: cells, how far they are counted, periods, searches, and what goes over the wire."""

import gzip
import re
from datetime import datetime

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm.admin.leads import LeadAdmin
from crm.models import Enterprise, FollowUp, Lead
from projects.models import Occupancy, Project
from tests import factories
from zone.admin import paging
from zone.database import reading
from zone.database.plans import with_rows
from zone.database.search import search
from zone.navigation import record_url
from zone.templatetags.result_list import periods

pytestmark = pytest.mark.django_db
LEADS = reverse("admin:crm_lead_changelist")


@pytest.fixture
def office_client(as_user, office):
    return as_user(office)


def titles(page) -> list[str]:
    return [row.title for row in page.context["cl"].result_list]


def test_a_cell_has_its_value_escaped_and_the_row_its_link(office_client, chain):
    lead = factories.make_lead(title="<b>甲</b> & 乙", chain=chain)
    page = office_client.get(LEADS + "?stage__exact=NEW").text
    row = page[page.index('<tr class="data-row">') :].split("</tr>")[0]
    assert "&lt;b&gt;甲&lt;/b&gt; &amp; 乙" in row
    [address] = re.findall(r'<th [^>]*><a href="([^"]+)">', row)
    assert address.startswith(record_url(type(lead), lead.pk))
    assert "_changelist_filters=stage__exact%3DNEW" in address


@pytest.mark.parametrize("cap", [3, 50])
def test_a_long_list_is_counted_no_further_than_the_cap(office_client, chain, monkeypatch, cap):
    monkeypatch.setattr(paging, "COUNTED", cap)
    for n in range(5):
        factories.make_lead(title=f"第{n}条", chain=chain)
    page = office_client.get(LEADS)
    assert page.context["cl"].result_count == min(cap, 5)
    assert ("至少 3 条" in page.text) == (cap == 3)


@pytest.mark.parametrize("role", ["office", "chain_leader", "specialist", "park_operator"])
def test_few_and_many_rows_are_the_same_rows(role, chain):
    user = factories.make_user(role, chain=None if role in ("office", "park_operator") else chain)
    other = factories.make_chain("electronics")
    for place in (chain, other):
        for owner in (user, None):
            lead = factories.make_lead(chain=place, owner=owner, title="传感器")
            project = factories.make_project(
                chain=place, lead=lead, handler=owner, enterprise=lead.enterprise
            )
            factories.make_follow_up(project=project, by=user)
            factories.make_follow_up(lead=lead, by=user)
            factories.make_occupancy(project=project, enterprise=project.enterprise)
    for model in (Lead, Enterprise, FollowUp, Project, Occupancy):
        rows = model.objects.visible_to(user).order_by("pk")
        few, many = (list(with_rows(rows, many=many)) for many in (False, True))
        assert few == many


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("传感", {"传感器项目", "ABc"}),
        ("感器", {"传感器项目", "ABc"}),
        ("传感器", {"传感器项目", "ABc"}),
        ("aB", {"ABc"}),
        ("器", {"传感器项目", "ABc"}),
        ("传感 项目", {"传感器项目"}),
        ("器项目甲", set()),
        ("传项", set()),
        ("%感", set()),
        ("aß", {"Maß 3"}),
    ],
)
def test_two_characters_find_what_holds_them_one_after_the_other(chain, term, found):
    plain = factories.make_enterprise(name="某材料公司")
    factories.make_lead(title="传感器项目", chain=chain, enterprise=plain)
    factories.make_lead(
        title="ABc", chain=chain, enterprise=factories.make_enterprise(name="乙传感器公司")
    )
    factories.make_lead(title="Maß 3", chain=chain, enterprise=plain)
    rows = search(Lead.objects.all(), ("title", "enterprise__name"), term)
    for many in (False, True):
        assert {row.title for row in with_rows(rows, many=many)} == found


@pytest.mark.parametrize("term", ["传", "传感"])
def test_one_and_two_characters_are_found_by_an_index(chain, term):
    factories.make_lead(chain=chain)
    rows = with_rows(search(Lead.objects.all(), ("title",), term), many=False)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    assert "crm_lead_title_grams" in rows.explain()


@pytest.mark.parametrize(
    ("term", "found"),
    [("chuneng", 1), ("ChuNeng", 1), ("chunengcai", 1), ("ch", 0), ("chu1", 0), ("neng chu", 1)],
)
def test_an_enterprise_and_its_leads_are_found_by_pinyin(office_client, chain, term, found):
    enterprise = factories.make_enterprise(name="某储能材料公司")
    factories.make_lead(chain=chain, title="项目", enterprise=enterprise)
    factories.make_lead(chain=chain, title="项目")
    lookup = reverse("admin:autocomplete") + "?app_label=crm&model_name=lead&field_name=enterprise"
    assert len(office_client.get(f"{lookup}&term={term}").json()["results"]) == found
    for model in ("enterprise", "lead"):
        page = office_client.get(reverse(f"admin:crm_{model}_changelist") + f"?q={term}")
        assert page.context["cl"].result_count == found


@pytest.mark.parametrize("term", ["chuneng", "cncl", "cn"])
def test_pinyin_is_found_by_an_index(chain, term):
    factories.make_lead(chain=chain)
    rows = with_rows(search(Lead.objects.all(), ("~sort_key",), term), many=False)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    assert "crm_lead_pinyin" in rows.explain()
    assert {"~sort_key", "~enterprise__sort_key"} <= {*LeadAdmin.search_fields}


@pytest.fixture
def leader_of_60(as_user, chain):
    """A chain leader's client, 60 leads in the chain and 60 beyond, each third with the word."""
    leads = []
    for n in range(120):
        place = chain if n % 2 else factories.make_chain("electronics")
        title = f"传感器{n}" if n % 3 == 0 else f"项目{n}"
        leads.append(factories.make_lead(chain=place, title=title))
    connection.cursor().execute("ANALYZE crm_lead")
    return as_user(factories.make_user("chain_leader", chain=chain))


# Found by indexes; looked at as far as the page needs; looked at in vain and found by indexes.
@pytest.mark.parametrize(("at_most", "first"), [(1000, 5), (15, 60), (15, 1)])
@pytest.mark.parametrize(("query", "number"), [("", 60), ("&q=传感", 20)])
def test_a_page_has_the_same_rows_whichever_way_it_is_read(
    leader_of_60, chain, monkeypatch, at_most, first, query, number
):
    monkeypatch.setattr(reading, "AT_MOST", at_most)
    monkeypatch.setattr(reading, "FIRST", first)
    monkeypatch.setattr(LeadAdmin, "list_per_page", 6)
    word = "传感" if query else ""
    rows = [lead.title for lead in Lead.objects.filter(chain=chain, title__contains=word)]
    assert len(rows) == number
    with CaptureQueriesContext(connection) as seen:
        first_page = leader_of_60.get(f"{LEADS}?p=1{query}")
    walked = [found["sql"] for found in seen if 'FROM (SELECT "crm_lead"' in found["sql"]]
    assert bool(walked) == (at_most == 15)
    assert titles(first_page) == rows[:6]
    assert 6 < first_page.context["cl"].result_count <= number
    assert titles(leader_of_60.get(f"{LEADS}?p=2{query}")) == rows[6:12]


@pytest.mark.parametrize(
    ("days", "query", "choices", "back"),
    [
        (["2023-05-01", "2025-02-01"], "", ["2023", "2024", "2025"], None),
        (["2025-02-01", "2025-04-30"], "", ["2025年2月", "2025年3月", "2025年4月"], "全部日期"),
        (["2025-02-03", "2025-02-05"], "", ["2月3日", "2月4日", "2月5日"], "2025"),
        (["2023-05-01", "2025-02-01"], "?registered_at__year=2023", ["5月1日"], "2023"),
        ([], "", [], None),
    ],
)
def test_periods_lie_between_the_first_and_the_last_row(
    office_client, chain, days, query, choices, back
):
    for day in days:
        at = timezone.make_aware(datetime.fromisoformat(day))
        lead = factories.make_lead(chain=chain)
        Lead.objects.filter(pk=lead.pk).update(registered_at=at)
    found = periods(office_client.get(LEADS + query).context["cl"])
    shown = [choice["title"] for choice in found.get("choices", ())]
    assert (shown, (found.get("back") or {}).get("title")) == (choices, back)
    assert all(choice.get("link") for choice in found.get("choices", ())[1:])


@pytest.mark.parametrize(
    "query",
    [
        "registered_at__year=2025&registered_at__day=13",
        "registered_at__month=1&registered_at__day=13",
        "registered_at__day=13",
        "registered_at__month=13",
        "registered_at__year=0",
        "registered_at__year=99999",
        "registered_at__year=x",
    ],
)
def test_a_period_with_a_gap_is_read_to_the_gap(office_client, chain, query):
    lead = factories.make_lead(chain=chain)
    at = timezone.make_aware(datetime(2025, 1, 13))
    Lead.objects.filter(pk=lead.pk).update(registered_at=at)
    assert office_client.get(f"{LEADS}?{query}", follow=True).status_code == 200


def test_of_more_rows_than_are_counted_all_cannot_be_chosen(office_client, chain, monkeypatch):
    monkeypatch.setattr(paging, "COUNTED", 60)
    chains = [factories.make_lead(chain=chain) for _ in range(61)]
    assert len(titles(office_client.get(LEADS))) == 50 < len(chains)
    assert "question hidden" not in office_client.get(LEADS).text


@pytest.mark.parametrize(("cap", "queries"), [(50, 1), (2, 2)])
def test_the_ends_of_the_periods_are_read_with_the_count(
    office_client, chain, monkeypatch, cap, queries
):
    monkeypatch.setattr(paging, "COUNTED", cap)
    for month in (3, 5, 4):
        lead = factories.make_lead(chain=chain)
        at = timezone.make_aware(datetime(2025, month, 1))
        Lead.objects.filter(pk=lead.pk).update(registered_at=at)
    with CaptureQueriesContext(connection) as seen:
        page = office_client.get(LEADS)
    assert len([q for q in seen if "COUNT(*)" in q["sql"] or "MIN(" in q["sql"]]) == queries
    for shown in (page, office_client.get(LEADS + "?q=")):
        months = [shown.text.count(f"2025年{month}月") for month in (2, 3, 4, 5, 6)]
        assert months == [0, 1, 1, 1, 0]


def test_a_list_of_fifty_rows_has_at_most_70_kb(as_user, chain):
    """Who sees most: every entry of the sidebar, and boxes to choose rows by."""
    enterprise = factories.make_enterprise(name="长治高新区示例新能源材料有限责任公司", chain=chain)
    for n in range(50):
        factories.make_lead(title=f"年产{n}万吨锂电池正极材料生产基地项目", enterprise=enterprise)
    page = as_user(factories.make_user(is_superuser=True)).get(LEADS)
    assert page.text.count('class="data-row"') == page.text.count('class="action-select"') == 50
    assert len(page.content) <= 60_000


def test_the_pages_left_out_are_no_link(office_client, chain, monkeypatch):
    monkeypatch.setattr(LeadAdmin, "list_per_page", 1)
    for _ in range(12):
        factories.make_lead(chain=chain)
    page = office_client.get(LEADS).text
    assert ('href="?p=12"' in page, "…" in page, "%E2%80%A6" in page) == (True, True, False)


def test_a_search_shows_no_periods(office_client, chain):
    factories.make_lead(chain=chain, title="传感器")
    with CaptureQueriesContext(connection) as seen:
        office_client.get(LEADS + "?q=传感")
    assert not [query for query in seen if "MIN(" in query["sql"]]


def test_pages_go_compressed_and_the_texts_of_scripts_are_kept_for_a_day(office_client):
    answer = office_client.get(LEADS, headers={"Accept-Encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    assert len(answer.content) * 3 < len(gzip.decompress(answer.content))
    described = office_client.get("/api/v1/schema/", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in described
    texts = office_client.get(reverse("admin:jsi18n"))
    assert (texts["Cache-Control"], "Cookie" in texts["Vary"]) == ("private, max-age=86400", True)


def test_the_icon_font_has_each_icon_that_the_sources_name():
    call_command("icons", check=True)
