"""What one post opens and what another allows do not add up."""

from datetime import timedelta

import pytest
from django.urls import reverse

from crm.models import Contact, Enterprise, Lead
from projects.models import Agreement, Occupancy
from tests import factories
from tests.forms import fields
from zone.access.row_access import row_access
from zone.calendar import today
from zone.models import Appointment, Building, Space
from zone.navigation import record_url

pytestmark = pytest.mark.django_db

SECOND_POSTS = sorted(set(Appointment.Role.values) - {"OFFICE", "PARK_OPERATOR"})


@pytest.fixture
def parks():
    return factories.make_park(), factories.make_park()


@pytest.fixture
def operator(parks):
    return factories.make_user("park_operator", park=parks[0])


def appoint(user, role, chain):
    factories.make_appointment(user, role, chain=chain if role == "CHAIN_LEADER" else None)


@pytest.mark.parametrize("role", SECOND_POSTS)
def test_a_second_post_opens_no_space_of_another_park_for_change(as_user, operator, parks, role):
    appoint(operator, role, factories.make_chain())
    own, foreign = (factories.make_space(park=park) for park in parks)
    client = as_user(operator)
    for space in (own, foreign):
        address = reverse("admin:zone_space_change", args=[space.pk])
        page = client.get(address)
        data = fields(page) if page.context and page.context.get("adminform") else {}
        client.post(address, data | {"code": "X-1"})
        space.refresh_from_db()
    assert (own.code == "X-1", foreign.code == "X-1") == (True, False)


def test_a_second_post_adds_no_building_to_another_park(as_user, operator, parks):
    appoint(operator, "STATISTICIAN", None)
    client = as_user(operator)
    for park in parks:
        client.post(reverse("admin:zone_building_add"), {"park": park.pk, "name": "7"})
    assert [building.park for building in Building.objects.all()] == [parks[0]]


def test_a_second_post_books_no_space_of_another_park(as_user, operator, parks):
    appoint(operator, "STATISTICIAN", None)
    spaces = [factories.make_space(park=park) for park in parks]
    enterprise = factories.make_enterprise(entered_by=operator)
    client = as_user(operator)
    for space in spaces:
        address = reverse("admin:projects_occupancy_add")
        data = {"space": space.pk, "enterprise": enterprise.pk, "kind": "LEASE"}
        data |= {"starts_on": "2025-01-01"}
        client.post(address, fields(client.get(address)) | data)
    assert [booked.space for booked in Occupancy.objects.all()] == [spaces[0]]
    foreign = factories.make_occupancy(space=spaces[1])
    assert not foreign.can_change(operator)


@pytest.fixture
def reader(chain):
    """Return a specialist who reads the whole zone as statistician."""
    user = factories.make_specialist(chain)
    factories.make_appointment(user, "STATISTICIAN")
    return user


def test_a_statistician_changes_as_specialist_only_what_is_in_hand(as_user, reader):
    agreement = factories.make_agreement(title="别人的")
    client = as_user(reader)
    address = reverse("admin:projects_agreement_change", args=[agreement.pk])
    assert client.get(address).status_code == 200
    assert client.post(address, {"title": "改了"}).status_code == 403
    assert Agreement.objects.get().title == "别人的"


def test_a_statistician_reveals_as_specialist_only_contacts_in_reach(as_user, reader, chain):
    mine = factories.make_contact(entered_by=reader)
    theirs = factories.make_contact()
    assert Contact.objects.visible_to(reader).filter(pk=theirs.pk).exists()
    assert (mine.can_reveal(reader), theirs.can_reveal(reader)) == (True, False)


def test_a_leader_of_one_chain_assigns_no_lead_of_another(chain):
    user = factories.make_user("chain_leader", chain=chain)
    factories.make_appointment(user, "LEADERSHIP")
    own = factories.make_lead(chain=chain)
    other = factories.make_lead(chain=factories.make_chain("electronics"))
    assert Lead.objects.visible_to(user).count() == 2
    assert (own.can_assign(user), other.can_assign(user)) == (True, False)


def test_one_post_alone_costs_no_further_query(django_assert_num_queries, specialist, chain):
    lead = factories.make_lead(chain=chain, owner=specialist)
    specialist.get_all_permissions()
    with django_assert_num_queries(0):
        assert lead.can_advance(specialist)


def test_a_list_opens_by_the_posts_that_open_it(as_user, operator, parks):
    """A system administrator who runs a park reads people, and no enterprise but the tenants."""
    appoint(operator, "SYSTEM_ADMIN", None)
    factories.make_enterprise(name="示例他处有限公司")
    page = as_user(operator).get(reverse("admin:crm_enterprise_changelist"))
    assert (page.status_code, Enterprise.objects.count()) == (200, 1)
    assert "示例他处" not in page.text
    assert Space.objects.visible_to(operator, "change").count() == 0


def test_a_record_tells_only_what_the_post_that_opens_it_may_read(
    as_user, operator, parks, specialist, chain
):
    """The park opens the project, another chain's post lets agreements be read: not these."""
    factories.make_appointment(operator, "SPECIALIST", chain=factories.make_chain())
    lead = factories.make_lead(owner=specialist, chain=chain, title="别链线索")
    project = factories.make_project(chain=chain, park=parks[0], handler=specialist, lead=lead)
    factories.make_agreement(project=project, amount_wan=43_210, title="别链协议")
    factories.make_follow_up(project=project, by=specialist, summary="别链跟进")
    page = as_user(operator).get(record_url(type(project), project.pk))
    assert (page.status_code, page.context["story"].total) == (200, 0)
    assert "别链" not in page.text


@pytest.mark.parametrize("role", ["AUDITOR", "STATISTICIAN"])
def test_an_ended_post_acts_on_nothing_that_still_names_its_holder(
    as_user, specialist, other_specialist, chain, role
):
    lead = factories.make_lead(owner=other_specialist, chain=chain)
    offered = factories.make_transfer(lead=lead, to_owner=specialist)
    own = factories.make_lead(owner=specialist, chain=chain)
    specialist.appointments.update(ends_on=today() - timedelta(days=1))
    factories.make_appointment(specialist, role)
    client = as_user(specialist)
    accept = reverse("admin:crm_leadtransfer_accept", args=[offered.pk])
    release = reverse("admin:crm_lead_release", args=[own.pk])
    assert [client.post(each, {"reason": "离任"}).status_code for each in (accept, release)] == [
        403,
        403,
    ]
    lead.refresh_from_db()
    assert lead.owner == other_specialist


def test_nothing_out_of_reach_is_handed_over(as_user, specialist, chain):
    person = factories.make_user("specialist", chain=factories.make_chain())
    factories.make_appointment(person, "SYSTEM_ADMIN")
    project = factories.make_project(chain=chain, handler=specialist)
    assert not specialist.can_hand_over(person)
    page = as_user(person).get(reverse("admin:zone_user_hand-over", args=[specialist.pk]))
    assert (page.status_code, project.handler) == (403, specialist)


def test_what_the_same_posts_open_is_written_as_a_condition_once(operator, parks):
    """Of another right only where other posts give it."""
    appoint(operator, "CHAIN_LEADER", factories.make_chain())
    view, book = (row_access(operator, f"projects.{right}_occupancy") for right in ("view", "add"))
    assert view is row_access(operator, "projects.view_occupancy")
    Occupancy.objects.visible_to(operator, "view")
    condition = view.conditions[Occupancy]
    Occupancy.objects.filter(version=1).visible_to(operator, "view")
    assert view.conditions[Occupancy] is condition
    assert book is not view
    assert Occupancy not in book.conditions
