#!/usr/bin/env python3
"""Django's command line, with a database under every command that needs one."""

import contextlib
import os
import sys

WITHOUT_DATABASE = {
    "", "help", "version", "check", "collectstatic", "compilemessages", "diffsettings",
    "findstatic", "makemessages", "makemigrations", "messages", "startapp",
}  # fmt: skip


def needs_database(arguments: list[str]) -> bool:
    if {"-h", "--help", "--version"} & set(arguments):
        return False
    command, *options = arguments or [""]
    # --database and --deploy, as far as argparse wants them written out.
    looks_inside = command == "check" and any(o.startswith(("--da", "--de")) for o in options)
    return looks_inside or command not in WITHOUT_DATABASE


def refusal_of(error: Exception) -> str:
    """Return what to do when the database denies a right; empty when it is something else."""
    from psycopg.errors import InsufficientPrivilege

    cause: BaseException | None = error
    while cause and not isinstance(cause, InsufficientPrivilege):
        cause = cause.__cause__ or cause.__context__
    if not cause:
        return ""
    said = str(cause).strip().splitlines()[0]
    return (
        f"{said}: set DATABASE_OWNER_URL for migrate and purge_audit; for any other command run "
        "migrate first, which grants the application what it needs."
    )


def main() -> None:
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
        from django.db import DatabaseError

        from zone.database import checkout
        from zone.database import connection as database
    except ImportError as error:
        sys.exit(f"manage.py: {error}: run make .venv, then .venv/bin/python manage.py ...")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zone.settings")
    arguments = sys.argv[1:]
    command = (arguments or [""])[0]
    try:
        needed = needs_database(arguments)
        if needed:
            checkout.refuse_second_database(os.environ, command)
        checkout.own_machine_defaults(os.environ, command)
        database.log_in_as_owner(command)
        with database.running() if needed else contextlib.nullcontext():
            execute_from_command_line(sys.argv)
        if command == "migrate" and needed:
            checkout.mark_production(os.environ)
    except (ImproperlyConfigured, checkout.StartProblem) as problem:
        sys.exit(f"manage.py: {problem}")
    except OSError as error:
        if refusal := checkout.refusal_of(error):
            sys.exit(f"manage.py: {refusal}")
        raise
    except DatabaseError as error:
        if refusal := refusal_of(error):
            sys.exit(f"manage.py: {refusal}")
        raise
    except KeyboardInterrupt:
        sys.exit("\nStopped.")


if __name__ == "__main__":
    main()
