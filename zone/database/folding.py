"""Texts as they are searched: of one width, without blanks, in capitals."""

from __future__ import annotations

from django.db import models
from django.db.models.lookups import IContains

from zone import identifiers


class Folded(models.Func):
    """A text in one width and without blanks, as ``identifiers.folded`` has it."""

    template = "replace(normalize(%(expressions)s, NFKC), ' ', '')"
    output_field = models.TextField()


def holds(field: str, text: str) -> models.Q:
    """Return the condition that ``field`` holds ``text``, however wide either is written."""
    return models.Q(IContains(Folded(field), identifiers.folded(text)))
