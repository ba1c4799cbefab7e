"""Geometry of the charts: numbers in, coordinates out; texts, colours and links stay outside.

Every axis begins at zero, every panel has one scale, and no value leaves its panel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, cos, floor, log10, radians, sin

START, SWEEP = 150, 240  # degrees: where a gauge begins, and how far it goes
CENTRE_X, CENTRE_Y, RADIUS = 130, 112, 92
LATE = Decimal("0.8")  # of the year


@dataclass(frozen=True)
class Point:
    x: float
    y: float

    def __str__(self) -> str:
        return f"{self.x:g},{self.y:g}"


@dataclass(frozen=True)
class Label:
    x: float
    y: float
    anchor: str


@dataclass(frozen=True)
class Gauge:
    """``arc`` is completion (empty at 0), ``inner``–``outer`` the tick of the time progress."""

    track: str
    arc: str
    inner: Point
    outer: Point
    label: Label
    is_over: bool


@dataclass(frozen=True)
class Bar:
    """Per cent of the bar's length."""

    length: float
    tick: float | None
    is_over: bool


@dataclass(frozen=True)
class Layout:
    """Where the two panels of the months' chart stand."""

    width: int
    height: int
    left: int
    right: int
    line_top: int
    line_bottom: int
    columns_top: int
    columns_bottom: int
    every: int  # every n-th month has its name below
    labels_all: bool  # else only the largest and the last column have their amount above


WIDE = Layout(560, 436, 52, 14, 30, 270, 326, 404, every=1, labels_all=True)
NARROW = Layout(330, 344, 44, 10, 26, 196, 244, 312, every=3, labels_all=False)


@dataclass(frozen=True)
class GridLine:
    y: float
    value: Decimal


@dataclass(frozen=True)
class Column:
    x: float
    y: float
    width: float
    height: float
    middle: float
    is_labelled: bool
    is_named: bool


@dataclass(frozen=True)
class Months:
    """``target`` runs from the zero point to the year's target; None without one."""

    layout: Layout
    grid: list[GridLine]
    line: list[Point]
    columns: list[Column]
    months: list[Column]  # all twelve, for the names below
    target: tuple[Point, Point] | None
    target_label: Point | None
    last_label: Label | None

    @property
    def points(self) -> str:
        return " ".join(str(point) for point in self.line)


def clamp(value, low=0, high=100) -> float:
    return float(min(max(value, low), high))


def bar(completion: Decimal | None, time_progress: Decimal | None = None) -> Bar:
    """Return a bar for per cents; more than 100 fills it and says so."""
    tick = None if time_progress is None else clamp(time_progress)
    return Bar(clamp(completion or 0), tick, (completion or 0) > 100)


def gauge(completion: Decimal | None, time_progress: Decimal) -> Gauge:
    """Return a gauge for per cents; nothing is drawn beyond its end."""
    share, pace = clamp(completion or 0) / 100, clamp(time_progress) / 100
    beside = _on_circle(pace, RADIUS + 20)
    side = beside.x - CENTRE_X
    anchor = "middle" if abs(side) < 30 else "start" if side > 0 else "end"
    return Gauge(
        track=_arc(1),
        arc=_arc(share) if share else "",
        inner=_on_circle(pace, RADIUS - 12),
        outer=_on_circle(pace, RADIUS + 12),
        label=Label(beside.x, beside.y, anchor),
        is_over=(completion or 0) > 100,
    )


def months(
    amounts: Sequence[Decimal],
    target: Decimal | None,
    layout: Layout,
    pace: Decimal = Decimal(1),
) -> Months:
    """Return the cumulative line and the columns of ``amounts``, January first.

    ``pace`` (0 to 1) is where in the year the last amount stands, so that a half month is
    compared with half a month of the target.
    """
    sums = _running(amounts)
    scale = ticks(max([*sums, target or 0]))
    top, tallest = scale[-1], max([*amounts, 0])
    plot = layout.width - layout.left - layout.right

    def at(share, value) -> Point:
        height = layout.line_bottom - layout.line_top
        y = layout.line_bottom - height * clamp(value / top if top else 0, high=1)
        return Point(_round(layout.left + plot * float(share)), _round(y))

    places = [Decimal(number) / 12 for number in range(1, len(amounts) + 1)]
    if places:
        places[-1] = min(places[-1], Decimal(pace))
    line = [at(0, 0), *(at(*pair) for pair in zip(places, sums, strict=True))]
    ends = (at(0, 0), at(1, target)) if target else None
    late = bool(places) and places[-1] > LATE
    ahead = bool(target and places) and sums[-1] >= target * places[-1]
    return Months(
        layout=layout,
        grid=[GridLine(at(0, value).y, value) for value in scale],
        line=line if amounts else [],
        columns=[_column(layout, i, v, amounts, tallest) for i, v in enumerate(amounts)],
        months=[_column(layout, i, Decimal(0), amounts, tallest) for i in range(12)],
        target=ends,
        # The labels of a full year would meet above the line's end.
        target_label=ends and Point(ends[1].x, ends[1].y + (20 if ahead and late else -9)),
        last_label=_last_label(line[-1], ahead, late, layout) if amounts else None,
    )


def ticks(largest: Decimal, most: int = 4) -> list[Decimal]:
    """Return 0 and round steps up to or above ``largest``, at most ``most`` steps."""
    if largest <= 0:
        return [Decimal(0)]
    power = Decimal(10) ** floor(log10(largest / most))
    steps = (power * factor for factor in (1, 2, 3, 4, 5, 6, 8, 10, 20))
    step = next(step for step in steps if step * most >= largest)
    return [step * number for number in range(ceil(largest / step) + 1)]


def _running(amounts: Sequence[Decimal]) -> list[Decimal]:
    sums, so_far = [], Decimal(0)
    for amount in amounts:
        so_far += amount
        sums.append(so_far)
    return sums


def _column(layout: Layout, index: int, value, amounts, tallest) -> Column:
    slot = (layout.width - layout.left - layout.right) / 12
    full = layout.columns_bottom - layout.columns_top
    height = full * clamp(value / tallest, high=1) if tallest else 0
    width = slot * 0.62
    middle = layout.left + slot * (index + 0.5)
    notable = index == len(amounts) - 1 or value == tallest
    return Column(
        x=_round(middle - width / 2),
        y=_round(layout.columns_bottom - height),
        width=_round(width),
        height=_round(height),
        middle=_round(middle),
        is_labelled=bool(value) and (layout.labels_all or notable),
        is_named=index % layout.every == 0 or index == 11 and layout.every == 1,
    )


def _last_label(last: Point, ahead: bool, late: bool, layout: Layout) -> Label:
    """Put the last value where no line goes: above-left when ahead, else below to the right."""
    if ahead:
        return Label(last.x, max(last.y - 10, 12), "end")
    y = min(last.y + (54 if late else 18), layout.line_bottom - 5)
    return Label(last.x, y, "end") if late else Label(last.x + 8, y, "start")


def _on_circle(share: float, radius: float) -> Point:
    angle = radians(START + SWEEP * share)
    return Point(_round(CENTRE_X + radius * cos(angle)), _round(CENTRE_Y + radius * sin(angle)))


def _arc(share: float) -> str:
    start, end = _on_circle(0, RADIUS), _on_circle(share, RADIUS)
    large = int(SWEEP * share > 180)
    return f"M{start} A{RADIUS},{RADIUS} 0 {large} 1 {end}"


def _round(value: float) -> float:
    return round(value, 2)
