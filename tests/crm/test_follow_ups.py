"""When a lead is due next, and that no note takes the date away without a word."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from crm.models import FollowUp, Lead
from tests import factories
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


def say(client, lead, **more):
    """Send the sheet of a follow-up back."""
    address = reverse("admin:crm_lead_follow_up", args=[lead.pk])
    first = {"kind": "CALL", "happened_on": today().isoformat(), "summary": "电话"}
    return client.post(address, first | more)


def test_a_note_without_a_next_date_leaves_the_leads(lead):
    note(lead)
    assert due(lead) == SOON
    note(lead, next_on=LATER)
    note(lead)
    assert due(lead) == LATER


def test_no_further_follow_up_is_chosen_and_takes_the_date_away(as_user, specialist, lead):
    assert say(as_user(specialist), lead, when="none").status_code == 302
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


def test_a_next_date_and_none_to_come_exclude_each_other(lead):
    both = FollowUp(lead=lead, by=lead.owner, kind="CALL", summary="电话", next_on=SOON)
    both.no_next = True
    with pytest.raises(ValidationError, match="二选一"):
        both.full_clean()
    with pytest.raises(IntegrityError, match="follow_up_next_or_none"), transaction.atomic():
        both.save()


def test_another_day_is_to_be_chosen(as_user, specialist, lead):
    page = say(as_user(specialist), lead, when="pick")
    assert (page.status_code, "请选择日期。" in page.text) == (200, True)
    assert say(as_user(specialist), lead, when="pick", next_on=LATER).status_code == 302
    assert due(lead) == LATER


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
