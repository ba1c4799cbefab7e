from __future__ import annotations

from django.db import models

from zone.access.row_access import OpenQuerySet


class Throttle(models.Model):
    """How many tries somebody has left (``zone.access.throttling`` writes it, and nobody else)."""

    key = models.CharField(max_length=64, primary_key=True)
    tokens = models.FloatField()
    is_open = models.BooleanField()
    at = models.DateTimeField(db_index=True)

    objects = OpenQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self):
        return f"{self.key[:8]}: {self.tokens:.0f}"
