"""Inserting many rows at once by COPY: a tenth of the time that building an INSERT takes.

Triggers, constraints and defaults of the database hold as for any other insert; ``save()`` is
not called, so whoever comes here has completed and checked the rows.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connections, models, router
from django.db.models.expressions import DatabaseDefault


def insert(model: type[models.Model], rows: Iterable[models.Model]) -> None:
    """Insert new rows; a value left to the database stays unknown here until the row is read.

    Raises ``IntegrityError`` like any insert. Belongs inside a transaction.
    """
    rows = list(rows)
    if not rows:
        return
    using = router.db_for_write(model)
    fields = [field for field in model._meta.concrete_fields if is_given(field, rows[0])]
    connection = connections[using]
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    statement = f"COPY {table} ({columns}) FROM STDIN"
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        for row in rows:
            copy.write_row([prepared(field, row, connection) for field in fields])
    for row in rows:
        row._state.adding, row._state.db = False, using


def is_given(field: models.Field, row: models.Model) -> bool:
    value = getattr(row, field.attname)
    by_database = isinstance(value, DatabaseDefault) or isinstance(field, models.AutoField)
    return not by_database and not field.generated


def prepared(field: models.Field, row: models.Model, connection):
    return field.get_db_prep_save(field.pre_save(row, add=True), connection=connection)
