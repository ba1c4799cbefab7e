from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Floor
from django.utils.translation import gettext_lazy as _

from zone import units
from zone.access.row_access import OpenQuerySet
from zone.models.base import Row
from zone.units import MOST_WAN


class SettingSpec(NamedTuple):
    default: Decimal
    most: Decimal
    unit: str
    meaning: str
    quantity: str = ""  # what the value is, as ``zone.units`` calls it; "count" of days is whole


class ZoneSetting(Row):
    """A number the office may set; without a row its default holds."""

    SYNC = None

    class Key(models.TextChoices):
        LIGHT_YELLOW_FROM = "LIGHT_YELLOW_FROM", _("yellow light from")
        LIGHT_RED_ABOVE = "LIGHT_RED_ABOVE", _("red light above")
        SIGNED_FLOOR_WAN = "SIGNED_FLOOR_WAN", _("smallest amount recognised")
        USUAL_AMOUNT_LEAST_WAN = "USUAL_AMOUNT_LEAST_WAN", _("usual amount, at least")
        USUAL_AMOUNT_MOST_WAN = "USUAL_AMOUNT_MOST_WAN", _("usual amount, at most")
        USUAL_TARGET_LEAST_WAN = "USUAL_TARGET_LEAST_WAN", _("usual target amount, at least")
        USUAL_TARGET_MOST_WAN = "USUAL_TARGET_MOST_WAN", _("usual target amount, at most")
        LEAD_PROTECTION_DAYS = "LEAD_PROTECTION_DAYS", _("protection of a lead")
        CONTACT_RETENTION_DAYS = "CONTACT_RETENTION_DAYS", _("keeping of contacts")
        IMPORT_MOST_ROWS = "IMPORT_MOST_ROWS", _("rows of one import")
        IMPORT_UNDO_HOURS = "IMPORT_UNDO_HOURS", _("undoing of an import")
        IMPORT_KEEP_DAYS = "IMPORT_KEEP_DAYS", _("keeping of imported files")

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
            "wan",
        ),
        Key.USUAL_AMOUNT_LEAST_WAN: SettingSpec(
            Decimal(1),
            Decimal(MOST_WAN),
            "万元",
            _("A form asks whether a smaller amount is meant."),
            "wan",
        ),
        Key.USUAL_AMOUNT_MOST_WAN: SettingSpec(
            Decimal(1_000_000),
            Decimal(MOST_WAN),
            "万元",
            _("A form asks whether a larger amount is meant."),
            "wan",
        ),
        Key.USUAL_TARGET_LEAST_WAN: SettingSpec(
            Decimal(1_000),
            Decimal(MOST_WAN),
            "万元",
            _("A form asks whether a smaller target of the signed amount is meant."),
            "wan",
        ),
        Key.USUAL_TARGET_MOST_WAN: SettingSpec(
            Decimal(10_000_000),
            Decimal(MOST_WAN),
            "万元",
            _("A form asks whether a larger target of the signed amount is meant."),
            "wan",
        ),
        Key.LEAD_PROTECTION_DAYS: SettingSpec(
            Decimal(180),
            Decimal(3650),
            _("days"),
            _("How long a registered lead is kept for its owner."),
            "count",
        ),
        Key.CONTACT_RETENTION_DAYS: SettingSpec(
            Decimal(1095),
            Decimal(3650),
            _("days"),
            _(
                "How long a contact is kept after its entry or last follow-up. Not yet confirmed "
                "by a rule of the zone; please check."
            ),
            "count",
        ),
        Key.IMPORT_MOST_ROWS: SettingSpec(
            Decimal(10_000),
            Decimal(20_000),
            _("rows"),
            _("A file with more rows is refused."),
            "count",
        ),
        Key.IMPORT_UNDO_HOURS: SettingSpec(
            Decimal(24),
            Decimal(168),
            _("hours"),
            _("How long an import can be undone."),
            "count",
        ),
        Key.IMPORT_KEEP_DAYS: SettingSpec(
            Decimal(30),
            Decimal(365),
            _("days"),
            _("How long the file of an import and its lines are kept."),
            "count",
        ),
    }

    ORDERED = (
        (Key.LIGHT_YELLOW_FROM, Key.LIGHT_RED_ABOVE, _("Yellow must begin before red.")),
        (Key.USUAL_AMOUNT_LEAST_WAN, Key.USUAL_AMOUNT_MOST_WAN, _("The least exceeds the most.")),
        (Key.USUAL_TARGET_LEAST_WAN, Key.USUAL_TARGET_MOST_WAN, _("The least exceeds the most.")),
    )

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
            ),
            models.CheckConstraint(
                condition=~Q(key__endswith="_DAYS") | Q(value=Floor("value")),
                name="zone_setting_whole_days",
                violation_error_message=_("Days are whole numbers."),
            ),
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
        if self.key not in self.Key.values or self.value is None:
            return
        if self.spec.quantity == "count" and self.value != int(self.value):
            self._refuse(_("Days are whole numbers, such as 180."), "fraction")
        if self.value > self.spec.most:
            most = units.in_words(self.spec.most, self.spec.quantity)
            self._refuse(_("At most %(most)s."), "most", most=most)
        values = {**self.values(), self.key: self.value}
        for lower, upper, words in self.ORDERED:
            if self.key in (lower, upper) and values[lower] > values[upper]:
                self._refuse(words, "order")

    @staticmethod
    def _refuse(words, code: str, **params):
        raise ValidationError({"value": ValidationError(words, code=code, params=params)})
