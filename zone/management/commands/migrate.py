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
        refuse_between_releases(options["database"])
        return super().handle(*args, **options)


def refuse_between_releases(using: str) -> None:
    """Refuse a database that has some of the migrations of an earlier release, and not all.

    Django would leave it as it is without a word: of the migrations that were squashed only the
    names are left.
    """
    applied = MigrationRecorder(connections[using]).applied_migrations()
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    for (app, _name), migration in loader.disk_migrations.items():
        missing = [key for key in migration.replaces if key not in applied]
        if migration.replaces and missing and len(missing) < len(migration.replaces):
            names = ", ".join(name for _app, name in missing)
            raise CommandError(
                f"This database has not finished the former release ({app}: {names} is missing). "
                "Install that release, run its migrate, and then upgrade to this one."
            )
