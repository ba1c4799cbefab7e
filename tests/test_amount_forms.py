"""Amounts at every door: one field in every form, one bound in the database, exact JSON."""

from datetime import date
from decimal import Decimal

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import RequestFactory
from django.utils.translation import override

from crm.models import Lead
from projects.models import CapitalArrival, Project
from tests import factories
from tests.forms import carried, fields, send
from zone.admin.inputs import AskedNumber, DayWidget
from zone.calendar import today
from zone.fields import PlainNumber, WanField
from zone.models import Row, Target, ZoneSetting
from zone.units import MOST_WAN

pytestmark = pytest.mark.django_db

LEAD, TARGET = "/admin/crm/lead/add/", "/admin/zone/target/add/"
AMOUNTS = [
    field
    for app in ("zone", "crm", "projects")
    for model in apps.get_app_config(app).get_models()
    for field in model._meta.fields
    if isinstance(field, WanField)
]


def root():
    return factories.make_user(username="root", is_superuser=True)


def forms_of_the_admin():
    """Yield the form of every admin class and inline, as somebody with every right gets it."""
    request = RequestFactory().get("/")
    request.user = root()
    for model, model_admin in admin.site._registry.items():
        yield model, model_admin.get_form(request)
        if issubclass(model, Row):
            yield model, model_admin.get_form(request, factories.build(model), change=True)
        for inline in model_admin.get_inline_instances(request):
            yield inline.model, inline.get_formset(request).form


def lead(**changes) -> dict:
    return {
        "enterprise_name": factories.make_enterprise().name,
        "title": "储能材料项目",
        "chain": factories.make_chain().pk,
        "source": "REFERRAL",
        "contact_name": "王经理",
        **changes,
    }


def error_of(response, name: str) -> str:
    with override("zh-hans"):
        return " ".join(response.context["adminform"].form.errors.get(name, []))


def test_every_form_has_the_one_field_for_amounts_and_the_one_for_days():
    found = {
        (model, name): field
        for model, form in forms_of_the_admin()
        for name, field in form.base_fields.items()
    }
    amounts = {type(found[field.model, field.name]) for field in AMOUNTS}
    assert (amounts, len(AMOUNTS) >= 9) == ({AskedNumber}, True)
    numbers = [field for field in found.values() if type(field).__name__ == "DecimalField"]
    assert numbers == []
    days = [field for field in found.values() if type(field).__name__ == "DateField"]
    assert {type(field.widget) for field in days} == {DayWidget}
    assert sum(isinstance(field, PlainNumber) for field in found.values()) > len(AMOUNTS)


@pytest.mark.parametrize("text", ["1.2亿", "１２，０００", "12000 万元"])
def test_a_lead_takes_an_amount_as_it_is_written(as_user, specialist, text):
    as_user(specialist).post(LEAD, lead(planned_investment_wan=text))
    assert Lead.objects.get().planned_investment_wan == 12_000


@pytest.mark.parametrize("text", ["1,5", "1e5", "NaN", "0x10", "999999999999万"])
def test_what_is_no_amount_is_refused_and_stays_in_the_form(as_user, specialist, text):
    response = as_user(specialist).post(LEAD, lead(planned_investment_wan=text))
    assert error_of(response, "planned_investment_wan")
    assert f'value="{text}"' in response.text
    assert Lead.objects.count() == 0


def test_an_unusual_amount_is_asked_about_once_and_nothing_is_lost(as_user, specialist):
    client, data = as_user(specialist), lead(planned_investment_wan="100.1亿")
    asked = client.post(LEAD, data)
    assert "通常范围（1 万元至100.00 亿元）" in error_of(asked, "planned_investment_wan")
    assert 'name="planned_investment_wan-sure" value="1001000"' in asked.text
    assert (asked.context["adminform"].form["title"].value(), Lead.objects.count()) == (
        data["title"],
        0,
    )
    other = client.post(LEAD, data | {"planned_investment_wan-sure": "1000"})
    assert error_of(other, "planned_investment_wan")  # ticked for another amount
    client.post(LEAD, data | {"planned_investment_wan-sure": "1001000"})
    made = Lead.objects.get()
    assert made.planned_investment_wan == 1_001_000

    change = f"/admin/crm/lead/{made.pk}/change/"
    page = client.get(change)
    client.post(change, fields(page) | {"title": "改名"})
    assert Lead.objects.get().title == "改名"  # what is left as it was is not asked about


def test_a_tick_stays_while_something_else_is_wrong(as_user, specialist):
    data = lead(planned_investment_wan="0.5", title="")
    data |= {"planned_investment_wan-sure": "0.5"}
    response = as_user(specialist).post(LEAD, data)
    assert not error_of(response, "planned_investment_wan")
    assert 'name="planned_investment_wan-sure" value="0.5" checked' in response.text


def test_the_office_sets_what_is_usual(as_user, specialist):
    ZoneSetting.objects.create(key="USUAL_AMOUNT_LEAST_WAN", value=20_000)
    client = as_user(specialist)
    asked = client.post(LEAD, lead(planned_investment_wan="1.2亿"))
    assert "2.00 亿元" in error_of(asked, "planned_investment_wan")


def test_a_lead_is_converted_with_the_amount_it_has_and_asked_about_another(as_user, chain):
    owner = factories.make_specialist(chain)
    row = factories.make_lead(owner=owner, chain=chain, planned_investment_wan=Decimal("0.5"))
    factories.make_screening(lead=row)
    row.advance(by=owner)
    address, client = f"/admin/crm/lead/{row.pk}/convert/", as_user(owner)
    data = {"name": "项目", "total_investment_wan": "0.25", "on": today()}
    assert "0.25 万元" in client.post(address, data).text
    assert Project.objects.count() == 0
    client.post(address, data | {"total_investment_wan": "0.5"})
    assert Project.objects.get().total_investment_wan == Decimal("0.5")


def target(**changes) -> dict:
    return {"year": "2027", "measure": "SIGNED_AMOUNT", **changes}


def test_239_for_the_zone_is_asked_about_and_239_yi_is_not(as_user, office):
    client = as_user(office)
    asked = client.post(TARGET, target(value="239"))
    assert "239 万元" in error_of(asked, "value")
    assert "= 239 万元" in asked.text
    assert Target.objects.count() == 0
    client.post(TARGET, target(value="239亿"))
    assert Target.objects.get().value == 2_390_000


def test_projects_and_tenants_are_whole_and_have_no_unit_of_money(as_user, office):
    client = as_user(office)
    for value, words in (("2.5", "整数"), ("40万", "数字"), ("1,5", "逗号")):
        response = client.post(TARGET, target(measure="SIGNED_PROJECTS", value=value))
        assert words in error_of(response, "value"), value
    client.post(TARGET, target(measure="SIGNED_PROJECTS", value="40"))
    assert Target.objects.get().value == 40


def test_a_target_form_says_its_unit_and_carries_that_of_each_measure(as_user, office):
    made = factories.make_target("SIGNED_AMOUNT", 2_390_000, year=2027)
    page = as_user(office).get(f"/admin/zone/target/{made.pk}/change/").text
    assert "也可写 239亿" in page
    assert "= 239.00 亿元" in page
    assert 'data-unit-of="measure"' in page


def test_days_of_a_setting_are_whole(as_user, office):
    client = as_user(office)
    data = {"key": "LEAD_PROTECTION_DAYS", "value": "90.5"}
    response = client.post("/admin/zone/zonesetting/add/", data)
    assert "整数" in error_of(response, "value")


@pytest.mark.parametrize("field", AMOUNTS, ids=lambda field: f"{field.model.__name__}.{field.name}")
def test_no_amount_passes_the_bound_of_the_database(field):
    row = factories.make(field.model)
    rows = field.model._base_manager.filter(pk=row.pk)
    with pytest.raises(IntegrityError, match="bounded"), transaction.atomic():
        rows.update(**{field.name: MOST_WAN + 1})


@pytest.mark.parametrize(("text", "wan"), [("1.2亿", 12_000), ("1,5", None), ("1e5", None)])
def test_a_text_that_an_import_puts_into_a_row_is_read_by_the_same_rule(text, wan):
    row = factories.build(Lead, planned_investment_wan=text)
    if wan is None:
        with pytest.raises(ValidationError) as refusal:
            row.full_clean()
        assert "planned_investment_wan" in refusal.value.error_dict
    else:
        row.full_clean()
        assert row.planned_investment_wan == wan


@pytest.mark.parametrize(
    ("row", "constraint"),
    [
        (Target(year=2027, measure="SIGNED_PROJECTS", value=Decimal("2.5")), "counts_are_whole"),
        (Target(year=2027, measure="SIGNED_AMOUNT", value=MOST_WAN + 1), "target_bounded"),
        (ZoneSetting(key="LEAD_PROTECTION_DAYS", value=Decimal("90.5")), "whole_days"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_the_database_itself_refuses_fractions_of_projects_and_days(row, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        row.save()


def test_an_amount_that_is_only_read_is_in_words(as_user, leader):
    arrival = factories.make_arrival(amount_wan=Decimal(4200), arrived_on=date(2025, 3, 1))
    page = as_user(leader).get(f"/admin/projects/capitalarrival/{arrival.pk}/change/").text
    assert "4,200 万元" in page
    CapitalArrival.objects.update(amount_wan=36_500)
    page = as_user(leader).get(f"/admin/projects/capitalarrival/{arrival.pk}/change/").text
    assert "36,500 万元（3.65 亿元）" in page
    made = factories.make_target("SIGNED_AMOUNT", 2_390_000)
    page = as_user(leader).get(f"/admin/zone/target/{made.pk}/change/").text
    assert "239.00 亿元" in page
    assert ".0000" not in page


def test_a_form_asks_once_for_what_is_usual(as_user, specialist):
    """An amount that was not touched asks for no setting."""
    client, row = as_user(specialist), factories.make_lead(owner=specialist)
    change = f"/admin/crm/lead/{row.pk}/change/"
    data = fields(client.get(change))
    with connection.execute_wrapper(_noting(seen := [])):
        client.post(change, data | {"title": "改名"})
    assert [sql for sql in seen if "zone_zonesetting" in sql] == []
    page = client.get(change)
    with connection.execute_wrapper(_noting(seen)):
        client.post(change, fields(page) | carried(page) | {"planned_investment_wan": "6000"})
    assert len([sql for sql in seen if "zone_zonesetting" in sql]) == 1


def _noting(seen: list):
    def note(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    return note


def test_a_correction_of_an_arrival_is_negative(as_user, office):
    project = factories.make_project()
    data = {"project": project.pk, "arrived_on": "2025-03-01", "amount_wan": "-1.2亿"}
    data |= {"origin": "OUTSIDE_CITY", "use": "FIXED_ASSETS"}
    send(as_user(office), "/admin/projects/capitalarrival/add/", data)
    assert CapitalArrival.objects.get().amount_wan == -12_000
