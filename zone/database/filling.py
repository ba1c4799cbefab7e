"""Filling new columns that are made from others, of a million rows in a migration."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from django.db import models

BATCH = 20_000
MADE = """
CREATE TEMP TABLE made (id uuid PRIMARY KEY{columns}) ON COMMIT DROP"""
READ = """
CREATE FUNCTION pg_temp.made_{name}(uuid) RETURNS text STABLE LANGUAGE sql
AS 'SELECT coalesce((SELECT {name} FROM pg_temp.made WHERE id = $1), '''')'"""


def fill(editor, model: type[models.Model], *names: str):
    """Fill the derived fields ``names`` of all rows, within the transaction of a migration.

    The table is written anew: no trigger fires, so no row counts as changed and none is sent to
    another system, and each index is built once instead of taking a million entries.
    """
    fields = [model._meta.get_field(name) for name in names]
    table = editor.quote_name(model._meta.db_table)
    columns = "".join(f", {editor.quote_name(field.column)} text" for field in fields)
    editor.execute("SET LOCAL maintenance_work_mem = '512MB'")
    editor.execute(f"LOCK TABLE {table}")
    editor.execute(MADE.format(columns=columns))
    for batch in _batches(model, fields):
        with editor.connection.cursor() as cursor, cursor.copy("COPY made FROM STDIN") as copy:
            for row in batch:
                copy.write_row(row)
    for field in fields:
        editor.execute(READ.format(name=field.column))
    changes = [
        f"ALTER {editor.quote_name(field.column)} TYPE {field.db_type(editor.connection)} "
        f"USING pg_temp.made_{field.column}(id)"
        for field in fields
    ]
    editor.execute(f"ALTER TABLE {table} {', '.join(changes)}")
    for field in fields:
        editor.execute(f"DROP FUNCTION pg_temp.made_{field.column}")
    editor.execute("DROP TABLE pg_temp.made")


def _batches(model, fields) -> Iterator[list[tuple]]:
    read = model._base_manager.order_by().values_list("pk", *(field.of for field in fields))
    rows = read.iterator(chunk_size=BATCH)
    while batch := [*islice(rows, BATCH)]:
        made = (
            (pk, *(f.derive(value) for f, value in zip(fields, values, strict=True)))
            for pk, *values in batch
        )
        yield [*made]
