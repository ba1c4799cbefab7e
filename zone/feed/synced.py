"""What the change feed carries: each model says once, as ``SYNC``, how it is synchronised.

From that one declaration come the triggers that write the log (``zone.feed.triggers``) and the
rows a client of the interface sees (``zone.feed.scope``): the two cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from uuid import UUID

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

# Two tokens that stand for clients rather than for a chain, a park or an account.
ALL = UUID("00000000-0000-8000-8000-000000000001")
ANY_CHAIN = UUID("00000000-0000-8000-8000-000000000002")

# Which part of a scope opens the rows that a path leads to.
OPENED_BY = {"zone.industrychain": "chains", "zone.park": "parks", "zone.user": "account"}


@dataclass(frozen=True)
class Open:
    """Rows shown to a whole kind of client, ``ALL`` or ``ANY_CHAIN``.

    With ``empty`` only those rows whose named fields are all empty.
    """

    token: UUID
    empty: tuple[str, ...] = ()


@dataclass(frozen=True)
class Synced:
    """How a model is synchronised.

    ``number`` stands for it in the log and is never reused, ``name`` is its name in the
    interface. ``paths`` lead to the chains, parks and accounts whose clients see a row:
    ``chain`` (own field), ``project__park`` (one step up), ``leads__chain`` (down, then an own
    field or one of the child's ``WRITE_ONCE``). Unless they are given they follow from
    ``BELONGS_TO``: one step up to each path of the owner that is a field of its own.
    """

    number: int
    name: str
    paths: tuple[str, ...] | None = None
    opens: tuple[Open, ...] = ()


@dataclass(frozen=True)
class Own:
    """The value stands in a column of the row itself."""

    column: str


@dataclass(frozen=True)
class Up:
    """The value stands in a column of the row that ``key`` points to."""

    key: str
    parent: type[models.Model]
    column: str
    is_write_once: bool


@dataclass(frozen=True)
class Down:
    """The value is that of rows of ``child`` that point here by ``key``."""

    child: type[models.Model]
    key: str
    ground: Own | Up


def sync_of(model: type[models.Model]) -> Synced | None:
    """Return how this very model is synchronised; None when it is not."""
    return vars(model).get("SYNC")


@cache
def entities() -> dict[str, type[models.Model]]:
    """Return all synchronised models by their names in the interface."""
    found = [model for model in apps.get_models() if sync_of(model)]
    return {model.SYNC.name: model for model in sorted(found, key=lambda model: model.SYNC.number)}


@cache
def by_number() -> dict[int, type[models.Model]]:
    return {model.SYNC.number: model for model in entities().values()}


def last_field(model: type[models.Model], path: str) -> models.Field:
    """Return the field that a path ends at; ``id`` for the row itself."""
    for name in path.split("__"):
        field = model._meta.get_field(name)
        model = field.related_model
    return field


def opened_by(model: type[models.Model], path: str) -> str:
    """Return the part of a scope that opens what ``path`` leads to."""
    field = last_field(model, path)
    target = field.model if field.primary_key else field.related_model
    return OPENED_BY[target._meta.label_lower]


def paths_of(model: type[models.Model]) -> tuple[str, ...]:
    """Return the paths of a synchronised model, given or following from ``BELONGS_TO``."""
    if model.SYNC.paths is not None:
        return model.SYNC.paths
    owners = {name: model._meta.get_field(name).related_model for name in model.BELONGS_TO}
    return tuple(
        f"{name}__{path}"
        for name, owner in owners.items()
        for path in paths_of(owner)
        if "__" not in path
    )


def grounds(model: type[models.Model]) -> list[Own | Up | Down]:
    """Return where the database finds the values of a model's paths."""
    return [_ground(model, path, path.split("__")) for path in paths_of(model)]


def _ground(model: type[models.Model], path: str, names: list[str]) -> Own | Up | Down:
    field = model._meta.get_field(names[0])
    if len(names) == 1:
        return Own(field.column)
    if not field.concrete:
        below = _ground(field.related_model, path, names[1:])
        if isinstance(below, Own) or (isinstance(below, Up) and below.is_write_once):
            return Down(field.related_model, field.field.column, below)
        raise TypeError(f"{path}: below a child only own and fixed fields are followed")
    parent = field.related_model
    if len(names) > 2 or not sync_of(parent):
        raise TypeError(f"{path}: only one step up, to a synchronised row, is followed")
    column = parent._meta.get_field(names[1]).column
    return Up(field.column, parent, column, is_write_once=names[1] in parent.WRITE_ONCE)


def check_entities(names: list[str]) -> None:
    """Refuse names that are no resources."""
    if unknown := sorted(set(names) - set(entities())):
        raise ValidationError(
            _("No resources of the interface: %(names)s."),
            params={"names": ", ".join(unknown)},
            code="entity",
        )
