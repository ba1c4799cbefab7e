"""Follow-ups of other systems keep to the rules of the form."""

import pytest

from tests import factories
from tests.api.conftest import pointers
from zone.calendar import today

pytestmark = pytest.mark.django_db


def test_a_note_of_another_system_takes_no_date_away_unless_it_says_so(api, specialist, chain):
    lead = factories.make_lead(owner=specialist, chain=chain, next_follow_up_on=today())
    caller = api("follow-ups:write", "leads:write", "leads:read")

    def due_after(**said):
        body = {"lead": str(lead.pk), "kind": "CALL", "happened_on": today().isoformat()}
        answer = caller.post("follow-ups", body | {"summary": "电话"} | said)
        assert answer.status_code == 201, answer.text
        return caller.data(f"leads/{lead.pk}")["next_follow_up_on"]

    assert due_after() == today().isoformat()
    assert due_after(next_on=None) == today().isoformat()
    assert due_after(no_next=True) is None


def test_a_date_and_none_to_come_are_refused_together(api, specialist):
    lead = factories.make_lead(owner=specialist)
    body = {"lead": str(lead.pk), "kind": "CALL", "happened_on": today().isoformat()}
    body |= {"summary": "电话", "next_on": today().isoformat(), "no_next": True}
    answer = api("follow-ups:write", "leads:write").post("follow-ups", body)
    assert (answer.status_code, pointers(answer)) == (422, [("", "invalid")])
