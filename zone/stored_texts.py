"""Brings stored texts into the normal form of their fields, for migrations."""

from __future__ import annotations

from functools import partial

from django.db import IntegrityError, migrations, models, transaction

from zone import identifiers
from zone.fields import NormalisedField

BATCH = 1000


def tidy(app_label: str, **left: tuple[str, ...]) -> migrations.RunPython:
    """Return the operation for the models of an app; ``left`` names fields by their model."""
    return migrations.RunPython(partial(_tidy, app_label, left), migrations.RunPython.noop)


def _tidy(app_label: str, left: dict, apps, schema_editor):
    for model in apps.get_app_config(app_label).get_models():
        names = left.get(model._meta.model_name, ())
        fields = [f for f in model._meta.local_fields if isinstance(f, NormalisedField)]
        tidy_rows(model, [field for field in fields if field.name not in names])


def tidy_rows(model: type[models.Model], fields: list[models.Field]):
    if not fields:
        return
    rows = model._base_manager.values_list("pk", *(field.attname for field in fields))
    for pk, *texts in rows.iterator(chunk_size=BATCH):
        for field, text in zip(fields, texts, strict=True):
            if text and (kept := kept_form(field, text)) != text:
                write(model._base_manager.filter(pk=pk), **{field.attname: kept})


def kept_form(field: models.Field, text: str) -> str:
    """Return ``text`` in the field's normal form; as it is when that is nothing, or too long."""
    control = identifiers.CONTROL
    if field.read is identifiers.several_lines:
        control, text = identifiers.CONTROL_IN_PROSE, text.replace("\r\n", "\n")
    kept = field.normalise(control.sub(" ", text))
    fits = field.max_length is None or len(kept) <= field.max_length
    return kept if fits and (kept or field.blank and not field.null) else text


def write(rows: models.QuerySet, **values):
    """Update a row, unless another has such a value for itself: then it stays as it was."""
    try:
        with transaction.atomic():
            rows.update(**values)
    except IntegrityError:
        pass
