from django.db import models
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import OpenQuerySet
from zone.fields import LineField, PinyinKeyField
from zone.identifiers import no_personal_number
from zone.models.base import Row


class Fund(Row):
    """An industry fund of the zone."""

    SYNC = None

    name = LineField(_("name"), max_length=100, unique=True, validators=[no_personal_number])
    sort_key = PinyinKeyField()
    purpose = LineField(
        _("purpose"), max_length=300, blank=True, default="", validators=[no_personal_number]
    )
    announced_on = models.DateField(_("announced on"), null=True, blank=True)
    source = LineField(
        _("source"), max_length=200, blank=True, default="", validators=[no_personal_number]
    )

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("industry fund")
        verbose_name_plural = _("industry funds")
        ordering = ("sort_key", "id")

    def __str__(self):
        return self.name
