"""Are functions, triggers and indexes of the database as the code asks? (tag ``sync``)"""

from __future__ import annotations

from django.apps import apps
from django.core.checks import Tags, Warning, register
from django.db import connections

from zone.database.objects import Schema
from zone.feed import triggers
from zone.feed.synced import entities
from zone.feed.tables import LOG
from zone.schema.following import wanted

SYNC_CHECK = "sync"


@register(SYNC_CHECK)
def every_row_says_how_it_is_synchronised(app_configs, **kwargs) -> list[Warning]:
    """A new model cannot be forgotten: ``SYNC = None`` says that it stays inside."""
    from zone.models.base import Row

    silent = [m for m in apps.get_models() if issubclass(m, Row) and "SYNC" not in vars(m)]
    return [
        Warning(
            f"{model._meta.label} does not say whether it is synchronised.",
            hint="Give it SYNC = Synced(…) or SYNC = None.",
            obj=model,
            id="zone.W201",
        )
        for model in silent
    ]


@register(SYNC_CHECK, Tags.database)
def every_object_of_the_database_is_as_the_code_asks(app_configs, databases=None, **kwargs):
    """No error, since ``migrate`` checks before it mends."""
    return [problem for alias in databases or () for problem in _apart(connections[alias])]


def _apart(connection) -> list[Warning]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [LOG])
        if cursor.fetchone()[0] is None:
            return []  # before the first migration
        differing = {one.key for one in Schema(cursor, wanted()).differing()}
    found = []
    for model in entities().values():
        if ours := differing & {one.key for one in triggers.of_model(model)}:
            differing -= ours
            found.append(_warning("zone.W202", model._meta.label, model))
    names = ", ".join(" ".join(filter(None, key)) for key in sorted(differing))
    return found + ([_warning("zone.W203", names)] if names else [])


def _warning(number: str, name: str, model=None) -> Warning:
    return Warning(
        f"{name}: the database has not what the code asks for.",
        hint="Run migrate as the owner of the database; it installs what differs.",
        obj=model or name,
        id=number,
    )
