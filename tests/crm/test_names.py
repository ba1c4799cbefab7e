"""Which enterprise a name means: exactly one, none, or one that has to be asked about."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from crm.models import Contact, Enterprise, Lead
from tests import factories
from tests.faults.test_clashing_forms import intake, logged_in
from tests.forms import fields
from tests.racing import at_once, held_up

CODE, OTHER_CODE = "91149999MA0000001C", "91149999MA0000002F"
LIMITED, STOCK = "东岭汽车有限公司", "东岭汽车股份有限公司"
pytestmark = pytest.mark.django_db


def error_codes(refused) -> dict:
    found = refused.value.error_dict
    return {name: [error.code for error in errors] for name, errors in found.items()}


def test_two_credit_codes_are_two_enterprises():
    factories.make_enterprise(name=LIMITED, uscc=CODE)
    other = Enterprise(name=STOCK, uscc=OTHER_CODE)
    other.full_clean()
    other.save()


@pytest.mark.parametrize("codes", [(None, None), (CODE, None), (None, CODE)])
def test_a_like_name_is_asked_about_unless_both_have_codes(codes):
    factories.make_enterprise(name=LIMITED, uscc=codes[0])
    other = Enterprise(name=STOCK, uscc=codes[1])
    with pytest.raises(ValidationError) as refused:
        other.full_clean()
    assert error_codes(refused) == {"name": ["alike"]}
    other.is_distinct = True
    other.full_clean()
    other.save()
    other.address = "长治"
    other.full_clean()  # asked once


def test_an_enterprise_renamed_like_another_is_asked_about(as_user, office):
    factories.make_enterprise(name=LIMITED)
    other = factories.make_enterprise(name="另一家")
    client, address = as_user(office), reverse("admin:crm_enterprise_change", args=[other.pk])
    page = client.post(address, fields(client.get(address)) | {"name": STOCK})
    assert [e.code for e in page.context["adminform"].form.errors.as_data()["name"]] == ["alike"]
    said = {"name": STOCK, "is_distinct": "on"}
    assert client.post(address, fields(client.get(address)) | said).status_code == 302


@pytest.mark.parametrize(
    "typed", ["检索(长治)ABC公司", "检索（长治）ＡＢＣ公司", " 检索 （长治） abc公司"]
)
def test_one_registered_name_is_one_enterprise_in_any_spelling(typed):
    kept = factories.make_enterprise(name="检索（长治）ABC公司")
    assert kept.name == "检索（长治）ABC公司"
    twin = Enterprise(name=typed, is_distinct=True, uscc=CODE)
    with pytest.raises(ValidationError, match="已有记录"):
        twin.full_clean()
    with pytest.raises(IntegrityError, match="exact_key"), transaction.atomic():
        twin.save()


def test_a_lead_typed_with_a_like_name_is_filed_under_no_other_enterprise(
    as_user, specialist, chain
):
    known = factories.make_enterprise(name=LIMITED, chain=chain)
    client, address = as_user(specialist), reverse("admin:crm_lead_add")
    typed = intake(chain) | {"enterprise_name": STOCK}
    page = client.post(address, typed)
    form = page.context["adminform"].form
    assert [e.code for e in form.errors.as_data()["enterprise_name"]] == ["alike"]
    assert 'name="is_distinct"' in page.text
    assert (Lead.objects.count(), Contact.objects.count()) == (0, 0)
    assert client.post(address, typed | {"is_distinct": "on"}).status_code == 302
    assert Lead.objects.get().enterprise.name == STOCK != known.name


def test_a_lead_typed_with_the_registered_name_finds_its_enterprise(as_user, specialist, chain):
    known = factories.make_enterprise(name="检索（长治）有限公司", chain=chain)
    client, address = as_user(specialist), reverse("admin:crm_lead_add")
    assert 'name="is_distinct"' not in client.get(address).text
    said = intake(chain) | {"enterprise_name": "检索 (长治)有限公司"}
    assert client.post(address, said).status_code == 302
    assert Lead.objects.get().enterprise == known


def test_what_is_wrong_with_a_new_name_is_told_on_the_form(as_user, specialist, chain):
    said = intake(chain) | {"enterprise_name": "示例 13812345678 公司"}
    page = as_user(specialist).post(reverse("admin:crm_lead_add"), said)
    assert list(page.context["adminform"].form.errors) == ["enterprise_name"]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_enter_like_names_at_once_the_second_is_asked():
    chain = factories.make_chain()
    first, second = (factories.make_specialist(chain) for _ in range(2))
    address, typed = reverse("admin:crm_lead_add"), intake(chain)
    with transaction.atomic():
        client = Client()
        client.force_login(first)
        assert client.post(address, typed | {"enterprise_name": LIMITED}).status_code == 302
        late = typed | {"enterprise_name": STOCK}
        held = held_up(lambda: logged_in(second).post(address, late))
    answer = held.result(60)
    assert (answer.status_code, "名称相近" in answer.text) == (200, True)
    assert Enterprise.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_like_names_are_taken(monkeypatch):
    """The negative control."""
    monkeypatch.setattr("crm.models.enterprises.lock_names", lambda keys: None)
    with transaction.atomic():
        first = Enterprise(name=LIMITED)
        first.full_clean()
        first.save()

        def second(_n):
            other = Enterprise(name=STOCK)
            other.full_clean()
            other.save()

        at_once(1, second)
    assert Enterprise.objects.count() == 2
