"""What the benches share: a database that is dropped at the end, and rows made by SQL alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, models
from psycopg import sql

END_OTHERS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@contextmanager
def database_of_its_own() -> Iterator[None]:
    """Have an empty database with all migrations, and drop it whatever happened inside."""
    original = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(END_OTHERS)  # a server's threads keep their connections
        connection.creation.destroy_test_db(original, verbosity=0)


def insert(model: type[models.Model], rows: str, /, **values: str) -> str:
    """Return an INSERT of a row of ``model`` for each row of ``rows``, a FROM clause.

    ``values`` are SQL expressions by column. What they leave out holds what the model would put
    there, so that a field added later is filled here too.
    """
    columns = {}
    for field in model._meta.concrete_fields:
        expression = values.pop(field.attname, None) or default_of(field)
        if expression:
            columns[f'"{field.column}"'] = expression
    if values:
        raise ValueError(f"{model.__name__} has no {', '.join(values)}")
    table = model._meta.db_table
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} {rows}"


def default_of(field: models.Field) -> str:
    """Return what stands in a column that nobody filled, as SQL; "" for the database's own."""
    if field.primary_key and isinstance(field, models.UUIDField):
        return "gen_random_uuid()"
    if getattr(field, "auto_now_add", False) or getattr(field, "auto_now", False):
        return "now()"
    if field.has_db_default() or field.primary_key or (field.null and not field.has_default()):
        return ""
    value = field.get_db_prep_save(field.get_default(), connection)
    return sql.Literal(value).as_string()
