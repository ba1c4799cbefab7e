"""Counting and dividing long lists without reading all of them."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Count, Max, Min
from django.utils.functional import cached_property
from unfold.views import ChangeList

from zone.database.plans import with_rows

COUNTED = 10_000


class CappedPaginator(Paginator):
    """Counts no further than ``COUNTED``: a count of all would read the whole table.

    ``period`` names the field whose first and last values are looked up with the count.
    """

    period: str | None = None

    @cached_property
    def counted(self) -> dict:
        rows = self.object_list.order_by()
        if self.period is None:
            return {"rows": rows.values("pk")[:COUNTED].count()}
        ends = {"first": Min(self.period), "last": Max(self.period)}
        return rows.values("pk", self.period)[:COUNTED].aggregate(rows=Count("*"), **ends)

    @property
    def count(self) -> int:
        return self.counted["rows"]

    @property
    def is_capped(self) -> bool:
        return self.count == COUNTED

    def page(self, number):
        """Return a page; of many rows in the form that ends with the page."""
        if self.is_capped:
            self.object_list = with_rows(self.object_list, many=True)
        return super().page(number)


class ScopedChangeList(ChangeList):
    def ends_of_period(self) -> tuple:
        """Return the first and the last value of the date hierarchy's field."""
        ends = self.paginator.counted
        if self.paginator.is_capped or not self.paginator.period:
            field = self.date_hierarchy
            ends = self.queryset.aggregate(first=Min(field), last=Max(field))
        return ends["first"], ends["last"]

    def get_results(self, request):
        super().get_results(request)
        if self.paginator.is_capped:
            # For what asks for the ends of the list.
            self.queryset = with_rows(self.queryset, many=True)
