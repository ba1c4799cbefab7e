"""Every list goes out as filtered, told in the trail, with nothing that calculates or is hidden."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.urls import reverse

from crm.models import Lead
from tests import factories
from tests.imports.test_pages import book
from zone.admin import tables
from zone.models import AuditEntry, Row

pytestmark = pytest.mark.django_db
LISTS = [model for model in admin.site._registry if issubclass(model, Row)]
EXPORT = "admin:crm_lead_export"


def export_of(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_export")


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model.__name__)
def test_every_list_has_its_export(as_user, model):
    client = as_user(factories.make_user(username="root", is_superuser=True))
    factories.make(model)
    found = book(client.post(export_of(model)))
    assert len(found) == 1 + model.objects.count()
    entry = AuditEntry.objects.get(action="EXPORTED")
    assert (entry.detail["what"], entry.detail["rows"]) == (model._meta.label_lower, len(found) - 1)


def test_it_takes_a_post_and_the_right_to_look(as_user, specialist, chain):
    client = as_user(specialist)
    assert client.get(reverse(EXPORT)).status_code == 405
    operator = factories.make_user("park_operator")
    assert as_user(operator).post(reverse(EXPORT)).status_code == 403


def test_it_holds_what_the_list_shows_and_no_more(as_user, specialist, other_specialist, chain):
    factories.make_lead(chain=chain, owner=specialist, title="我的")
    factories.make_lead(chain=chain, owner=other_specialist, title="别人的")
    contact = factories.make_contact(name="钱老板")
    factories.make_lead(chain=chain, title="公海的", enterprise=contact.enterprise, contact=contact)
    client = as_user(specialist)
    found = book(client.post(reverse(EXPORT)))
    assert ({row[2] for row in found[1:]}, "钱老板" in str(found)) == ({"我的", "公海的"}, False)
    only = book(client.post(reverse(EXPORT) + "?whose=pool"))
    assert [row[2] for row in only[1:]] == ["公海的"]


def test_it_is_capped(as_user, office, chain, monkeypatch):
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    for _n in range(3):
        factories.make_lead(chain=chain)
    assert len(book(as_user(office).post(reverse(EXPORT)))) == 3


def test_what_calculates_is_text(as_user, office, chain):
    factories.make_lead(chain=chain, title="＝HYPERLINK(1)", needs="+1")
    found = book(as_user(office).post(reverse(EXPORT)))
    assert "'=HYPERLINK(1)" in found[1] or "'＝HYPERLINK(1)" in found[1]
    assert "'+1" in found[1]


def test_the_queries_of_an_export_do_not_grow(
    as_user, office, chain, django_assert_max_num_queries
):
    client = as_user(office)

    def count(rows: int) -> int:
        while Lead.objects.count() < rows:
            contact = factories.make_contact()
            factories.make_lead(
                chain=chain, enterprise=contact.enterprise, contact=contact, owner=office
            )
        with django_assert_max_num_queries(60) as found:
            client.post(reverse(EXPORT))
        return len(found)

    count(1)
    assert count(1) == count(30)
