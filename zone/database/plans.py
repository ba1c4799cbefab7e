"""Conditions in two forms, for few rows and for many: no planner turns one into the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import models


class FewOrMany(models.Expression):
    """A condition as ``few``, which finds its rows by indexes, or as ``many``, which looks at one
    row after the other in the order of the list and ends when the page is full.

    Looking for few rows that way reads the whole table; finding many of them, to sort them and
    show fifty, reads all that fit. A query takes ``usually``, unless ``in_forms`` chooses.
    """

    conditional = True

    def __init__(self, few: models.Q, many: models.Q, *, usually: bool = False):
        super().__init__(output_field=models.BooleanField())
        self.few, self.many, self.usually = few, many, usually

    def get_source_expressions(self):
        return [self.few, self.many]

    def set_source_expressions(self, expressions):
        self.few, self.many = expressions

    def as_sql(self, compiler, connection):
        return compiler.compile(self.many if self.usually else self.few)


def conditions(queryset: models.QuerySet) -> list[FewOrMany]:
    """Return the conditions of the queryset that have two forms."""
    found = [getattr(child, "lhs", None) for child in queryset.query.where.children]
    return [condition for condition in found if isinstance(condition, FewOrMany)]


def in_forms(queryset: models.QuerySet, form: Callable) -> models.QuerySet:
    """Return the queryset with ``form`` of each such condition; None leaves it out."""
    chosen = queryset.all()
    where = chosen.query.where
    forms = [
        form(child.lhs) if isinstance(getattr(child, "lhs", None), FewOrMany) else child
        for child in where.children
    ]
    where.children = [child for child in forms if child is not None]
    return chosen


def with_rows(queryset: models.QuerySet, *, many: bool) -> models.QuerySet:
    """Return the queryset with its conditions in the form for few or for many rows."""
    return in_forms(queryset, lambda condition: condition.many if many else condition.few)


def union_of(parts: list[models.QuerySet]) -> models.Q:
    """Return the condition that a row's id is among these, each found by its own index."""
    return models.Q(pk__in=parts[0].union(*parts[1:], all=True) if parts[1:] else parts[0])


def holds(rows: models.QuerySet) -> models.Subquery:
    """Whether ``rows``, which name their row by ``OuterRef``, has any; null where it has none.

    Asked of one row by an index, never hashed. EXISTS would be: PostgreSQL may read all rows of
    the other side before the first look.
    """
    found = rows.values(found=models.Value(True))
    return models.Subquery(found[:1], output_field=models.BooleanField())


@dataclass(frozen=True)
class Relation:
    """A relation ``name`` of ``model``, forward or reverse, to ``rows`` of its other side."""

    model: type[models.Model]
    name: str
    rows: models.QuerySet

    @property
    def is_forward(self) -> bool:
        return self.field.concrete

    @property
    def field(self):
        return self.model._meta.get_field(self.name)

    @property
    def ids(self) -> models.QuerySet:
        """The ids of those that point to one of the rows, or that one of the rows points to."""
        far = with_rows(self.rows.order_by(), many=False)
        if self.is_forward:
            rows = self.model._base_manager.order_by()
            return rows.filter(**{f"{self.name}__in": far.values("pk")}).values("pk")
        key = self.field.remote_field.attname
        return far.filter(**{f"{key}__isnull": False}).values(key)

    @property
    def holds(self) -> models.Subquery:
        """Whether there is such a row."""
        column = "pk" if self.is_forward else self.field.remote_field.attname
        own = models.OuterRef(self.field.attname if self.is_forward else "pk")
        return holds(with_rows(self.rows.order_by(), many=True).filter(**{column: own}))
