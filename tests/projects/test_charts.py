from decimal import Decimal

import pytest

from projects.pages import charts

LAYOUTS = [charts.WIDE, charts.NARROW]


def test_gauge_is_empty_at_nothing_and_full_at_a_hundred_per_cent():
    assert charts.gauge(None, Decimal(25)).arc == ""
    assert charts.gauge(Decimal(0), Decimal(25)).arc == ""
    assert charts.gauge(Decimal(100), Decimal(25)).arc == charts.gauge(None, Decimal(25)).track


def test_gauge_of_three_hundred_per_cent_stays_full_and_says_so():
    full, over = charts.gauge(Decimal(100), Decimal(100)), charts.gauge(Decimal(300), Decimal(100))
    assert over.arc == full.arc
    assert (full.is_over, over.is_over) == (False, True)


def test_gauge_tick_stands_at_the_time_progress():
    half = charts.gauge(Decimal(10), Decimal(50))
    assert half.inner.x == half.outer.x == charts.CENTRE_X
    assert half.outer.y < half.inner.y < charts.CENTRE_Y


def test_gauge_uses_the_long_way_round_beyond_three_quarters():
    assert " 0 0 1 " in charts.gauge(Decimal(74), Decimal(0)).arc
    assert " 0 1 1 " in charts.gauge(Decimal(76), Decimal(0)).arc


def test_bar_is_clamped_at_both_ends():
    assert charts.bar(Decimal(300), Decimal(75)) == charts.Bar(100, 75, True)
    assert charts.bar(Decimal(-5), Decimal(120)) == charts.Bar(0, 100, False)
    assert charts.bar(None) == charts.Bar(0, None, False)


@pytest.mark.parametrize(
    ("largest", "expected"),
    [
        (0, [0]),
        (1, ["0", "0.3", "0.6", "0.9", "1.2"]),
        (40, [0, 10, 20, 30, 40]),
        (2_390_000, [0, 600_000, 1_200_000, 1_800_000, 2_400_000]),
        (7_170_000, [0, 2_000_000, 4_000_000, 6_000_000, 8_000_000]),
    ],
)
def test_ticks_begin_at_zero_and_reach_the_largest_value(largest, expected):
    found = charts.ticks(Decimal(largest))
    assert found == [Decimal(value) for value in expected]
    assert found[-1] >= largest


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("target", [None, Decimal(239), Decimal(10), Decimal(100_000)])
@pytest.mark.parametrize("count", [0, 1, 9, 12])
def test_nothing_of_the_months_leaves_its_panel(layout, target, count):
    shape = charts.months([Decimal(30)] * count, target, layout)
    for point in [*shape.line, *(shape.target or ())]:
        assert layout.left <= point.x <= layout.width - layout.right
        assert layout.line_top <= point.y <= layout.line_bottom
    for column in shape.columns:
        assert layout.columns_top <= column.y <= layout.columns_bottom
        assert column.x + column.width <= layout.width - layout.right
    if shape.last_label:
        assert 0 < shape.last_label.y < layout.line_bottom


def test_columns_and_line_have_each_their_own_scale_from_zero():
    shape = charts.months([Decimal(10), Decimal(0), Decimal(20)], Decimal(120), charts.WIDE)
    full = charts.WIDE.columns_bottom - charts.WIDE.columns_top
    assert [column.height for column in shape.columns] == [full / 2, 0, full]
    assert shape.line[0].y == charts.WIDE.line_bottom
    assert [line.value for line in shape.grid] == [0, 30, 60, 90, 120]


def test_on_pace_the_last_point_lies_on_the_target_line():
    shape = charts.months([Decimal(10)] * 6, Decimal(120), charts.WIDE, Decimal("0.5"))
    start, end = shape.target
    assert shape.line[-1].x == pytest.approx((start.x + end.x) / 2)
    assert shape.line[-1].y == pytest.approx((start.y + end.y) / 2)


def test_half_a_month_is_drawn_at_half_a_month():
    pace = Decimal("0.125")
    shape = charts.months([Decimal(10), Decimal(5)], Decimal(120), charts.WIDE, pace)
    plot = charts.WIDE.width - charts.WIDE.left - charts.WIDE.right
    assert shape.line[-1].x == pytest.approx(charts.WIDE.left + plot / 8)


def test_a_narrow_chart_names_fewer_months_and_labels_fewer_columns():
    amounts = [Decimal(value) for value in (3, 9, 5, 4)]
    wide, narrow = (charts.months(amounts, None, layout) for layout in LAYOUTS)
    assert [m.is_named for m in wide.months].count(True) == 12
    assert [i for i, m in enumerate(narrow.months, 1) if m.is_named] == [1, 4, 7, 10]
    assert [c.is_labelled for c in wide.columns] == [True, True, True, True]
    assert [c.is_labelled for c in narrow.columns] == [False, True, False, True]
