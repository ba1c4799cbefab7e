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


def count(default: int, unit, meaning, most: int = 3650) -> SettingSpec:
    """Return the spec of a whole number."""
    return SettingSpec(Decimal(default), Decimal(most), unit, meaning, "count")


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
        ROWS_AT_ONCE = "ROWS_AT_ONCE", _("rows at once")
        SCREENING_REQUIRED = "SCREENING_REQUIRED", _("screening before a lead goes on")
        CONTACT_RETENTION_DAYS = "CONTACT_RETENTION_DAYS", _("keeping of contacts")
        NEXT_FOLLOW_UP_DAYS = "NEXT_FOLLOW_UP_DAYS", _("days until the next follow-up")
        LEAD_WARNING_DAYS = "LEAD_WARNING_DAYS", _("warning before protection ends")
        CONTACT_EXTENDS_DAYS = "CONTACT_EXTENDS_DAYS", _("protection from a call or meeting")
        VISIT_EXTENDS_DAYS = "VISIT_EXTENDS_DAYS", _("protection from a visit")
        STAGE_EXTENDS_DAYS = "STAGE_EXTENDS_DAYS", _("protection from a new stage")
        HOLD_LIMIT = "HOLD_LIMIT", _("leads one person may hold")
        CLAIM_COOLDOWN_DAYS = "CLAIM_COOLDOWN_DAYS", _("wait before claiming again")
        FIRST_FOLLOW_UP_HOURS = "FIRST_FOLLOW_UP_HOURS", _("time for the first follow-up")
        REOPEN_DAYS = "REOPEN_DAYS", _("reopening of a closed lead")
        COUNT_WORKDAYS = "COUNT_WORKDAYS", _("clocks count workdays")
        RESPOND_DAYS = "RESPOND_DAYS", _("clock: respond")
        SCREEN_DAYS = "SCREEN_DAYS", _("clock: screen")
        FEEDBACK_DAYS = "FEEDBACK_DAYS", _("clock: feed back")
        REPORT_DAYS = "REPORT_DAYS", _("clock: report")
        STALE_EARLY_DAYS = "STALE_EARLY_DAYS", _("clock: stale before negotiations")
        STALE_NEGOTIATING_DAYS = "STALE_NEGOTIATING_DAYS", _("clock: stale while negotiating")
        STALE_AGREEING_DAYS = "STALE_AGREEING_DAYS", _("clock: stale before signing")
        IMPORT_MOST_ROWS = "IMPORT_MOST_ROWS", _("rows of one import")
        IMPORT_UNDO_HOURS = "IMPORT_UNDO_HOURS", _("undoing of an import")
        IMPORT_KEEP_DAYS = "IMPORT_KEEP_DAYS", _("keeping of imported files")
        MERGE_UNDO_HOURS = "MERGE_UNDO_HOURS", _("undoing of a merger")
        FIRST_WARNING_HOURS = "FIRST_WARNING_HOURS", _("warning before the first follow-up")
        NOTICE_DIGEST_HOUR = "NOTICE_DIGEST_HOUR", _("hour of the morning digest")
        NOTICE_KEEP_DAYS = "NOTICE_KEEP_DAYS", _("keeping of notices")
        BOT_MESSAGES_A_MINUTE = "BOT_MESSAGES_A_MINUTE", _("messages of a group bot")

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
        Key.ROWS_AT_ONCE: SettingSpec(
            Decimal(500),
            Decimal(2_000),
            _("rows"),
            _("How many rows of a list may be changed by one action."),
        ),
        Key.SCREENING_REQUIRED: SettingSpec(
            Decimal(1),
            Decimal(1),
            _("1 yes, 0 no"),
            _("Only a lead that has passed its screening leaves the first stage."),
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
        Key.NEXT_FOLLOW_UP_DAYS: count(
            3, _("days"), _("Proposed for a new lead, and set when a lead is marked as contacted.")
        ),
        Key.LEAD_WARNING_DAYS: count(
            7, _("days"), _("So long before it ends, a lead's protection is told to its owner.")
        ),
        Key.CONTACT_EXTENDS_DAYS: count(
            180, _("days"), _("From a call or meeting on a lead stays protected so long.")
        ),
        Key.VISIT_EXTENDS_DAYS: count(
            180, _("days"), _("From a visit or site survey on a lead stays protected so long.")
        ),
        Key.STAGE_EXTENDS_DAYS: count(
            180,
            _("days"),
            _("From a stage reached for the first time on it stays protected so long."),
        ),
        Key.HOLD_LIMIT: count(
            50,
            _("leads"),
            _("Who holds so many open leads, A-tier ones aside, claims no more."),
            10_000,
        ),
        Key.CLAIM_COOLDOWN_DAYS: count(
            15, _("days"), _("A lead that was returned is not claimed by the same person so long.")
        ),
        Key.FIRST_FOLLOW_UP_HOURS: count(
            48,
            _("hours"),
            _(
                "Not followed up so long after a claim or assignment, a lead returns to the pool; "
                "0: never."
            ),
        ),
        Key.REOPEN_DAYS: count(90, _("days"), _("A lost or invalid lead may be reopened so long.")),
        Key.COUNT_WORKDAYS: count(
            0,
            _("0 or 1"),
            _(
                "1: clocks and hours pass on workdays only; 0: every day. Years whose holidays are "
                "not known count Monday to Friday."
            ),
            1,
        ),
        Key.RESPOND_DAYS: count(1, _("days"), _("From its registration to the first contact.")),
        Key.SCREEN_DAYS: count(3, _("days"), _("From its registration to the end of screening.")),
        Key.FEEDBACK_DAYS: count(
            7, _("days"), _("From its registration to the first contact after screening.")
        ),
        Key.REPORT_DAYS: count(
            14, _("days"), _("From one follow-up of an owned lead to the next.")
        ),
        Key.STALE_EARLY_DAYS: count(
            45, _("days"), _("So long an owned lead may stand before negotiations begin.")
        ),
        Key.STALE_NEGOTIATING_DAYS: count(
            30, _("days"), _("So long an owned lead may stand in negotiations.")
        ),
        Key.STALE_AGREEING_DAYS: count(
            20, _("days"), _("So long an owned lead may stand before it is signed.")
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
        Key.MERGE_UNDO_HOURS: count(
            24, _("hours"), _("How long two merged enterprises can be parted again."), 168
        ),
        Key.FIRST_WARNING_HOURS: count(
            24,
            _("hours"),
            _("So long before a lead returns for want of a first follow-up, its owner is told."),
        ),
        Key.NOTICE_DIGEST_HOUR: count(
            8, _("o'clock"), _("From this hour on the digest of the day is sent."), 23
        ),
        Key.NOTICE_KEEP_DAYS: count(
            90, _("days"), _("Notices that were read are deleted after so long.")
        ),
        Key.BOT_MESSAGES_A_MINUTE: count(
            20, _("messages"), _("A group bot sends no more in a minute; the rest waits."), 20
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
            self._refuse(self._whole_words(), "fraction")
        if self.value > self.spec.most:
            most = units.in_words(self.spec.most, self.spec.quantity)
            self._refuse(_("At most %(most)s."), "most", most=most)
        values = {**self.values(), self.key: self.value}
        for lower, upper, words in self.ORDERED:
            if self.key in (lower, upper) and values[lower] > values[upper]:
                self._refuse(words, "order")

    @classmethod
    def whole(cls, *keys: str) -> tuple[int, ...]:
        """Return these settings as whole numbers, with one query."""
        values = cls.values()
        return tuple(int(values[key]) for key in keys)

    def _whole_words(self):
        if self.key.endswith("_DAYS"):
            return _("Days are whole numbers, such as 180.")
        return _("A whole number is needed here.")

    @staticmethod
    def _refuse(words, code: str, **params):
        raise ValidationError({"value": ValidationError(words, code=code, params=params)})
