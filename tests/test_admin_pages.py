"""Every admin page opens, within its query budget, at 1 and at 30 rows."""

from decimal import Decimal

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm.models.merges import EnterpriseMerge
from crm.models.screenings import Screening
from crm.models.transfers import LeadTransfer
from crm.models.trips import Trip, TripMeeting
from tests import factories, forms
from zone.calendar import today
from zone.models import (
    AuditEntry,
    Building,
    ChainSegment,
    Fund,
    ImportRun,
    JobRun,
    PublishedFigure,
    SavedView,
    SecurityAlert,
    WebhookDelivery,
    ZoneSetting,
)

pytestmark = pytest.mark.django_db

OURS = [
    model for model in admin.site._registry if model._meta.app_label in ("zone", "crm", "projects")
]
CHANGELIST_BUDGET, FORM_BUDGET, SAVE_BUDGET = 12, 20, 25


@pytest.fixture
def root(client):
    user = factories.make_user(username="root", is_superuser=True)
    client.force_login(user)
    return user


def fill(rows: int, user):
    """Make ``rows`` of everything, each with rows of its own below it."""
    chains = [factories.make_chain(f"chain-{n}") for n in range(rows)]
    for n, chain in enumerate(chains):
        enterprise = factories.make_enterprise(chain=chain)
        contact = factories.make_contact(enterprise=enterprise)
        segment = ChainSegment.objects.create(chain=chain, name=f"环节{n}", position="UPSTREAM")
        lead = factories.make_lead(
            enterprise=enterprise, chain=chain, contact=contact, segment=segment, owner=user
        )
        factories.make_screening(lead=lead)
        lead.advance(by=user)
        factories.make_follow_up(lead=lead, by=user)
        park = factories.make_park(chain=chain)
        building = Building.objects.create(park=park, name="1号楼")
        space = factories.make_space(park=park, building=building)
        project = factories.make_project(
            chain=chain, enterprise=enterprise, park=park, handler=user
        )
        factories.make_counted(1_000, project=project)
        factories.make_credit(project=project, specialist=user)
        factories.make_follow_up(project=project, by=user)
        factories.make_arrival(project=project)
        factories.make_occupancy(space=space, enterprise=enterprise, project=project)
        factories.make_parts(lead=lead, enterprise=enterprise, project=project)
        factories.make_target("SIGNED_AMOUNT", 1, year=2025, chain=chain)
        factories.make_appointment(factories.make_user(), "SPECIALIST", chain=chain)
        factories.make_client(owner=user).chains.add(chain)
        endpoint = factories.make_endpoint()
        factories.make_host(f"{n}.example.cn", approved_by=user)
        factories.make_delivery(endpoint)
        factories.make_delivery(endpoint, dead_at=timezone.now())
        Fund.objects.create(name=f"基金{n}")
        SavedView.objects.create(
            owner=user, name=f"视图{n}", model="crm.lead", shared_with="EVERYBODY"
        )
        factories.make(ImportRun, by=user)
        JobRun.objects.create(name=f"job{n}")
        PublishedFigure.objects.create(
            year=2025, indicator=f"指标{n}", value=Decimal(1), unit="个", source="公开报道"
        )
        SecurityAlert.objects.note("REVEALS", about=factories.make_user(), on=today(), count=51)
    ZoneSetting.objects.create(key="SIGNED_FLOOR_WAN", value=0)
    for model in OURS:
        for _number in range(0 if model.objects.exists() else rows):
            factories.make(model)


def many_below_one(user, rows: int = 30) -> dict:
    """Return {model: row} with ``rows`` rows in every inline of the row."""
    chain = factories.make_chain()
    enterprise = factories.make_enterprise()
    lead = factories.make_lead(enterprise=enterprise, chain=chain, owner=user)
    project = factories.make_project(chain=chain, enterprise=enterprise)
    park = factories.make_park()
    for n in range(rows):
        person = factories.make_specialist(chain)
        factories.make_contact(enterprise=enterprise)
        factories.make_follow_up(lead=lead, by=person)
        factories.make_follow_up(project=project, by=person)
        factories.make_agreement(project=project)
        factories.make_credit(project=project, specialist=person, share=Decimal(1))
        ChainSegment.objects.create(chain=chain, name=f"环节{n}", position="UPSTREAM")
        Building.objects.create(park=park, name=f"{n}号楼")
        lead.release(by=person, reason="测试")
        lead.claim(by=person)
        factories.make_appointment(user, "SPECIALIST", chain=factories.make_chain(f"chain-{n}"))
    return {type(row): row for row in (chain, enterprise, lead, project, park, user)}


def queries(client, url) -> int:
    with CaptureQueriesContext(connection) as seen:
        response = client.get(url)
        assert response.status_code == 200, url
    return len(seen)


def url(model, page: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def over_budget(client, user) -> dict:
    """Return the pages of ``user`` that ask too much: {(model, page): queries}."""
    client.force_login(user)
    client.get("/admin/")
    over = {}
    for model in OURS:
        if not user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}"):
            continue
        row = model.objects.visible_to(user).first()
        for page, args, budget in (
            ("changelist", (), CHANGELIST_BUDGET),
            ("change", (row.pk,), FORM_BUDGET),
        ):
            if (asked := queries(client, url(model, page, *args))) > budget:
                over[model.__name__, page] = asked
    return over


@pytest.mark.slow
def test_no_list_of_30_rows_takes_more_than_12_queries_and_no_form_more_than_20(client, root):
    fill(30, root)
    assert over_budget(client, root) == {}
    chain = factories.make_chain("chain-0")
    for role in ("office", "leadership", "chain_leader", "specialist"):
        user = factories.make_user(role, chain)
        lead = factories.make_lead(owner=user, chain=chain)
        factories.make_follow_up(lead=lead, by=user)
        factories.make_contact(enterprise=lead.enterprise, entered_by=user)
        project = factories.make_project(handler=user, chain=chain)
        factories.make_counted(1_000, project=project)
        factories.make_credit(project=project, specialist=user)
        factories.make_arrival(project=project)
        factories.make_occupancy(project=project, enterprise=project.enterprise)
        trip = factories.make(Trip, entered_by=user)
        parts = {"lead": lead, "enterprise": project.enterprise, "project": project, "trip": trip}
        factories.make_parts(**parts)
        factories.make_conflict(raised_by=user)
        factories.make(ImportRun, by=user)
        assert over_budget(client, user) == {}, role


@pytest.mark.slow
def test_a_form_with_30_rows_in_each_inline_stays_within_20_queries(client, root):
    rows = many_below_one(root)
    counts = {
        model.__name__: queries(client, url(model, "change", row.pk)) for model, row in rows.items()
    }
    assert {name: n for name, n in counts.items() if n > FORM_BUDGET} == {}


def saved(client, address: str) -> int:
    """Save the form at ``address`` with another text in its first line; return the queries."""
    data = forms.fields(client.get(address))
    name = next(name for name in ("title", "name", "content", "display_name") if name in data)
    with CaptureQueriesContext(connection) as seen:
        response = client.post(address, data | {name: "另一个名字"})
    assert response.status_code == 302, response.context["errors"]
    return len(seen)


@pytest.mark.parametrize("rows", [1, 30])
def test_a_save_takes_at_most_25_queries_whatever_hangs_on_the_row(client, root, rows):
    found = many_below_one(root, rows)
    counts = {
        model.__name__: saved(client, url(model, "change", row.pk)) for model, row in found.items()
    }
    assert {name: n for name, n in counts.items() if n > SAVE_BUDGET} == {}


@pytest.mark.slow
def test_every_add_form_opens(client, root):
    made_by_the_system = {
        AuditEntry,
        EnterpriseMerge,
        ImportRun,
        JobRun,
        SecurityAlert,
        WebhookDelivery,
    }
    made_on_another_page = {LeadTransfer, Screening, TripMeeting}
    counts = {
        model.__name__: queries(client, url(model, "add"))
        for model in OURS
        if model not in made_by_the_system | made_on_another_page
    }
    assert {name: n for name, n in counts.items() if n > FORM_BUDGET} == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    "query",
    [
        "?q=%00",
        "?q=%F0%9F%98%80&p=9999999999999999999",
        "?o=999.-5.x&e=1",
        "?stage__exact=%00",
        "?id__exact=not-a-uuid",
        "?signed_on__gte=2025-99-99",
        "?current=x&counts=x&whose=x",
        "?registered_at__year=0&signed_on__year=99999999999",
        "?project__credits__specialist__id__exact=1",
    ],
)
def test_a_crafted_query_string_never_gives_a_500(client, root, query):
    for model in OURS:
        response = client.get(url(model, "changelist") + query)
        assert response.status_code in (200, 302, 400, 403), model


@pytest.mark.parametrize("pk", ["x", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_id_is_404_or_leads_back(client, root, pk):
    for model in OURS:
        assert client.get(url(model, "change", pk)).status_code in (302, 404), model


def test_a_search_finds_titles_and_enterprises(client, root):
    one = factories.make_lead(title="年产正极材料")
    other = factories.make_lead(enterprise=factories.make_enterprise(name="示例正极有限公司"))
    factories.make_lead(title="负极")
    page = client.get(url(type(one), "changelist") + "?q=正极")
    assert set(page.context["cl"].queryset) == {one, other}


def test_only_a_superuser_touches_a_superusers_account(client, root):
    client.force_login(factories.make_user("system_admin"))
    for page in ("change", "password_change"):
        name = "auth_user_password_change" if page == "password_change" else "zone_user_change"
        assert client.post(reverse(f"admin:{name}", args=[root.pk]), {}).status_code == 403


@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_is_a_page_that_says_what_to_do(client, settings, status):
    settings.DEBUG = False
    client.force_login(factories.make_user("auditor"))
    path = "/nowhere/" if status == 404 else url(OURS[0], "changelist")
    response = client.get(path)
    assert response.status_code == status
    assert "招商办" in response.text


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_badges_have_their_colour_in_both_languages(client, root, settings, language):
    factories.make_lead()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    page = client.get(reverse("admin:crm_lead_changelist")).text
    assert "zone-label info" in page[page.index('id="result_list"') :]
