"""The check constraints of a model, asked of many rows in one statement before they are written."""

from __future__ import annotations

import json
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import connection, models


def broken(model: type[models.Model], rows: Iterable[models.Model]) -> dict:
    """Return ``{row: refusal}`` for those of ``rows`` that a check constraint would refuse."""
    checks = [one for one in model._meta.constraints if isinstance(one, models.CheckConstraint)]
    rows = list(rows)
    if not checks or not rows:
        return {}
    editor = connection.schema_editor(collect_sql=True)
    said = [one._get_check_sql(model, editor).replace("%", "%%") for one in checks]
    table = connection.ops.quote_name(model._meta.db_table)
    statement = (
        f"SELECT n, {', '.join(f'({check}) IS FALSE' for check in said)} FROM "
        f"jsonb_populate_recordset(NULL::{table}, %s::jsonb) WITH ORDINALITY AS rows("
        f"{', '.join(_columns(model))}, n) WHERE NOT ({' AND '.join(f'({s})' for s in said)})"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps([_values(row) for row in rows], default=str)])
        found = cursor.fetchall()
    return {rows[n - 1]: _refusal(checks, failed) for n, *failed in found}


def _columns(model: type[models.Model]) -> list[str]:
    """Return the columns in the table's own order, as the statement has to name them."""
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, model._meta.db_table)
    return [connection.ops.quote_name(column.name) for column in described]


def _values(row: models.Model) -> dict:
    fields = (field for field in row._meta.concrete_fields if not field.generated)
    values = ((field.column, getattr(row, field.attname)) for field in fields)
    plain = (str, int, bool, type(None))
    return {
        column: str.__str__(value) if isinstance(value, str) else value
        for column, value in values
        if isinstance(value, plain) or hasattr(value, "isoformat") or hasattr(value, "as_tuple")
    }


def _refusal(checks: list[models.CheckConstraint], failed: list[bool]) -> ValidationError:
    return ValidationError(
        [
            ValidationError(one.get_violation_error_message(), code=one.name)
            for one, is_broken in zip(checks, failed, strict=True)
            if is_broken
        ]
    )
