"""Lists are sorted by pinyin: by the key of a name, never by the code points of its characters."""

from __future__ import annotations

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from zone.fields import CodeField, NormalisedField, RegisteredNameField, pinyin_key_of


class SortedByPinyin:
    """For admin classes: no column is sorted by a text that has no key; codes have none."""

    def get_sortable_by(self, request):
        return [name for name in super().get_sortable_by(request) if self._has_order(name)]

    def _has_order(self, column: str) -> bool:
        path = getattr(getattr(self, column, None), "admin_order_field", column)
        return not isinstance(path, str) or is_sorted(self.model, path.lstrip("-"))


def is_sorted(model: type[models.Model], name: str) -> bool:
    """Whether rows may be sorted by the column: it is no text in Chinese, or has a key."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:  # an annotation, or a path
        return True
    is_code = isinstance(field, CodeField) and not isinstance(field, RegisteredNameField)
    if not isinstance(field, NormalisedField) or is_code or field.choices:
        return True
    return field.unique or pinyin_key_of(model, name) is not None


def order_of(model: type[models.Model], name):
    """Return what ``name`` is sorted by."""
    key = pinyin_key_of(model, name) if isinstance(name, str) else None
    return key.name if key else name
