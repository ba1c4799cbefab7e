"""A rule judges what a save changes: what other rows have become since blocks no other field.

Where a move would leave rows behind that name what is moved, the move itself is refused.
"""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from crm.models import Contact
from projects.models import Agreement, Occupancy, Project
from tests import factories
from tests.forms import fields
from zone.models import (
    Building,
    ChainSegment,
    Space,
    Target,
    ZoneSetting,
)

pytestmark = pytest.mark.django_db


def lead_of_a_contact_that_moved():
    contact = factories.make_contact(phone="")
    lead = factories.make_lead(enterprise=contact.enterprise, contact=contact)
    Contact.objects.update(enterprise=factories.make_enterprise())
    return lead


def lead_of_a_segment_that_moved():
    segment = factories.make(ChainSegment)
    lead = factories.make_lead(chain=segment.chain, segment=segment)
    ChainSegment.objects.update(chain=factories.make_chain("elsewhere"))
    return lead


def occupancy_of_a_space_in_maintenance():
    row = factories.make_occupancy()
    Space.objects.update(state=Space.State.MAINTENANCE)
    return row


def occupancy_of_a_project_with_another_owner():
    project = factories.make_project()
    row = factories.make_occupancy(project=project, enterprise=project.enterprise)
    Project.objects.update(enterprise=factories.make_enterprise())
    return row


def agreement_that_upgrades_one_that_moved():
    first = factories.make_agreement(kind=Agreement.Kind.FRAMEWORK)
    row = factories.make_agreement(project=first.project, upgrades=first)
    Agreement.objects.filter(pk=first.pk).update(project=factories.make_project())
    return row


def space_of_a_building_that_moved():
    building = factories.make(Building)
    space = factories.make_space(park=building.park, building=building)
    Building.objects.update(park=factories.make_park())
    return space


def segment_below_one_that_moved():
    above = factories.make(ChainSegment)
    row = factories.make(ChainSegment, chain=above.chain, parent=above)
    ChainSegment.objects.filter(pk=above.pk).update(chain=factories.make_chain("elsewhere"))
    return row


def target_of_a_zone_that_asks_less():
    whole = factories.make_target("SIGNED_AMOUNT", 100)
    row = factories.make_target("SIGNED_AMOUNT", 80, chain=factories.make_chain())
    Target.objects.filter(pk=whole.pk).update(value=50)
    return row


STORIES = (
    lead_of_a_contact_that_moved,
    lead_of_a_segment_that_moved,
    occupancy_of_a_space_in_maintenance,
    occupancy_of_a_project_with_another_owner,
    agreement_that_upgrades_one_that_moved,
    space_of_a_building_that_moved,
    segment_below_one_that_moved,
    target_of_a_zone_that_asks_less,
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_what_is_left_alone_is_judged_when_it_is_written_and_not_again(story):
    row = type(made := story()).objects.get(pk=made.pk)
    row.full_clean()
    row.pk, row._state.adding = uuid4(), True
    with pytest.raises(ValidationError):  # the rule itself stands
        row.full_clean(validate_unique=False, validate_constraints=False)


def test_a_tenant_moves_out_of_a_space_in_maintenance_and_stays_no_longer(as_user, office):
    row = occupancy_of_a_space_in_maintenance()
    client, address = as_user(office), reverse("admin:projects_occupancy_change", args=[row.pk])

    def until(day: str):
        return client.post(address, fields(client.get(address)) | {"ends_on": day})

    assert until("2025-06-30").status_code == 302
    assert Occupancy.objects.get().ends_on == date(2025, 6, 30)
    refused = until("2025-12-31")
    assert list(refused.context["adminform"].form.errors) == ["space"]


def test_a_lead_whose_contact_has_moved_is_saved_and_the_contact_of_another_is_not(as_user, office):
    lead = lead_of_a_contact_that_moved()
    client, address = as_user(office), reverse("admin:crm_lead_change", args=[lead.pk])
    assert client.post(address, fields(client.get(address)) | {"title": "改"}).status_code == 302
    other = factories.make_lead()
    address = reverse("admin:crm_lead_change", args=[other.pk])
    data = fields(client.get(address)) | {"contact": str(lead.contact_id)}
    assert list(client.post(address, data).context["adminform"].form.errors) == ["contact"]


def test_a_setting_beside_the_lights_is_saved_whatever_they_say():
    key = ZoneSetting.Key
    ZoneSetting.objects.bulk_create(
        ZoneSetting(key=name, value=value)
        for name, value in ((key.LIGHT_YELLOW_FROM, 40), (key.LIGHT_RED_ABOVE, 30))
    )
    ZoneSetting(key=key.LEAD_PROTECTION_DAYS, value=Decimal(60)).full_clean()
    with pytest.raises(ValidationError):
        ZoneSetting.objects.get(key=key.LIGHT_RED_ABOVE).full_clean()


def contact_of_a_lead():
    contact = factories.make_contact()
    factories.make_lead(enterprise=contact.enterprise, contact=contact)
    return contact, {"enterprise": factories.make_enterprise()}


def segment_of_a_lead():
    segment = factories.make(ChainSegment)
    factories.make_lead(chain=segment.chain, segment=segment)
    return segment, {"chain": factories.make_chain("elsewhere")}


def building_with_a_space():
    space = factories.make_space(park=(building := factories.make(Building)).park)
    Space.objects.filter(pk=space.pk).update(building=building)
    return building, {"park": factories.make_park()}


def agreement_that_another_upgrades():
    first = factories.make_agreement(kind=Agreement.Kind.FRAMEWORK)
    factories.make_agreement(project=first.project, upgrades=first)
    return first, {"project": factories.make_project()}


MOVES = (
    contact_of_a_lead,
    segment_of_a_lead,
    building_with_a_space,
    agreement_that_another_upgrades,
)


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.__name__)
def test_a_move_that_would_leave_others_behind_is_refused_on_the_form(as_user, move):
    row, values = move()
    client = as_user(factories.make_user(is_superuser=True))
    opts = row._meta
    address = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk])
    [(name, value)] = values.items()
    page = client.post(address, fields(client.get(address)) | {name: str(value.pk)})
    errors = page.context["adminform"].form.errors.as_data()
    assert {name: [error.code for error in found] for name, found in errors.items()} == {
        name: ["in_use"]
    }


def test_the_zones_target_stays_above_what_is_allocated_of_it():
    whole = factories.make_target("SIGNED_AMOUNT", 100)
    part = factories.make_target("SIGNED_AMOUNT", 80, chain=factories.make_chain())
    whole.value = Decimal(70)
    with pytest.raises(ValidationError, match="已分解"):
        whole.full_clean()
    part.value = Decimal(60)
    part.full_clean()
    part.save()
    whole.full_clean()
