from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


class Command(migrate.Command):
    """Django's own, for databases that stand where this release can take them up."""

    def check(self, *args, databases=None, **kwargs):
        # What the database lacks is what this command installs.
        super().check(*args, **kwargs)

    def handle(self, *args, **options):
        with one_at_a_time(options["database"]):
            refuse_between_releases(options["database"])
            return super().handle(*args, **options)


@contextmanager
def one_at_a_time(using: str) -> Iterator[None]:
    """Let a second run wait for the first; in a transaction, which PgBouncer keeps together."""
    with psycopg.connect(**connections[using].get_connection_params()) as beside:
        beside.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        beside.execute("SELECT pg_advisory_xact_lock(hashtext('zone.migrate'))")
        yield


def refuse_between_releases(using: str) -> None:
    """Refuse a database that has some of the migrations of an earlier release, and not all.

    Django would leave it as it is without a word: of the migrations that were squashed only the
    names are left.
    """
    applied = MigrationRecorder(connections[using]).applied_migrations()
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    for key, migration in loader.disk_migrations.items():
        if key in applied:
            continue
        of_former = applied.keys() & set(migration.replaces)
        missing = [name for app, name in migration.replaces if (app, name) not in applied]
        if of_former and missing:
            raise CommandError(
                "This database has not finished the former release "
                f"({migration.app_label}: {', '.join(missing)} is missing). "
                "Install that release, run its migrate, and then upgrade to this one."
            )
