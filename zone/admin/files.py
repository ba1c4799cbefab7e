"""Inputs for files: several at once, each looked at before anything is saved."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils.translation import gettext_lazy as _

from zone.files.types import ACCEPT, MAX_SIZE, labels, megabytes
from zone.models.file_rows import FileRow

HINT = _(
    "%(types)s, up to %(limit)s MB each. Photos are kept as they come, as evidence: with the "
    "place and time that the camera wrote into them."
)
MOST = 20  # files in one form
AGAIN = _("Please choose the files again.")


def hint() -> str:
    return HINT % {"types": labels(), "limit": megabytes(MAX_SIZE)}


class FilesInput(forms.FileInput):
    """The browser's own input, which says how many files were chosen."""

    allow_multiple_selected = True
    template_name = "zone/files_input.html"


class FilesField(forms.FileField):
    """Several files at once, each as Django cleans one."""

    widget = FilesInput(attrs={"accept": ACCEPT})

    def clean(self, data, initial=None):
        files = data or ([None] if self.required else [])
        if len(files) > MOST:
            words = _("At most %(most)d files at once; please send the rest afterwards.")
            raise ValidationError(words, "many", {"most": MOST})
        return [super(FilesField, self).clean(file, initial) for file in files]


def taken(files: list[File], row: Callable[[], FileRow]) -> list[FileRow]:
    """Return a new row for each file; one refusal names all that is wrong with any of them.

    A browser sends no file a second time: whoever mends one chooses all of them again.
    """
    rows, errors = [], []
    for file in files:
        try:
            rows.append(row().take(file))
        except ValidationError as refusal:
            errors.append(refusal)
    if errors:
        raise ValidationError([*errors, ValidationError(AGAIN)])
    return rows
