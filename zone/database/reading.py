"""Reading a page of the rows that conditions in two forms choose, by the way that costs least."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import models
from django.db.models import Window
from django.db.models.sql.datastructures import BaseTable

from zone.database.plans import FewOrMany, conditions, in_forms, with_rows

# So many rows are found by indexes and sorted in some 50 ms.
AT_MOST = 10_000
# So many of a kind are counted where one searches everything.
AT_LEAST = 1_000
# So many are looked at first.
FIRST = 5_000
PAGES_AHEAD = 9


@dataclass(frozen=True)
class Reading:
    """The keys of the first rows in their order, and the queryset in the form that found them."""

    rows: models.QuerySet
    keys: list
    is_capped: bool


@dataclass(frozen=True)
class Best:
    """The rows that fit best, and how many there are; more than ``AT_LEAST`` are not counted."""

    rows: list
    number: int
    is_capped: bool


def best(queryset: models.QuerySet, number: int, closeness: Callable) -> Best:
    """Return ``number`` rows, the closest first; where very many fit, the first of the list.

    ``closeness`` returns what the few are sorted by. The last condition is estimated first: that
    of a search stands behind those of access.
    """
    few, expected = queryset, 0
    if known := conditions(queryset):
        few, expected = _by(queryset, known[-1]), _estimate(_alone(queryset, known[-1]))
    if expected > AT_LEAST:
        keys = _walk(queryset, FIRST, number)
        if len(keys) == number:
            return Best(list(unconditional(queryset).filter(pk__in=keys)), AT_LEAST, True)
        _expected, few = min(_ways(queryset), key=lambda way: way[0])
    order = few.query.order_by or few.model._meta.ordering
    found = few.annotate(found_in_all=Window(models.Count("*"))).order_by(closeness(), *order)
    rows = list(found[:number])
    counted = rows[0].found_in_all if rows else 0
    return Best(rows, min(counted, AT_LEAST), counted > AT_LEAST)


def read(queryset: models.QuerySet, page: int, per_page: int) -> Reading:
    """Return the keys of the rows up to some pages behind ``page``, or of all up to ``AT_MOST``.

    Where one of the conditions fits few rows, as PostgreSQL estimates, these are found by its
    indexes, and the other conditions are asked of each. Where all fit many, the rows are looked
    at in the order of the list. Words may be frequent and hardly ever stand in one row: where
    the page is not filled that way, the rarest condition finds them all the same.
    """
    expected, few = min(_ways(queryset), key=lambda way: way[0])
    if expected <= AT_MOST:
        return _all(few, few)
    many = with_rows(queryset, many=True)
    needed = page * per_page
    keys = _walk(queryset, FIRST, needed + PAGES_AHEAD * per_page)
    if len(keys) <= needed:
        # Twice as far as the page should be by what was found, if that is less than all.
        reach = 2 * FIRST * needed // max(1, len(keys))
        keys = _walk(queryset, reach, needed + 1) if reach < expected else ()
    return Reading(many, keys, is_capped=True) if len(keys) > needed else _all(few, many)


def _all(few: models.QuerySet, rows: models.QuerySet) -> Reading:
    keys = list(few.values_list("pk", flat=True)[:AT_MOST])
    return Reading(rows, keys, is_capped=len(keys) == AT_MOST)


def in_cheaper_form(queryset: models.QuerySet) -> models.QuerySet:
    """Return the queryset with its conditions in the form for as many rows as are expected."""
    if not conditions(queryset):
        return queryset
    expected, few = min(_ways(queryset), key=lambda way: way[0])
    return few if expected <= AT_MOST else with_rows(queryset, many=True)


def unconditional(queryset: models.QuerySet) -> models.QuerySet:
    """Return the queryset without its conditions in two forms."""
    return in_forms(queryset, lambda condition: None)


def _ways(queryset: models.QuerySet) -> Iterator[tuple[int, models.QuerySet]]:
    """Yield how many rows are found first, and the queryset that finds them first."""
    plain = unconditional(queryset)
    if plain.query.where:
        yield _estimate(plain), with_rows(queryset, many=True)
    for rare in conditions(queryset):
        yield _estimate(_alone(queryset, rare)), _by(queryset, rare)


def _alone(queryset: models.QuerySet, rare: FewOrMany) -> models.QuerySet:
    """Return the rows that one condition finds by its indexes, whatever the others say."""
    alone = queryset.all()
    alone.query.where.children = [rare.few]
    return alone


def _by(queryset: models.QuerySet, rare: FewOrMany) -> models.QuerySet:
    """Return the queryset with one condition finding the rows, and the others asked of each."""
    return in_forms(queryset, lambda each: each.few if each is rare else each.many)


def _estimate(queryset: models.QuerySet) -> int:
    plan = queryset.order_by().values("pk").explain(format="json")
    return json.loads(plan)[0]["Plan"]["Plan Rows"] if plan else 0


def _walk(queryset: models.QuerySet, reach: int, number: int) -> list:
    """Return the first keys among the rows in ``reach`` that fit all conditions."""
    columns = [field.attname for field in queryset.model._meta.concrete_fields]
    rows = queryset.order_by().values_list("pk", flat=True)
    rows.query.where.children = [condition.many for condition in conditions(queryset)]
    first = FirstRows(unconditional(queryset).values(*columns)[:reach])
    rows.query.alias_map[first.table_alias] = first
    return list(rows[:number])


class FirstRows(BaseTable):
    """A table cut to the first rows of a queryset, in their order."""

    def __init__(self, rows: models.QuerySet):
        table = rows.model._meta.db_table
        super().__init__(table, table)
        self.rows = rows

    def as_sql(self, compiler, connection):
        sql, params = self.rows.query.get_compiler(connection=connection).as_sql()
        return f"({sql}) {connection.ops.quote_name(self.table_alias)}", params
