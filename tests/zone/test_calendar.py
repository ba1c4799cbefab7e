"""Workdays: by the published holidays while they are known, else Monday to Friday."""

from datetime import date, datetime, timedelta

import pytest

from zone.calendar import SHANGHAI, due_date, first_in_time, hours_before, is_workday


def test_2025_has_248_workdays():
    days = (date(2025, 1, 1) + timedelta(n) for n in range(365))
    assert sum(map(is_workday, days)) == 248


@pytest.mark.parametrize("year", [2003, 2099])
def test_years_of_unknown_holidays_count_monday_to_friday(year):
    days = [date(year, 10, 1) + timedelta(n) for n in range(14)]
    assert [is_workday(day) for day in days] == [day.weekday() < 5 for day in days]


@pytest.mark.parametrize("workdays", [False, True])
@pytest.mark.parametrize("days", [0, 1, 3, 14])
def test_both_directions_agree_on_every_day(workdays, days):
    for n in range(60):
        on = date(2025, 9, 10) + timedelta(n)
        first = first_in_time(on, days, workdays=workdays)
        for back in range(40):
            start = on - timedelta(back)
            is_late = due_date(start, days, workdays=workdays) < on
            assert is_late == (start < first), (on, start)


def test_48_hours_of_workdays_pass_over_a_holiday():
    """Claimed on the 30th at 9:00; 10-01 to 10-08 are holidays: over on the 10th at 9:00."""
    now = datetime(2025, 10, 10, 9, tzinfo=SHANGHAI)
    since = hours_before(now, 48, workdays=True)
    assert abs(since - datetime(2025, 9, 30, 9, tzinfo=SHANGHAI)) < timedelta(seconds=1)
    assert hours_before(now, 48) == datetime(2025, 10, 8, 9, tzinfo=SHANGHAI)
