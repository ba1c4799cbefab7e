"""Which models hold demo rows, and what refers to them: found, never listed by hand."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import TopologicalSorter

from django.apps import apps
from django.db.models import Field, Model


def demo_models() -> list[type[Model]]:
    """Return every model with ``is_demo``, those that refer to others first."""
    models = [model for model in apps.get_models() if has_demo(model)]
    graph = {
        model: {field.related_model for field in references(model)} - {model} for model in models
    }
    order = [model for model in TopologicalSorter(graph).static_order() if model in graph]
    return order[::-1]


def references(model: type[Model]) -> Iterator[Field]:
    """Return the foreign keys of ``model`` to models with demo rows.

    The trail keeps names of its own: what it says of a row outlives the row. The table of a
    many-to-many field, which Django makes, is asked for what it links its owner to.
    """
    owner = model._meta.auto_created
    for field in model._meta.concrete_fields:
        if not field.is_relation or field.related_model is owner:
            continue
        if field.db_constraint and has_demo(field.related_model):
            yield field


def has_demo(model: type[Model]) -> bool:
    return any(field.name == "is_demo" for field in model._meta.concrete_fields)
