"""The demo's buildings, spaces and who moved in; the tenants of 晋创谷·长治 above all."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from django.db.backends.postgresql.psycopg_any import DateRange

from crm.models import Enterprise
from projects.demo.data import FIRST, LAST, DemoData
from projects.demo.deals import Deal
from projects.models import Occupancy, Project
from zone.models import Building, Space

PLANT, OFFICE, PLOT = Space.Kind.PLANT, Space.Kind.OFFICE, Space.Kind.PLOT
PLATFORM = "jinchuanggu"
# park: (kind, buildings, floors, spaces a floor, least and most ㎡)
FLOOR_SPACE = {
    PLATFORM: (OFFICE, 3, 6, 6, (60, 320)),
    "consumer-goods": (PLANT, 4, 3, 2, (1200, 3200)),
    "international": (OFFICE, 1, 5, 4, (120, 480)),
    "lithium": (PLANT, 4, 1, 3, (4000, 9000)),
    "equipment-park-1": (PLANT, 5, 1, 3, (3000, 8000)),
    "surface-treatment": (PLANT, 2, 2, 2, (1500, 3600)),
}
PLOTS = {"lithium": 4, "equipment-park-2": 6, "green-power": 5, "surface-treatment": 2}
# Of each 20 lettable spaces: which are not simply lettable.
STATES = {4: "RESERVED", 9: "FITTING_OUT", 13: "RESERVED", 16: "MAINTENANCE", 18: "NOT_FOR_LEASE"}
CLOSED = ("MAINTENANCE", "NOT_FOR_LEASE")
# 晋创谷·长治: until when, how many enterprises arrive and how many leave; 61 by 2025-09-30.
TENANCY = (
    (date(2024, 10, 8), date(2024, 12, 27), 28, 0),
    (date(2025, 1, 2), date(2025, 3, 28), 12, 1),
    (date(2025, 4, 7), date(2025, 6, 27), 13, 2),
    (date(2025, 7, 1), date(2025, 9, 26), 13, 2),
    (date(2025, 10, 9), date(2025, 12, 26), 11, 1),
)
LONGEST = timedelta(days=3 * 365)


class Premises:
    """Writes spaces and occupancies into the data; gives no space twice."""

    def __init__(self, data: DemoData):
        self.data, self.rng = data, data.rng
        self.free: dict[str, list[Space]] = defaultdict(list)

    def write(self, deals: list[Deal], enterprises: dict[str, list[Enterprise]]):
        for code, shape in FLOOR_SPACE.items():
            self._floor_space(code, *shape)
        for code, number in PLOTS.items():
            for place in range(1, number + 1):
                self._space(code, f"示例地块{place}", PLOT, (13_000, 80_000), place)
        self._house_projects(deals)
        busy = {deal.enterprise.pk for deal in deals}
        others = [one for group in enterprises.values() for one in group if one.pk not in busy]
        self.rng.shuffle(others)
        self._fill_platform(others)
        self._fill_plants(others)

    def _floor_space(self, code: str, kind, buildings: int, floors: int, each: int, sizes):
        place = 0
        for letter in "ABCDE"[:buildings]:
            building = self.data.add(
                Building, FIRST, park=self.data.parks[code], name=f"示例{letter}座", floors=floors
            )
            for floor in range(1, floors + 1):
                for number in range(1, each + 1):
                    place += 1
                    name = f"示例{letter}{floor}{number:02d}"
                    fields = {"building": building, "floor": floor}
                    self._space(code, name, kind, sizes, place, **fields)

    def _space(self, park: str, name: str, kind, sizes, place: int, **fields):
        if kind == PLANT:
            fields |= {
                "clear_height_m": Decimal(self.rng.randint(60, 120)) / 10,
                "power_kva": self.rng.randint(2, 20) * 100,
            }
        space = self.data.add(
            Space,
            FIRST,
            park=self.data.parks[park],
            code=name,
            kind=kind,
            area_m2=Decimal(self.rng.randint(*sizes)),
            state=STATES.get(place % 20, Space.State.LETTABLE),
            **fields,
        )
        if space.state == Space.State.LETTABLE:
            self.free[park].append(space)

    def _let(self, space: Space, enterprise: Enterprise, start: date, **fields) -> Occupancy:
        return self.data.add(
            Occupancy,
            start,
            space=space,
            enterprise=enterprise,
            period=DateRange(start, fields.pop("until", None)),
            **fields,
        )

    def _house_projects(self, deals: list[Deal]):
        """Give the projects that have landed a space of their park, a plot where it has plots."""
        landed = (Project.Stage.RESERVED, Project.Stage.SIGNED)
        for deal in deals:
            project = deal.project
            free = self.free[project.park.code]
            if project.stage in landed or project.status == Project.Status.TERMINATED or not free:
                continue
            space = free.pop(self.rng.randrange(len(free)))
            kind = Occupancy.Kind.SALE if space.kind == PLOT else Occupancy.Kind.LEASE
            start = self.data.day_after(deal.signed_on, 50, 90)
            self._let(space, deal.enterprise, start, project=project, kind=kind)

    def _fill_platform(self, others: list[Enterprise]):
        rooms, inside, vacated = self.free[PLATFORM], [], []
        for first, last, arrivals, leavers in TENANCY:
            leaving = [inside.pop(self.rng.randrange(len(inside))) for _ in range(leavers)]
            for day in sorted(self.data.day_between(first, last) for _ in range(arrivals)):
                team = self.rng.random() < 0.2
                kind = Occupancy.Kind.TEAM if team else Occupancy.Kind.LEASE
                space = self._room(rooms, vacated, day)
                inside.append(self._let(space, others.pop(), day, kind=kind))
            for occupancy in leaving:
                # The range ends the day after the last one.
                end = self.data.day_between(first, last)
                occupancy.period = DateRange(occupancy.period.lower, end)
                vacated.append((end, occupancy.space))
        # One tenant with a second room is still one enterprise.
        self._let(rooms.pop(), inside[0].enterprise, date(2025, 8, 18))

    def _room(self, rooms: list[Space], vacated: list, day: date) -> Space:
        for end, space in vacated:
            if end <= day:
                vacated.remove((end, space))
                return space
        return rooms.pop(self.rng.randrange(len(rooms)))

    def _fill_plants(self, others: list[Enterprise]):
        """Let about half of what is left, some of it a second time after a first tenant left."""
        for code in FLOOR_SPACE:
            spaces = [one for one in self.free[code] if one.kind != PLOT and code != PLATFORM]
            for space in self.rng.sample(spaces, len(spaces) * 6 // 10):
                start = self.data.day_between(FIRST, date(2025, 11, 28))
                if self.rng.random() < 0.15:
                    left = start + timedelta(days=self.rng.randint(20, 60))
                    self._let(space, others.pop(), start, until=left, note="提前退租")
                    start = left + timedelta(days=self.rng.randint(0, 30))
                if start < LAST:
                    until = start + LONGEST if self.rng.random() < 0.4 else None
                    self._let(space, others.pop(), start, until=until)
