from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from projects.models import Occupancy
from tests.factories import (
    make_enterprise,
    make_occupancy,
    make_park,
    make_project,
    make_space,
    make_user,
)
from zone.models import Park, Space

pytestmark = pytest.mark.django_db
DAY = date(2025, 9, 30)


@pytest.fixture
def park(db):
    """1,000 ㎡ let, 2,000 vacant, 500 reserved, 300 in maintenance, and a plot."""
    park = make_park()
    make_occupancy(space=make_space(park=park, area_m2=Decimal(1000)))
    make_space(park=park, area_m2=Decimal(2000))
    make_space(park=park, area_m2=Decimal(500), state=Space.State.RESERVED)
    make_space(park=park, area_m2=Decimal(300), state=Space.State.MAINTENANCE)
    make_space(park=park, area_m2=Decimal(66_666), kind=Space.Kind.PLOT)
    make_occupancy()
    return park


def areas(park, on=DAY) -> tuple:
    row = Park.objects.with_areas(on).get(pk=park.pk)
    return row.total_m2, row.let_m2, row.held_m2, row.vacant_m2


def test_a_parks_floor_space_is_let_held_or_vacant(park):
    assert areas(park) == (3800, 1000, 500, 2000)


def test_the_letting_rate_leaves_out_what_cannot_be_let(park):
    assert Park.objects.with_areas(DAY).get(pk=park.pk).let_rate == Decimal("28.57")


def test_a_park_without_floor_space_has_no_rate():
    assert Park.objects.with_areas(DAY).get(pk=make_park().pk).let_rate is None


def test_past_occupancies_do_not_swell_the_total():
    space = make_space()
    for year in (2021, 2022, 2023):
        make_occupancy(date(year, 1, 1), date(year + 1, 1, 1), space=space)
    assert areas(space.park) == (1000, 0, 0, 1000)


def test_a_space_is_vacant_the_day_after_the_last():
    space = make_space()
    occupancy = make_occupancy(date(2025, 1, 1), date(2025, 10, 1), space=space)
    assert occupancy.ends_on == DAY
    assert areas(space.park)[1] == 1000
    assert areas(space.park, date(2025, 10, 1))[1] == 0


def test_a_reserved_space_that_is_let_counts_as_let():
    space = make_space(state=Space.State.RESERVED)
    make_occupancy(space=space)
    assert areas(space.park) == (1000, 1000, 0, 0)


def test_an_overlap_is_refused_beside_the_form_and_touching_periods_are_not():
    space = make_space()
    make_occupancy(date(2025, 1, 1), date(2025, 7, 1), space=space)
    make_occupancy(date(2025, 7, 1), date(2025, 9, 1), space=space)
    with pytest.raises(ValidationError, match="occupied|占用|入驻"):
        Occupancy(
            space=space, enterprise=make_enterprise(), period=DateRange(date(2025, 8, 31), None)
        ).full_clean()


def test_what_is_in_maintenance_cannot_be_let():
    with pytest.raises(ValidationError) as refused:
        make_occupancy(space=make_space(state=Space.State.MAINTENANCE))
    assert "space" in refused.value.error_dict


def test_a_project_of_another_enterprise_is_refused():
    with pytest.raises(ValidationError) as refused:
        make_occupancy(enterprise=make_enterprise(), project=make_project())
    assert "project" in refused.value.error_dict


def occupancy_data(space, **fields) -> dict:
    data = {
        "space": str(space.pk),
        "enterprise": str(make_enterprise().pk),
        "project": "",
        "kind": "LEASE",
        "starts_on": "2025-01-01",
        "ends_on": "2025-06-30",
        "note": "",
    }
    return data | fields


def test_the_form_asks_for_first_and_last_day(client):
    client.force_login(make_user(is_superuser=True))
    space, add = make_space(), reverse("admin:projects_occupancy_add")
    assert client.post(add, occupancy_data(space)).status_code == 302
    occupancy = space.occupancies.get()
    assert (occupancy.period.lower, occupancy.period.upper) == (date(2025, 1, 1), date(2025, 7, 1))

    overlap = client.post(add, occupancy_data(space, starts_on="2025-06-30", ends_on=""))
    assert overlap.status_code == 200
    assert overlap.context["adminform"].form.non_field_errors()

    upside_down = client.post(add, occupancy_data(make_space(), ends_on="2024-01-01"))
    assert list(upside_down.context["adminform"].form.errors) == ["ends_on"]

    change = reverse("admin:projects_occupancy_change", args=[occupancy.pk])
    shown = client.get(change).context["adminform"].form
    assert (shown.initial["starts_on"], shown.initial["ends_on"]) == (
        date(2025, 1, 1),
        date(2025, 6, 30),
    )


def test_the_list_of_parks_shows_the_areas_of_today(client, park):
    client.force_login(make_user(is_superuser=True))
    page = client.get(reverse("admin:zone_park_changelist")).text
    for text in ("3,800 ㎡（5.70 亩）", "1,000 ㎡（1.50 亩）", "28.57%"):
        assert text in page


def test_a_space_stays_in_its_park(park):
    space = park.spaces.first()
    space.park = make_park()
    with pytest.raises(ValidationError, match="原园区"):
        space.full_clean()


def test_the_form_of_a_space_shows_its_park_and_does_not_ask(as_user, park):
    space = park.spaces.first()
    client = as_user(make_user("office"))
    page = client.get(reverse("admin:zone_space_change", args=[space.pk]))
    assert "park" not in page.context["adminform"].form.fields
    added = client.get(reverse("admin:zone_space_add"))
    assert "park" in added.context["adminform"].form.fields
