"""Are the triggers in the database the ones that the models ask for? (tag ``sync``)"""

from __future__ import annotations

from django.apps import apps
from django.core.checks import Tags, Warning, register
from django.db import connections

from zone.feed import triggers
from zone.feed.synced import entities
from zone.feed.tables import LOG

SYNC_CHECK = "sync"
FOUND = """
SELECT t.tgrelid::regclass::text, p.proname, p.prosrc
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND t.tgname LIKE 'feed\\_%%'
"""


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
def every_synchronised_table_writes_the_log(app_configs, databases=None, **kwargs):
    """No error, since ``migrate`` checks before it mends."""
    return [problem for alias in databases or () for problem in _apart(connections[alias])]


def _apart(connection) -> list[Warning]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [LOG])
        if cursor.fetchone()[0] is None:
            return []  # before the first migration
        cursor.execute(FOUND)
        found = {(table, name): source for table, name, source in cursor.fetchall()}
    return [
        Warning(
            f"{model._meta.label}: its changes do not reach the feed as its SYNC says.",
            hint=f'Add a migration with zone.feed.triggers.feed("{model._meta.label}").',
            obj=model,
            id="zone.W202",
        )
        for model in entities().values()
        if not _is_written(model, found)
    ]


def _is_written(model, found: dict[tuple[str, str], str]) -> bool:
    table = model._meta.db_table
    return all(
        found.get((table, triggers.function_name(model, event)))
        == triggers.function_body(model, event)
        for event in triggers.TABLES
    )
