"""Who sees a row that belongs to others follows from ``BELONGS_TO``."""

import pytest
from django.test import Client
from django.urls import reverse

from crm.models.visits import Visit
from tests import factories
from tests.test_factories import ROWS
from zone.access.row_access import RowQuerySet

pytestmark = pytest.mark.django_db
PARTS = [
    (model, name)
    for model in ROWS
    if type(model._default_manager.all()).within is RowQuerySet.within
    for name in model.BELONGS_TO
]


@pytest.mark.parametrize(("model", "name"), PARTS, ids=str)
def test_a_part_is_seen_with_what_it_belongs_to(model, name, office, chain):
    owner = factories.make(model._meta.get_field(name).related_model)
    part = factories.make(model, **{name: owner})
    visible = model._default_manager.visible_to
    assert set(visible(office)) == {part}
    for person in (factories.make_specialist(chain), factories.make_user("chain_leader", chain)):
        sees_owner = type(owner)._default_manager.visible_to(person).filter(pk=owner.pk).exists()
        assert visible(person).filter(pk=part.pk).exists() is sees_owner
    assert not visible(factories.make_user()).exists()


def test_a_part_is_closed_with_what_it_belongs_to(specialist, chain):
    """One of the pool is claimed first, one of a lead that ended is history."""
    lead = factories.make_lead(owner=specialist, chain=chain)
    visit = factories.make(Visit, lead=lead)
    assert visit.can_change(specialist)
    lead.release(by=specialist, reason="让出")
    visit = Visit.objects.get()
    assert not visit.can_change(specialist)
    lead.assign(by=specialist, to=specialist, reason="再跟进")
    lead.close(by=specialist, to="LOST", reason="未落户")
    assert not Visit.objects.get().can_change(specialist)


def test_nobody_changes_a_part_of_a_closed_lead_by_the_admin_or_the_interface(
    as_user, specialist, chain
):
    lead = factories.make_lead(owner=specialist, chain=chain)
    visit = factories.make(Visit, lead=lead, summary="原话")
    lead.close(by=specialist, to="LOST", reason="未落户")
    page = as_user(specialist).post(
        reverse("admin:crm_visit_change", args=[visit.pk]), {"summary": "改过"}
    )
    assert page.status_code in (302, 403)
    client = factories.make_client(scopes=["visits:read", "visits:write"])
    headers = {"Authorization": f"Bearer {client.issue_key()}", "If-Match": '"1"'}
    refused = Client().patch(
        f"/api/v1/visits/{visit.pk}", '{"summary": "改过"}', "application/json", headers=headers
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "closed")
    visit.refresh_from_db()
    assert visit.summary == "原话"
