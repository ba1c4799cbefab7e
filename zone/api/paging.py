"""Keyset paging: the cursor holds every value of the order, so no row is skipped or repeated."""

from __future__ import annotations

from http import HTTPStatus

from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zone.api.problems import Problem, error

LONGEST, USUAL = 500, 100
SALT = "zone.api.page"


def bad_parameter(name: str, detail) -> Problem:
    errors = [error(f"?{name}", detail, "parameter")]
    return Problem(HTTPStatus.BAD_REQUEST, detail, "parameter", errors=errors)


def limit_of(params) -> int:
    text = params.get("limit", str(USUAL))
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= LONGEST):
        raise bad_parameter("limit", _("limit is a whole number from 1 to 500."))
    return int(text)


class KeyPage:
    """One page of ``rows`` in the order ``order`` (a field, or ``-field``) and then by id."""

    def __init__(self, rows: models.QuerySet, order: str, limit: int):
        self.down = order.startswith("-")
        self.name, self.order, self.limit = order.removeprefix("-"), order, limit
        self.rows = rows.order_by(order, *(() if self.name == "id" else ("id",)))

    def after(self, cursor: str) -> models.QuerySet:
        """Return the rows of the page that follows ``cursor`` and one more, which tells of more."""
        rows = self.rows.filter(self._beyond(cursor)) if cursor else self.rows
        return rows[: self.limit + 1]

    def _beyond(self, cursor: str) -> Q:
        try:
            order, *keys = Signer(salt=SALT).unsign_object(cursor)
            names = [self.name] if self.name == "id" else [self.name, "id"]
            if order != self.order or len(keys) != len(names):
                raise BadSignature
            fields = [self.rows.model._meta.get_field(name) for name in names]
            values = [field.to_python(key) for field, key in zip(fields, keys, strict=True)]
        except (BadSignature, ValidationError, ValueError, TypeError) as mistake:
            detail = _("This cursor is not of this list and order; begin without one.")
            raise bad_parameter("cursor", detail) from mistake
        past = "lt" if self.down else "gt"
        beyond = Q(**{f"{self.name}__{past}": values[0]})
        if len(values) == 2:
            beyond |= Q(**{self.name: values[0], "id__gt": values[1]})
            # Alone it names the index to begin at; the rest only sorts out equals.
            beyond &= Q(**{f"{self.name}__{past}e": values[0]})
        return beyond

    def cursor_behind(self, row: dict) -> str:
        keys = [row[self.name]] if self.name == "id" else [row[self.name], row["id"]]
        words = [key.isoformat() if hasattr(key, "isoformat") else str(key) for key in keys]
        return Signer(salt=SALT).sign_object([self.order, *words])
