"""Ways around a rule that a hostile reader found, each closed."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.urls import reverse

from crm.models import Contact, Enterprise
from tests import factories
from tests.forms import fields
from zone.login.second_factor import device_to_enrol
from zone.models import Appointment

pytestmark = pytest.mark.django_db


def add_lead(client, **data):
    data = {"title": "借名线索", "source": "OWN", "planned_investment_wan": "1"} | data
    data |= {"contact_name": "来访者", "contact_title": "", "contact_phone": ""}
    return client.post(reverse("admin:crm_lead_add"), data)


def test_naming_an_enterprise_out_of_reach_opens_neither_it_nor_its_contacts(
    as_user, specialist, chain
):
    far = factories.make_chain("electronics")
    hidden = factories.make_enterprise(name="示例远方制造有限公司", chain=far)
    contact = factories.make_contact(enterprise=hidden)
    response = add_lead(as_user(specialist), enterprise_name=hidden.name, chain=chain.pk)
    assert (response.status_code, "enterprise_name" in response.context["adminform"].errors) == (
        200,
        True,
    )
    assert not Enterprise.objects.visible_to(specialist).filter(pk=hidden.pk).exists()
    assert not Contact.objects.visible_to(specialist).filter(pk=contact.pk).exists()


def test_a_lead_of_ones_own_does_not_open_a_colleagues_contacts(as_user, specialist, chain):
    shared = factories.make_enterprise(chain=chain)
    theirs = factories.make_contact(enterprise=shared)
    assert (
        add_lead(as_user(specialist), enterprise_name=shared.name, chain=chain.pk).status_code
        == 302
    )
    assert [c.name for c in Contact.objects.visible_to(specialist)] == ["来访者"]
    assert theirs not in Contact.objects.visible_to(specialist)


def test_whoever_handled_an_agreement_cannot_write_somebody_else_in(as_user, office):
    agreement = factories.make_agreement(handled_by=office)
    address = reverse("admin:projects_agreement_change", args=[agreement.pk])
    client = as_user(office)
    data = fields(client.get(address)) | {"handled_by": str(factories.make_office().pk)}
    client.post(address, data)
    agreement.refresh_from_db()
    assert agreement.handled_by == office
    with pytest.raises(ValidationError):
        agreement.recognise(by=office)


def test_a_park_operator_ends_no_occupancy_of_another_park(as_user):
    operator, elsewhere = factories.make_user("park_operator"), factories.make_park()
    own = operator.appointments.get().park
    project = factories.make_project(park=own)
    foreign = factories.make_occupancy(
        space=factories.make_space(park=elsewhere), project=project, enterprise=project.enterprise
    )
    address = reverse("admin:projects_occupancy_change", args=[foreign.pk])
    assert as_user(operator).post(address, {"note": "x"}).status_code == 403
    mine = factories.make_occupancy(space=factories.make_space(park=own))
    assert mine.can_change(operator)


def test_a_follow_up_stays_as_it_was_said(as_user, specialist):
    lead = factories.make_lead(owner=specialist)
    said = factories.make_follow_up(lead=lead, by=specialist)
    address = reverse("admin:crm_followup_change", args=[said.pk])
    assert as_user(specialist).post(address, {"summary": "改写"}).status_code == 403


def test_a_lead_of_the_pool_is_claimed_before_it_is_worked_on(as_user, specialist, chain):
    lead = factories.make_lead(chain=chain)
    assert not lead.can_change(specialist)
    assert not lead.can_advance(specialist)
    client = as_user(specialist)
    assert client.get(reverse("admin:crm_lead_close", args=[lead.pk])).status_code == 403
    lead.claim(by=specialist)
    assert lead.can_advance(specialist)


def test_a_chain_leader_assigns_to_people_of_the_own_chain(as_user, chain):
    leader, lead = factories.make_user("chain_leader", chain), factories.make_lead(chain=chain)
    near = factories.make_specialist(chain)
    factories.make_specialist(factories.make_chain("electronics"))
    page = as_user(leader).get(reverse("admin:crm_lead_assign", args=[lead.pk]))
    assert list(page.context["form"].fields["to"].queryset) == [near]


def test_the_end_of_a_post_prolongs_it_never(office, specialist):
    post = specialist.appointments.get()
    post.end(by=office, on=post.starts_on, reason="调任")
    Appointment.objects.filter(pk=post.pk).update(ends_on="2999-01-01")
    post.refresh_from_db()
    with pytest.raises(ValidationError):
        post.end(by=office, on=post.ends_on.replace(year=3000), reason="延长")


@pytest.mark.django_db(transaction=True)
def test_pages_opened_at_once_make_one_key():
    person = factories.make_user()

    def enrol(_n):
        try:
            return device_to_enrol(person).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(enrol, range(8)))) == 1


@pytest.mark.parametrize("field", ["name", "uscc"])
def test_a_twin_out_of_reach_is_not_described(as_user, specialist, field):
    far = factories.make_chain("electronics")
    factories.make_enterprise(name="示例远方 制造有限公司", uscc="91149999MA0000001C", chain=far)
    data = {"name": "示例远方制造有限公司"} if field == "name" else {"name": "另一家"}
    data |= {"uscc": "91149999MA0000001C"} if field == "uscc" else {}
    client = as_user(specialist)
    address = reverse("admin:crm_enterprise_add")
    page = client.post(address, fields(client.get(address)) | data)
    assert (page.status_code, "示例远方 制造" in page.text) == (200, False)
    assert "请联系招商办" in str(page.context["adminform"].form.errors[field])
