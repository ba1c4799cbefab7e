"""When a lead is due next, and that no note takes the date away without a word."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from crm.models import FollowUp, Lead
from tests import factories
from tests.forms import fields
from zone.calendar import today

pytestmark = pytest.mark.django_db
SOON, LATER = today() + timedelta(days=3), today() + timedelta(days=9)


@pytest.fixture
def lead(specialist, chain) -> Lead:
    return factories.make_lead(owner=specialist, chain=chain, next_follow_up_on=SOON)


def note(lead, **more) -> FollowUp:
    return factories.make_follow_up(lead=lead, by=lead.owner, happened_on=today(), **more)


def due(lead):
    return Lead.objects.get(pk=lead.pk).next_follow_up_on


def post(client, lead, inline=None, **said):
    """Send the lead's form back with a new follow-up in it."""
    address = reverse("admin:crm_lead_change", args=[lead.pk])
    first = {"kind": "CALL", "happened_on": today().isoformat(), "summary": "电话"}
    row = {f"follow_ups-0-{name}": value for name, value in (first | (inline or {})).items()}
    data = fields(client.get(address)) | said | {"follow_ups-TOTAL_FORMS": "1"} | row
    return client.post(address, data)


def test_a_note_without_a_next_date_leaves_the_leads(lead):
    note(lead)
    assert due(lead) == SOON
    note(lead, next_on=LATER)
    note(lead)
    assert due(lead) == LATER


def test_a_date_typed_on_the_lead_stays_beside_a_note_without_one(as_user, specialist, lead):
    client = as_user(specialist)
    assert post(client, lead, next_follow_up_on=LATER.isoformat()).status_code == 302
    assert (due(lead), lead.follow_ups.count()) == (LATER, 1)


def test_no_further_follow_up_is_chosen_and_takes_the_date_away(as_user, specialist, lead):
    assert post(as_user(specialist), lead, {"no_next": "on"}).status_code == 302
    assert due(lead) is None
    note(lead)
    assert due(lead) is None


def test_a_note_entered_late_counts_unless_a_later_one_has_set_the_date(lead):
    note(lead)
    earlier = {"lead": lead, "by": lead.owner, "happened_on": today() - timedelta(days=2)}
    factories.make_follow_up(**earlier, next_on=LATER)
    assert due(lead) == LATER
    note(lead, no_next=True)
    factories.make_follow_up(**earlier, next_on=SOON)
    assert due(lead) is None


def test_a_next_date_and_none_to_come_exclude_each_other(as_user, specialist, lead):
    both = FollowUp(lead=lead, by=lead.owner, kind="CALL", summary="电话", next_on=SOON)
    both.no_next = True
    with pytest.raises(ValidationError, match="二选一"):
        both.full_clean()
    with pytest.raises(IntegrityError, match="follow_up_next_or_none"), transaction.atomic():
        both.save()
    page = post(as_user(specialist), lead, {"no_next": "on", "next_on": LATER.isoformat()})
    assert (page.status_code, "二选一" in page.text) == (200, True)


def test_open_leads_that_would_never_be_due_are_a_list_of_their_own(
    as_user, specialist, other_specialist, office, chain
):
    common = {"chain": chain, "next_follow_up_on": None}
    mine = factories.make_lead(owner=specialist, **common)
    theirs = factories.make_lead(owner=other_specialist, **common)
    factories.make_lead(owner=specialist, chain=chain, next_follow_up_on=SOON)
    factories.make_lead(owner=specialist, stage=Lead.Stage.LOST, **common)
    factories.make_lead(**common)  # of the pool: nobody's yet

    def listed(user):
        page = as_user(user).get(reverse("admin:crm_lead_changelist") + "?whose=undated")
        return {row.pk for row in page.context["cl"].result_list}

    assert listed(specialist) == {mine.pk}
    assert listed(office) == {mine.pk, theirs.pk}
