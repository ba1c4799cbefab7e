"""Views of lists: one's own and those the office shares; columns, chips and sums."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.admin.leads import LeadAdmin
from tests import factories, forms
from zone.admin import paging
from zone.models import SavedView

pytestmark = pytest.mark.django_db
LEADS = reverse("admin:crm_lead_changelist")
ADD = reverse("admin:zone_savedview_add")


def save(client, name: str, query: str = "", **more):
    data = {"name": name, "model": "crm.lead", "query": query}
    return client.post(ADD, data | more)


def tabs(client, query: str = "?stage__exact=NEW") -> list[str]:
    return [view.name for view in client.get(LEADS + query).context["views"]]


def test_the_present_filters_are_saved_under_a_name_and_opened_again(as_user, specialist):
    client = as_user(specialist)
    page = client.get(LEADS + "?stage__exact=NEW&o=3&q=储能&p=2&columns=title.source")
    answer = save(client, "新线索", page.context["here"])
    view = SavedView.objects.get()
    assert (view.owner, view.query) == (specialist, "stage__exact=NEW&o=3&columns=title.source")
    assert answer["Location"] == f"{LEADS}?{view.query}"
    page = client.get(answer["Location"])
    assert page.context["here"] == view.query
    assert 'aria-current="page">新线索</a>' in page.text


def test_a_view_keeps_only_what_the_list_itself_takes(as_user, specialist):
    asked = (
        "contact__phone__startswith=139&stage__exact=NEW&whose=mine&o=x'&columns=needs.title&e=1"
    )
    save(as_user(specialist), "甲", asked)
    assert SavedView.objects.get().query == "stage__exact=NEW&whose=mine&columns=title"


@pytest.mark.parametrize("model", ["zone.auditentry", "crm.nothing", "x", "", "crm.lead.x"])
def test_a_list_that_one_may_not_open_has_no_views(as_user, specialist, model):
    assert save(as_user(specialist), "甲", model=model).status_code == 200
    assert SavedView.objects.count() == 0


def test_one_s_own_are_seen_by_nobody_else_and_shared_ones_by_whom_they_are_for(
    as_user, office, specialist, other_specialist, leader
):
    save(as_user(specialist), "我的")
    client = as_user(office)
    save(client, "内部")
    save(client, "给大家", shared_with="EVERYBODY")
    save(client, "给专员", shared_with="SPECIALIST")
    assert set(tabs(as_user(specialist))) == {"我的", "给专员", "给大家"}
    assert set(tabs(as_user(other_specialist))) == {"给专员", "给大家"}
    assert set(tabs(as_user(leader))) == {"给大家"}
    assert set(tabs(as_user(office))) == {"内部", "给大家", "给专员"}


def test_only_the_office_shares(as_user, specialist):
    client = as_user(specialist)
    save(client, "甲", shared_with="EVERYBODY")  # the form has no such field for them
    assert [view.shared_with for view in SavedView.objects.all()] == [""]
    with pytest.raises(ValidationError):
        SavedView(owner=specialist, name="乙", shared_with="EVERYBODY").clean_for(specialist)


def test_a_shared_view_shows_each_what_is_within_reach(as_user, office, specialist, chain):
    factories.make_lead(title="我的", owner=specialist, chain=chain)
    factories.make_lead(title="别处", chain=factories.make_chain("electronics"))
    save(as_user(office), "新线索", "stage__exact=NEW", shared_with="EVERYBODY")
    page = as_user(specialist).get(f"{LEADS}?{SavedView.objects.get().query}")
    assert [lead.title for lead in page.context["cl"].result_list] == ["我的"]


def test_a_view_is_renamed_and_deleted_by_its_owner_alone(as_user, office, specialist):
    save(as_user(office), "旧名", shared_with="EVERYBODY")
    view = SavedView.objects.get()
    change, delete = (
        reverse(f"admin:zone_savedview_{page}", args=[view.pk]) for page in ("change", "delete")
    )
    as_user(specialist)
    assert as_user(specialist).post(change, {"name": "新名"}).status_code == 403
    assert as_user(specialist).post(delete, {"post": "yes"}).status_code == 403
    client = as_user(office)
    forms.send(client, change, {"name": "新名"})
    view.refresh_from_db()
    assert (view.name, view.shared_with) == ("新名", "EVERYBODY")
    client.post(delete, {"post": "yes"})
    assert SavedView.objects.count() == 0


def test_one_view_opens_first_and_the_whole_list_stays_within_reach(as_user, specialist):
    client = as_user(specialist)
    for name, stage in (("甲", "NEW"), ("乙", "SCREENED")):
        save(client, name, f"stage__exact={stage}", is_default="on")
    assert [view.name for view in SavedView.objects.filter(is_default=True)] == ["乙"]
    assert client.get(LEADS)["Location"] == f"{LEADS}?stage__exact=SCREENED"
    page = client.get(LEADS + "?stage__exact=SCREENED")
    [whole] = set(re.findall(r'href="([^"]+)">整个列表', page.text))
    assert client.get(LEADS + whole).status_code == 200
    save(client, "丙", "", is_default="on")
    assert client.get(client.get(LEADS)["Location"]).status_code == 200  # not led round and round


def test_two_views_of_one_name_are_refused_in_words(as_user, specialist):
    client = as_user(specialist)
    save(client, "甲", "stage__exact=NEW")
    page = save(client, "甲", "stage__exact=LOST")
    assert (page.status_code, SavedView.objects.count()) == (200, 1)
    assert "已有同名视图" in page.text


def test_columns_are_chosen_among_those_declared_and_keep_their_order(as_user, office, specialist):
    factories.make_lead(owner=specialist)
    client = as_user(office)
    shown = client.get(LEADS + "?columns=source&columns=title&columns=needs").context["cl"]
    assert shown.list_display == ["action_checkbox", "source", "title"]
    page = client.get(LEADS + "?columns=display_owner.display_origin")
    assert '<th class="field-display_owner"><a href=' in page.text
    assert client.get(LEADS + "?columns=x").context["cl"].list_display[1:] == [
        *LeadAdmin.list_display
    ]


@pytest.mark.parametrize(
    "query", ["?view=all", "?columns=title.display_origin.source.display_owner"]
)
def test_a_choice_of_columns_asks_no_more_for_30_rows_than_for_one(as_user, office, query):
    client, asked = as_user(office), []
    client.get(LEADS)
    for number in (1, 30):
        for _ in range(number):
            factories.make_lead(owner=factories.make_user())
        with CaptureQueriesContext(connection) as seen:
            client.get(LEADS + query)
        asked.append(len(seen))
    assert asked[0] == asked[1] <= 12


def test_filters_stand_as_chips_that_are_taken_off_one_by_one(as_user, office, chain):
    enterprise = factories.make_enterprise(name="东岭汽车有限公司", origin_region="140403")
    lead = factories.make_lead(enterprise=enterprise, chain=chain)
    query = f"?stage__exact=NEW&region=city&enterprise__id__exact={enterprise.pk}&q={lead.title}"
    page = as_user(office).get(LEADS + query)
    assert [row.pk for row in page.context["cl"].result_list] == [lead.pk]
    found = re.findall(r'class="zone-chip" href="([^"]+)"[^>]*>([^×<]+)', page.text)
    chips = {words: href for href, words in found}
    assert set(chips) == {
        f"搜索：{lead.title}",
        "阶段：新线索",
        "企业：东岭汽车有限公司",
        "来源地区：市内",
    }
    assert "region" not in chips["来源地区：市内"]
    assert "stage__exact=NEW" in chips["来源地区：市内"]


@pytest.mark.parametrize("value", ["x", "\0", "00000000-0000-0000-0000-000000000000", ""])
def test_an_enterprise_that_is_none_is_no_fault(as_user, office, value):
    factories.make_lead()
    page = as_user(office).get(LEADS, {"enterprise__id__exact": value}, follow=True)
    assert page.status_code == 200


def test_the_name_of_an_enterprise_out_of_reach_is_not_told_by_its_filter(as_user, specialist):
    far = factories.make_enterprise(name="远方企业", chain=factories.make_chain("electronics"))
    page = as_user(specialist).get(LEADS + f"?enterprise__id__exact={far.pk}")
    assert "远方企业" not in page.text


def test_regions_share_the_leads_out(as_user, office):
    for region in ("140403", "140100", "110101", ""):
        enterprise = factories.make_enterprise(origin_region=region)
        factories.make_lead(title=region or "未填", enterprise=enterprise)
    client = as_user(office)
    found = {
        name: [
            lead.title for lead in client.get(f"{LEADS}?region={name}").context["cl"].result_list
        ]
        for name in ("city", "province", "outside", "unknown")
    }
    assert found == {
        "city": ["140403"],
        "province": ["140100"],
        "outside": ["110101"],
        "unknown": ["未填"],
    }


@pytest.mark.parametrize("role", ["office", "chain_leader"])
@pytest.mark.parametrize("query", ["", "?q=传感"])
def test_the_sum_is_that_of_the_filtered_list(as_user, chain, role, query):
    for wan in (1_000, 2_000, 5_000):
        factories.make_lead(title=f"传感{wan}", chain=chain, planned_investment_wan=wan)
    factories.make_lead(title="其他", chain=chain, planned_investment_wan=30_000)
    page = as_user(factories.make_user(role, chain=chain)).get(LEADS + query)
    assert ("合计 8,000 万元" if query else "合计 3.80 亿元") in page.text


def test_of_more_rows_than_are_counted_the_sum_is_called_the_least(as_user, office, monkeypatch):
    monkeypatch.setattr(paging, "COUNTED", 2)
    for _ in range(3):
        factories.make_lead(planned_investment_wan=1_000)
    assert "合计至少 2,000 万元" in as_user(office).get(LEADS).text
