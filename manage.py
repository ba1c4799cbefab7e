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
    asks_for_help = {"-h", "--help", "--version"} & set(arguments)
    return not asks_for_help and (arguments or [""])[0] not in WITHOUT_DATABASE


def main() -> None:
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line

        from zone import checkout, database
    except ImportError as error:
        sys.exit(f"manage.py: {error}: run make .venv, then .venv/bin/python manage.py ...")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zone.settings")
    arguments = sys.argv[1:]
    try:
        checkout.own_machine_defaults(os.environ, (arguments or [""])[0])
        with database.running() if needs_database(arguments) else contextlib.nullcontext():
            execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, checkout.StartProblem) as problem:
        sys.exit(f"manage.py: {problem}")
    except KeyboardInterrupt:
        sys.exit("\nStopped.")


if __name__ == "__main__":
    main()
