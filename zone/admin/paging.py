"""Counting and dividing long lists without reading all of them."""

from __future__ import annotations

from decimal import Decimal

from django.contrib.admin.views.main import PAGE_VAR
from django.core.paginator import Paginator
from django.db.models import Count, Max, Min, Sum
from django.utils.functional import cached_property
from unfold.views import ChangeList

from zone.admin.sorting import order_of
from zone.database import reading
from zone.database.plans import conditions
from zone.navigation import record_url

COUNTED = 10_000


class CappedPaginator(Paginator):
    """Counts no further than ``COUNTED``: a count of all would read the whole table.

    ``period`` names the field whose first and last values are looked up with the count. Rows that
    are searched or scoped are read as ``reading`` does, some pages ahead of ``asked``.
    """

    period: str | None = None
    total_of = ""  # the field that is summed up
    asked = 1

    @cached_property
    def reading(self) -> reading.Reading | None:
        if conditions(self.object_list):
            return reading.read(self.object_list, self.asked, self.per_page)
        return None

    @cached_property
    def counted(self) -> dict:
        rows, asked = self.object_list.order_by(), {}
        if self.period:
            asked |= {"first": Min(self.period), "last": Max(self.period)}
        if self.total_of:
            asked["total"] = Sum(self.total_of)
        if self.reading:
            keys = rows.model._base_manager.filter(pk__any_of=self.reading.keys)
            return keys.order_by().aggregate(**asked)
        if not asked:
            return {"rows": rows.values("pk")[:COUNTED].count()}
        names = {name for name in (self.period, self.total_of) if name}
        return rows.values("pk", *names)[:COUNTED].aggregate(rows=Count("*"), **asked)

    @property
    def count(self) -> int:
        return len(self.reading.keys) if self.reading else self.counted["rows"]

    @property
    def is_capped(self) -> bool:
        return self.reading.is_capped if self.reading else self.count == COUNTED

    @cached_property
    def total(self) -> Decimal | None:
        """Return what the rows come to that were counted; of more rows it is the least.

        None where that would be one more reading of thousands of scattered rows.
        """
        if not self.total_of or (self.reading and self.is_capped):
            return None
        return self.counted["total"]

    def page(self, number):
        number = self.validate_number(number)
        bottom = (number - 1) * self.per_page
        return self._get_page(self.rows(bottom, bottom + self.per_page), number, self)

    def rows(self, bottom: int = 0, top: int | None = None):
        """Return the rows from ``bottom`` to ``top`` of those that were counted."""
        if not self.reading:
            return self.object_list[bottom:top]
        keys = self.reading.keys[bottom:top]
        return reading.unconditional(self.object_list).filter(pk__in=keys)


def page_of(request) -> int:
    """Return the page that a list or an autocomplete is asked for; 1 for what is none."""
    asked = request.GET.get(PAGE_VAR) or request.GET.get("page", "")
    return max(1, int(asked)) if asked.isdecimal() and len(asked) < 6 else 1


class ScopedChangeList(ChangeList):
    def get_filters_params(self, params=None):
        found = super().get_filters_params(params)
        return {name: value for name, value in found.items() if name not in ("columns", "view")}

    def get_ordering_field(self, field_name):
        return order_of(self.model, super().get_ordering_field(field_name))

    def ends_of_period(self) -> tuple:
        """Return the first and the last value of the date hierarchy's field."""
        paginator = self.paginator
        if paginator.is_capped or not paginator.period:
            field = self.date_hierarchy
            ends = self.queryset.aggregate(first=Min(field), last=Max(field))
        else:
            ends = paginator.counted
        return ends["first"], ends["last"]

    def url_for_result(self, result):
        return record_url(self.model, result.pk)

    def get_results(self, request):
        super().get_results(request)
        if self.paginator.reading:
            # For what asks for the ends of the list.
            self.queryset = self.paginator.reading.rows
            self.can_show_all = self.can_show_all and not self.paginator.is_capped
            if not self.multi_page or (self.show_all and self.can_show_all):
                self.result_list = self.paginator.rows()
