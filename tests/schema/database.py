"""Databases beside the tests' own, and what stands in their catalogue."""

from __future__ import annotations

import lzma
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.conf import settings as django_settings
from django.db import connection
from psycopg import sql

BEFORE_SQUASH = Path(__file__).parent / "before_squash.sql.xz"
CATALOGUE = {
    "columns": """
      SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
        pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attcollation::regcollation::text
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
      WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND {here}""",
    "constraints": """
      SELECT c.relname, conname, pg_get_constraintdef(k.oid)
      FROM pg_constraint k JOIN pg_class c ON c.oid = conrelid WHERE {here}""",
    "indexes": """
      SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_class c WHERE relkind = 'i' AND {here}""",
    "triggers": """
      SELECT c.relname, tgname, pg_get_triggerdef(t.oid), tgenabled::text
      FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal AND {here}""",
    "functions": """
      SELECT pg_get_functiondef(p.oid), p.proacl::text FROM pg_proc p
      WHERE pronamespace = current_schema()::regnamespace AND prokind = 'f' AND NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')""",
    "rights": """
      SELECT c.relname, acl FROM pg_class c, unnest(c.relacl::text[]) acl WHERE {here}""",
    "groups": """
      SELECT g.name, t.app_label, p.codename FROM auth_group g
      JOIN auth_group_permissions gp ON gp.group_id = g.id
      JOIN auth_permission p ON p.id = gp.permission_id
      JOIN django_content_type t ON t.id = p.content_type_id""",
}


class Beside:
    """A database beside the tests' own: ``migrate`` runs on it as a command."""

    def __init__(self, name: str):
        settings = connection.settings_dict
        host = f"{settings['HOST']}:{settings['PORT']}"
        self.url = f"postgres://{settings['USER']}:{settings['PASSWORD']}@{host}/{name}"
        self.connection = psycopg.connect(self.url, autocommit=True)

    def migrate(self, *targets: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity=0", *targets],
            env=os.environ | {"DATABASE_URL": self.url},
            cwd=django_settings.BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def database_beside(script: str) -> Iterator[Beside]:
    """Have a database of its own, filled by ``script``, and drop it at the end."""
    name = f"{connection.settings_dict['NAME']}_beside"
    quoted = sql.Identifier(name)
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(quoted))
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(quoted))
        try:
            beside = Beside(name)
            with beside.connection:
                beside.connection.execute(script)
                beside.connection.execute("RESET ALL")
                yield beside
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(quoted))


def before_squash() -> str:
    """Return the script of a database of the last release before the migrations were squashed."""
    return lzma.decompress(BEFORE_SQUASH.read_bytes()).decode()


def catalogue(cursor) -> dict[str, set]:
    """Return what a database says of itself, by kind; moments and ids are no part of it."""
    here, found = "c.relnamespace = current_schema()::regnamespace", {}
    for kind, question in CATALOGUE.items():
        cursor.execute(question.format(here=here))
        found[kind] = {tuple(map(_plain, row)) for row in cursor.fetchall()}
    return found


def _plain(value):
    """Return a definition without casts and brackets: a dump that is read in has others."""
    return CASTS.sub("", value) if isinstance(value, str) else value


CASTS = re.compile(r"::(character varying|text)(\[\])?|[()\s]")
