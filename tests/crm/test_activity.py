"""Trips and visits count in each person's month; each figure leads to its rows."""

import re
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.activity import of_month
from crm.models.trips import Trip, TripMeeting, TripPerson
from crm.models.visits import Visit
from tests import factories

pytestmark = pytest.mark.django_db
MARCH = date(2025, 3, 1)


def make_trip(chain, *people, starts_on, ends_on) -> Trip:
    trip = factories.make(Trip, chain=chain, starts_on=starts_on, ends_on=ends_on)
    for person in people:
        factories.make(TripPerson, trip=trip, person=person)
    return trip


@pytest.fixture
def month(chain, specialist, other_specialist):
    """Two trips of one, the first of which began in February, and a visit each way."""
    long = make_trip(
        chain, specialist, other_specialist, starts_on=date(2025, 2, 27), ends_on=date(2025, 3, 2)
    )
    make_trip(chain, specialist, starts_on=date(2025, 3, 31), ends_on=date(2025, 4, 2))
    make_trip(chain, specialist, starts_on=date(2025, 4, 8), ends_on=date(2025, 4, 9))
    lead = factories.make_lead(owner=specialist, chain=chain)
    met = {"trip": long, "enterprise": lead.enterprise}
    factories.make(TripMeeting, **met, lead=lead, met_on=date(2025, 3, 1))
    factories.make(TripMeeting, trip=long, met_on=date(2025, 2, 28))
    said = {"lead": lead, "by": specialist, "happened_on": date(2025, 3, 5)}
    factories.make(Visit, kind="RECEIVED", **said)
    factories.make(Visit, kind="VISITED", **said)
    return long


def figures(user, person) -> tuple:
    [row] = [row for row in of_month(user, MARCH) if row.person == person]
    return row.trips, row.days_out, row.met, row.gained, row.received, row.visited


def test_a_month_holds_its_own_days_alone(month, office, specialist, other_specialist):
    assert figures(office, specialist) == (2, 3, 1, 1, 1, 1)
    assert figures(office, other_specialist) == (1, 2, 1, 1, 0, 0)


def test_a_specialist_sees_the_own_month_a_leader_that_of_the_chain(month, chain, specialist):
    leader = factories.make_user("chain_leader", chain=chain)
    far = factories.make_user("chain_leader", chain=factories.make_chain("electronics"))
    assert [row.person for row in of_month(specialist, MARCH)] == [specialist]
    assert figures(leader, specialist) == (2, 3, 1, 1, 1, 1)
    assert specialist not in [row.person for row in of_month(far, MARCH)]


def test_each_figure_leads_to_just_its_rows(as_user, month, office, specialist):
    client = as_user(office)
    page = client.get(reverse("activity"), {"month": "2025-03"})
    linked = re.findall(r'<a href="([^"]+)">(\d+)</a>', page.text)
    own = [(url.replace("&amp;", "&"), int(n)) for url, n in linked if str(specialist.pk) in url]
    assert len(own) == 6
    for url, number in own[:1] + own[2:]:  # days are counted, trips are the rows
        assert client.get(url).context["cl"].result_count == number, url


def test_the_page_takes_as_many_queries_for_one_person_as_for_thirty(as_user, month, office, chain):
    client = as_user(office)

    def asked() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(reverse("activity"), {"month": "2025-03"}).status_code == 200
        return len(seen)

    asked()
    first = asked()
    for _ in range(30):
        person = factories.make_specialist(chain)
        make_trip(chain, person, starts_on=MARCH, ends_on=MARCH)
    assert asked() == first
    with CaptureQueriesContext(connection) as seen:
        of_month(office, MARCH)
    assert len(seen) == 5  # beside people and trips, meetings, visits: the posts of the reader


@pytest.mark.parametrize("month", ["", "2025-13", "9999-01", "x" * 9999, "0001-01"])
def test_an_unreadable_month_is_this_or_the_nearest(as_user, office, month):
    assert as_user(office).get(reverse("activity"), {"month": month}).status_code == 200


def test_the_page_is_for_those_who_read_the_business(as_user):
    assert as_user(factories.make_user("auditor")).get(reverse("activity")).status_code == 403


def test_whom_one_met_lies_within_the_trip(month):
    meeting = month.meetings.first()
    meeting.met_on = date(2025, 3, 3)
    with pytest.raises(ValidationError, match="起止日期"):
        meeting.full_clean()
    of_another = TripMeeting(
        trip=month,
        enterprise=factories.make_enterprise(),
        met_on=date(2025, 3, 1),
        lead=factories.make_lead(),
    )
    with pytest.raises(ValidationError, match="其他企业"):
        of_another.full_clean()


def test_whoever_enters_a_trip_stands_on_it(as_user, specialist, chain):
    client = as_user(specialist)
    page = client.get(reverse("admin:crm_trip_add"))
    assert f'value="{specialist.pk}" selected' in page.text


def test_a_visit_stays_in_the_month_of_who_received_it(month, specialist, chain):
    visit = Visit.objects.filter(by=specialist).first()
    visit.lead.owner = None
    visit.lead.chain = factories.make_chain("electronics")
    visit.lead.save()
    assert figures(specialist, specialist)[4:] == (1, 1)


def test_a_trip_of_more_than_half_a_year_is_mistyped(chain):
    day = date(2025, 3, 1)
    trip = factories.build(Trip, chain=chain, starts_on=day, ends_on=day + timedelta(days=183))
    trip.full_clean()
    trip.ends_on += timedelta(days=1)
    with pytest.raises(ValidationError, match="年份"):
        trip.full_clean()
    with pytest.raises(IntegrityError, match="trip_within_half_a_year"):
        trip.save()
