from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import OpenQuerySet
from zone.models.base import Row


class SettingSpec(NamedTuple):
    default: Decimal
    most: Decimal
    unit: str
    meaning: str


class ZoneSetting(Row):
    """A number the office may set; without a row its default holds."""

    SYNC = None

    class Key(models.TextChoices):
        LIGHT_YELLOW_FROM = "LIGHT_YELLOW_FROM", _("yellow light from")
        LIGHT_RED_ABOVE = "LIGHT_RED_ABOVE", _("red light above")
        SIGNED_FLOOR_WAN = "SIGNED_FLOOR_WAN", _("smallest amount recognised")
        LEAD_PROTECTION_DAYS = "LEAD_PROTECTION_DAYS", _("protection of a lead")
        CONTACT_RETENTION_DAYS = "CONTACT_RETENTION_DAYS", _("keeping of contacts")

    KNOBS = {
        Key.LIGHT_YELLOW_FROM: SettingSpec(
            Decimal(10),
            Decimal(100),
            _("percentage points"),
            _("Behind the pace by this much turns yellow."),
        ),
        Key.LIGHT_RED_ABOVE: SettingSpec(
            Decimal(30),
            Decimal(100),
            _("percentage points"),
            _("Behind the pace by more than this turns red."),
        ),
        Key.SIGNED_FLOOR_WAN: SettingSpec(
            Decimal(0),
            Decimal(10_000_000),
            "万元",
            _("Formal agreements below this amount cannot be recognised."),
        ),
        Key.LEAD_PROTECTION_DAYS: SettingSpec(
            Decimal(180),
            Decimal(3650),
            _("days"),
            _("How long a registered lead is kept for its owner."),
        ),
        Key.CONTACT_RETENTION_DAYS: SettingSpec(
            Decimal(1095),
            Decimal(3650),
            _("days"),
            _(
                "How long a contact is kept after its entry or last follow-up. Not yet confirmed "
                "by a rule of the zone; please check."
            ),
        ),
    }

    key = models.CharField(_("setting"), max_length=40, choices=Key, unique=True)
    value = models.DecimalField(_("value"), max_digits=16, decimal_places=4)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("office setting")
        verbose_name_plural = _("office settings")
        ordering = ("key",)
        constraints = [
            models.CheckConstraint(
                condition=Q(value__gte=0),
                name="zone_setting_not_negative",
                violation_error_message=_("The value cannot be negative."),
            )
        ]

    def __str__(self):
        return self.get_key_display()

    @property
    def spec(self) -> SettingSpec:
        return self.KNOBS[self.Key(self.key)]

    @classmethod
    def values(cls) -> dict[str, Decimal]:
        """Return every setting, defaults filled in, with one query."""
        stored = dict(cls.objects.values_list("key", "value"))
        return {key.value: stored.get(key.value, spec.default) for key, spec in cls.KNOBS.items()}

    def clean(self):
        if self.key in self.Key.values and self.value and self.value > self.spec.most:
            raise ValidationError(
                {
                    "value": ValidationError(
                        _("At most %(most)s."), code="most", params={"most": self.spec.most}
                    )
                }
            )
        values = {**self.values(), self.key: self.value}
        if None not in values.values() and (
            values[self.Key.LIGHT_YELLOW_FROM] > values[self.Key.LIGHT_RED_ABOVE]
        ):
            raise ValidationError({"value": _("Yellow must begin before red.")})
