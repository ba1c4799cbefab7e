"""The leaks measured on a naive admin, each by its name."""

import pytest
from django.contrib import admin
from django.core.checks import run_checks
from django.urls import reverse
from unfold.admin import ModelAdmin

from crm.models import Contact, Enterprise, Lead
from crm.models.leads import LeadQuerySet
from tests import factories
from tests.forms import fields
from zone.access.row_access import SCOPE_CHECK
from zone.models import AuditEntry

pytestmark = pytest.mark.django_db

LEADS, CONTACTS = (reverse(f"admin:crm_{name}_changelist") for name in ("lead", "contact"))


@pytest.fixture
def secret(chain, other_specialist):
    """A peer's lead with everything around it, out of the specialist's reach."""
    far = factories.make_chain("electronics")
    enterprise = factories.make_enterprise(name="绝密材料有限公司", chain=far)
    contact = factories.make_contact(enterprise=enterprise, phone="13900001234")
    return factories.make_lead(
        title="绝密线索",
        chain=chain,
        owner=other_specialist,
        enterprise=enterprise,
        contact=contact,
    )


@pytest.fixture
def door(as_user, specialist, secret):
    return as_user(specialist)


@pytest.mark.parametrize("path", ["phone", "email", "enterprise__name", "enterprise__leads__title"])
def test_a_hidden_value_cannot_be_guessed_by_a_lookup(door, as_user, specialist, path):
    for prefix in ("1", "13", "9"):
        assert door.get(CONTACTS, {f"{path}__startswith": prefix}).status_code == 400
    assert door.get(LEADS, {"contact__phone__startswith": "1"}).status_code == 400


def test_a_filter_over_a_relation_names_no_hidden_row(rf, specialist, secret):
    class ByEnterprise(type(admin.site._registry[Lead])):
        list_filter = ("enterprise",)

    request = rf.get(LEADS)
    request.user = specialist
    own = [factories.make_lead(owner=specialist).enterprise.name for _ in range(2)]
    lead_admin = ByEnterprise(Lead, admin.site)
    choices = lead_admin.get_changelist_instance(request).filter_specs[0].lookup_choices
    assert sorted(name for _pk, name in choices) == sorted(own)


def test_a_select_offers_no_hidden_row(door, secret):
    page = door.get(reverse("admin:crm_lead_add"), {"enterprise": secret.enterprise_id})
    assert page.status_code == 200
    assert "绝密" not in page.text


@pytest.mark.parametrize("field", ["enterprise", "contact"])
def test_a_hidden_row_cannot_be_posted(door, specialist, secret, field):
    own = factories.make_lead(owner=specialist)
    address = reverse("admin:crm_lead_change", args=[own.pk])
    data = fields(door.get(address)) | {field: str(getattr(secret, field).pk)}
    response = door.post(address, data)
    own.refresh_from_db()
    assert (response.status_code, "绝密" in response.text) == (200, False)
    assert getattr(own, field) != getattr(secret, field)


def test_there_is_no_raw_id_field_to_name_any_row():
    assert [a for a in admin.site._registry.values() if a.raw_id_fields] == []


def test_a_deletion_names_no_hidden_row_and_is_refused(rf, specialist, chain, secret):
    shared = factories.make_enterprise(chain=chain)
    contact = factories.make_contact(enterprise=shared, name="绝密联系人")
    request = rf.get("/")
    request.user = specialist
    assert contact not in Contact.objects.visible_to(specialist)
    enterprises = admin.site._registry[Enterprise]
    listed, _counts, _needed, protected = enterprises.get_deleted_objects([shared], request)
    assert "绝密" not in str(listed) + str(protected)
    assert protected


def test_a_search_by_number_shows_no_hidden_row(door, secret):
    for term in (str(secret.pk), "绝密", "13900001234", str(secret.contact_id)):
        for address in (LEADS, CONTACTS, reverse("admin:crm_enterprise_changelist")):
            page = door.get(address, {"q": term})
            assert page.context["cl"].result_count == 0, (address, term)


def test_recent_actions_and_the_shortcut_to_a_row_show_nothing(door, other_specialist, secret):
    AuditEntry.objects.record("CHANGED", by=other_specialist, of=secret)
    assert "绝密" not in door.get(reverse("admin:index")).text
    response = door.get(f"/admin/r/1/{secret.pk}/")
    assert (response.status_code, "绝密" in response.text) == (404, False)


def test_a_count_beside_a_shared_row_leaves_hidden_rows_out(door, specialist, chain, secret):
    shared = factories.make_enterprise(chain=chain)
    factories.make_lead(enterprise=shared, owner=specialist)
    factories.make_lead(enterprise=shared, owner=secret.owner)
    page = door.get(reverse("admin:crm_enterprise_changelist"))
    row = next(row for row in page.context["cl"].result_list if row == shared)
    assert row.lead_count == 1


def test_the_start_is_refused_for_an_unscoped_admin_class():
    assert run_checks(tags=[SCOPE_CHECK]) == []
    kept = admin.site._registry[Lead]
    admin.site.unregister(Lead)
    admin.site.register(Lead, ModelAdmin)
    try:
        assert [problem.id for problem in run_checks(tags=[SCOPE_CHECK])] == ["zone.E001"]
    finally:
        admin.site._registry[Lead] = kept


def test_the_start_is_refused_for_a_model_without_a_scope(monkeypatch):
    monkeypatch.delattr(LeadQuerySet, "within")
    assert [problem.id for problem in run_checks(tags=[SCOPE_CHECK])] == ["zone.E002"]
    assert not Lead.objects.visible_to(factories.make_specialist()).exists()
