"""Write the schema of the interface to fixtures/openapi.json, or check that it is up to date."""

import json
from argparse import ArgumentParser
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

FILE = Path(settings.BASE_DIR) / "fixtures" / "openapi.json"


def generate() -> str:
    """Return the schema in English, validated as OpenAPI; a warning stops it."""
    out = StringIO()
    options = {"format": "openapi-json", "lang": "en", "validate": True, "fail_on_warn": True}
    call_command("spectacular", stdout=out, **options)
    return json.dumps(json.loads(out.getvalue()), indent=1, ensure_ascii=False) + "\n"


class Command(BaseCommand):
    help = "Write fixtures/openapi.json, the schema of the interface, from the code"

    def add_arguments(self, parser: ArgumentParser):
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail if it differs"
        )

    def handle(self, *, check: bool, **options):
        schema = generate()
        if not check:
            FILE.write_text(schema, encoding="utf-8")
        elif schema != FILE.read_text(encoding="utf-8"):
            raise CommandError(f"{FILE.name} is not up to date: run manage.py api_schema.")
