"""What the builders of demo data share: the random generator, the calendar, the rows."""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from datetime import date, datetime, timedelta
from functools import cache
from random import Random

from django.conf import settings
from django.db.models import Model

from zone.calendar import SHANGHAI
from zone.models import Change, IndustryChain, Park

SEED = 239_40_80
FIRST, LAST = date(2024, 10, 8), date(2025, 12, 31)
HOLIDAYS = (
    (date(2025, 1, 1), date(2025, 1, 1)),
    (date(2025, 1, 28), date(2025, 2, 4)),
    (date(2025, 4, 4), date(2025, 4, 6)),
    (date(2025, 5, 1), date(2025, 5, 5)),
    (date(2025, 5, 31), date(2025, 6, 2)),
    (date(2025, 10, 1), date(2025, 10, 8)),
)


@cache
def words() -> dict:
    path = settings.BASE_DIR / "fixtures" / "demo_2025.json"
    return json.loads(path.read_text(encoding="utf-8"))


def working_day(day: date) -> date:
    """Return ``day`` or the next working day, within the demo's time."""
    while day.weekday() > 4 or any(first <= day <= last for first, last in HOLIDAYS):
        day += timedelta(days=1)
    return min(max(day, FIRST), LAST)


class DemoData:
    """Rows in the making: nothing reaches the database before ``save``.

    The same seed makes the same rows, ids included.
    """

    def __init__(self):
        self.rng = Random(SEED)
        self.rows: dict[type[Model], list[Model]] = defaultdict(list)
        self.titles: set[str] = set()
        self.chains = {chain.code: chain for chain in IndustryChain.objects.all()}
        self.parks = {park.code: park for park in Park.objects.all()}

    def add(self, model: type[Model], day: date, **fields) -> Model:
        """Make a demo row that came into being on ``day``."""
        name = "at" if issubclass(model, Change) else "created_at"
        row = model(id=self._id(), is_demo=True, **{name: self.moment(day), **fields})
        self.rows[model].append(row)
        return row

    def save(self) -> int:
        """Write all rows and return how many; foreign keys are checked at the commit."""
        for model, rows in self.rows.items():
            model.objects.bulk_create(rows, batch_size=1000)
        return sum(map(len, self.rows.values()))

    def day_between(self, first: date, last: date) -> date:
        return working_day(first + timedelta(days=self.rng.randint(0, (last - first).days)))

    def day_after(self, day: date, least: int, most: int) -> date:
        return working_day(day + timedelta(days=self.rng.randint(least, most)))

    def moment(self, day: date) -> datetime:
        minutes = self.rng.randint(8 * 60 + 30, 17 * 60 + 30)
        return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + timedelta(minutes=minutes)

    def _id(self) -> uuid.UUID:
        return uuid.UUID(int=self.rng.getrandbits(128), version=4)
