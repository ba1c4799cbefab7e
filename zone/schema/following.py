"""What follows every ``migrate``: the database's objects, the roles, the application's rights."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connections, transaction
from django.db.migrations.executor import MigrationExecutor

from zone.access import client_triggers
from zone.apps import modules_of_apps
from zone.audit import triggers as audit_triggers
from zone.database import objects, remembered, row_versions, search
from zone.database.connection import application_role
from zone.feed import triggers as feed_triggers
from zone.feed.tables import STATE
from zone.schema import grants, groups


def wanted() -> Iterator[objects.DatabaseObject]:
    """Yield the objects that the models and the apps ask for, each after what it is made of."""
    yield from row_versions.objects()
    yield from remembered.objects()
    yield from search.objects()
    yield from audit_triggers.OBJECTS
    yield from client_triggers.OBJECTS
    yield from feed_triggers.objects()
    for module in modules_of_apps("triggers"):
        yield from module.OBJECTS


def after_migrate(using: str, plan=(), **kwargs) -> None:
    """Install what differs; a receiver of ``post_migrate``. A second run does nothing."""
    if not is_migrated(using):
        return  # the objects are those of the last migration's columns
    with transaction.atomic(using):
        install_objects(using)
        groups.install(using)
    grants.apply(application_role(), using)
    if plan:  # an index of an expression has no statistics of its own until then
        with connections[using].cursor() as cursor:
            cursor.execute("ANALYZE")


def install_objects(using: str = "default") -> list[str]:
    """Bring the database's objects to those of the code and return the statements that did.

    Where the log has missed changes every client of the feed begins anew.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(objects.LOCK)
        schema = objects.Schema(cursor, wanted())
        has_lost_events = feed_triggers.has_lost_events(schema)
        statements = schema.install()
        if has_lost_events:
            cursor.execute(f"UPDATE {STATE} SET epoch = gen_random_uuid()")
    return statements


def is_migrated(using: str) -> bool:
    executor = MigrationExecutor(connections[using])
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
