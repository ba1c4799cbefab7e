"""The page of a row as a record: header, timeline, related rows, fields."""

from datetime import date, timedelta

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import FollowUp, Lead
from projects.models import Agreement, CapitalArrival
from projects.signing import convert
from tests import factories
from tests.factories import make
from tests.forms import fields
from zone.admin.events import SOURCES
from zone.calendar import today
from zone.models.base import Change, Row
from zone.navigation import record_url

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_screening")]


def page_of(client, row, query: str = ""):
    return client.get(record_url(type(row), row.pk) + query)


def counted(client, row) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert page_of(client, row).status_code == 200
    return len(queries)


@pytest.fixture
def lead(specialist, chain) -> Lead:
    return factories.make_lead(owner=specialist, chain=chain, title="年产一万吨正极材料项目")


@pytest.fixture
def project(lead, specialist, office):
    factories.make_follow_up(lead=lead, by=specialist, summary="看了标准厂房")
    lead.advance(by=specialist)
    return convert(lead, by=specialist, name="正极材料项目", total_investment_wan=60_000)


def test_a_record_says_what_it_is_what_comes_next_and_how_to_act(as_user, specialist, lead):
    due = today() - timedelta(days=3)
    written = due - timedelta(days=5)
    factories.make_follow_up(
        lead=lead, by=specialist, happened_on=written, next_step="送协议二稿", next_on=due
    )
    page = page_of(as_user(specialist), lead)
    for words in (
        "年产一万吨正极材料项目",
        lead.enterprise.name,
        "送协议二稿",
        "逾期 3 天",
        "写跟进",
    ):
        assert words in page.text
    assert page.context["stages"][0] | {"on": None} == {
        "label": "新线索",
        "state": "now",
        "on": None,
        "days": page.context["stages"][0]["days"],
    }
    assert [link["name"] for link in page.context["actions"]] == ["follow_up", "advance"]


def test_what_is_told_stands_in_the_order_of_time_with_the_number_of_each_kind(
    as_user, specialist, lead
):
    lead.advance(by=specialist)
    for days in (1, 5, 3):
        factories.make_follow_up(lead=lead, by=specialist, happened_on=today() - timedelta(days))
    story = page_of(as_user(specialist), lead).context["story"]
    days = [event.on for event in story.events]
    assert days == sorted(days, reverse=True)
    assert story.counts == {"follow-ups": 3, "changes": 1}
    assert story.more == 0
    only = page_of(as_user(specialist), lead, "?group=changes").context["story"]
    assert {event.source.group for event in only.events} == {"changes"}


def test_the_story_of_a_project_goes_on_from_its_lead(as_user, specialist, lead, project):
    factories.make_follow_up(project=project, by=specialist, summary="图纸已报审")
    agreement = factories.make_agreement(project=project, amount_wan=60_000, title="投资合同")
    page = page_of(as_user(specialist), project)
    for words in ("看了标准厂房", "图纸已报审", "投资合同"):
        assert words in page.text
    [papers] = [one for one in page.context["related"] if one["title"] == "协议"]
    assert (papers["count"], papers["total"]) == (1, "6.00 亿元")
    assert papers["rows"][0]["url"] == record_url(Agreement, agreement.pk)


def test_a_record_tells_of_nothing_that_is_out_of_reach(as_user, specialist, chain, lead):
    """Another's lead of the same enterprise is neither counted nor told of."""
    other = factories.make_user("specialist", chain=chain)
    hidden = factories.make_lead(
        owner=other, chain=chain, enterprise=lead.enterprise, title="别人的线索", contact=None
    )
    factories.make_follow_up(lead=hidden, by=other, summary="别人的跟进")
    page = page_of(as_user(specialist), lead.enterprise)
    assert "别人的" not in page.text
    assert [one["count"] for one in page.context["related"] if one["title"] == "线索"] == [1]
    assert page_of(as_user(specialist), hidden).status_code == 302


def test_the_list_behind_related_rows_holds_just_these(as_user, office, lead, project):
    for n in range(7):
        make(CapitalArrival, project=project, amount_wan=n + 1, arrived_on=date(2025, 5, 1))
    make(CapitalArrival, amount_wan=5, arrived_on=date(2025, 5, 1))
    client = as_user(office)
    [money] = [
        one for one in page_of(client, project).context["related"] if one["title"] == "到位资金"
    ]
    assert (money["count"], money["rest"], money["total"]) == (7, 2, "28 万元")
    listed = client.get(money["url"]).context["cl"]
    assert {row.project_id for row in listed.result_list} == {project.pk}
    assert listed.result_count == 7


def test_a_record_costs_the_same_at_1_and_at_30_rows_and_at_most_20_queries(
    as_user, office, specialist, lead, project
):
    client = as_user(office)
    open_lead = factories.make_lead(owner=specialist, chain=lead.chain)
    rows = (open_lead, lead, project, lead.enterprise, factories.make_agreement(project=project))

    def fill(times: int):
        for n in range(times):
            factories.make_follow_up(lead=open_lead, by=specialist)
            factories.make_follow_up(project=project, by=specialist)
            make(CapitalArrival, project=project, amount_wan=n + 1)
            factories.make_agreement(project=project, kind="FRAMEWORK", amount_wan=n + 1)

    fill(1)
    page_of(client, lead)  # what a process asks once
    few = [counted(client, row) for row in rows]
    fill(29)
    assert [counted(client, row) for row in rows] == few
    assert max(few) <= 20, few


def test_what_is_said_of_a_saved_row_leads_to_its_record(as_user, office, lead):
    Lead.objects.filter(pk=lead.pk).update(title="<b>“甲”&</b>", stage="NEW")
    client, form = as_user(office), reverse("admin:crm_lead_change", args=[lead.pk])
    said = fields(client.get(form)) | {"referrer": "老张"}
    page = client.post(form, said, follow=True)
    [told] = page.context["messages"]
    link = f'<a href="{record_url(Lead, lead.pk)}">&lt;b&gt;“甲”&amp;&lt;/b&gt;</a>'
    assert link in str(told)
    assert form not in str(told)


def test_whatever_belongs_to_a_record_and_has_a_day_is_told():
    """A new noun that names what it belongs to declares its line, or says here why it has none."""
    silent = {"Credit", "Occupancy", "Contact", "AgreementCredit", "Building", "ChainSegment"}
    models = {one.model for one in SOURCES}
    on_records = {type(one) for one in ()} | {
        model for model, one in admin.site._registry.items() if one.record
    }
    missing = {
        model.__name__
        for base in (Row, Change)
        for model in base.__subclasses__()
        if not model._meta.abstract and model not in models and owners(model) & on_records
    }
    assert missing <= silent


def owners(model) -> set:
    names = (model.SUBJECT,) if issubclass(model, Change) else model.BELONGS_TO
    return {model._meta.get_field(name).related_model for name in names}


def test_a_follow_up_of_two_fields_is_written_from_the_record(as_user, specialist, lead):
    client = as_user(specialist)
    page = page_of(client, lead)
    [link] = [one for one in page.context["actions"] if one["name"] == "follow_up"]
    sheet = link["form"]
    when = sheet.fields["when"].choices[1][0]
    said = {"kind": "CALL", "happened_on": today(), "summary": "谈" * 1500, "when": when}
    assert client.post(link["url"], said | {"once": sheet.once}).url == record_url(Lead, lead.pk)
    kept = FollowUp.objects.get()
    assert (kept.summary, str(kept.next_on)) == ("谈" * 1500, when)
    refused = client.post(link["url"], said | {"summary": "谈" * 2001})
    assert (refused.status_code, "谈" * 2001 in refused.text) == (200, True)


def test_a_record_that_may_only_be_read_offers_no_change(as_user, lead):
    page = page_of(as_user(factories.make_user("leadership")), lead)
    assert (page.context["actions"], page.context["edit"]) == ([], "")
    edit = reverse("admin:crm_lead_change", args=[lead.pk])
    assert edit not in page.text
