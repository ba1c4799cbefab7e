"""Counting and dividing long lists without reading all of them."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.utils.functional import cached_property
from unfold.views import ChangeList

from zone.database.plans import with_rows

COUNTED = 10_000


class CappedPaginator(Paginator):
    """Counts no further than ``COUNTED``: a count of all would read the whole table."""

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by().values("pk")[:COUNTED].count()

    @property
    def is_capped(self) -> bool:
        return self.count == COUNTED

    def page(self, number):
        """Return a page; of many rows in the form that ends with the page."""
        if self.is_capped:
            self.object_list = with_rows(self.object_list, many=True)
        return super().page(number)


class ScopedChangeList(ChangeList):
    def get_results(self, request):
        super().get_results(request)
        if self.paginator.is_capped:
            # For what asks for the ends of the list.
            self.queryset = with_rows(self.queryset, many=True)
