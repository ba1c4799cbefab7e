from django.contrib import admin
from django.db import models
from django.utils.translation import gettext_lazy as _

from zone import units
from zone.admin.autocomplete import KnowingForm
from zone.admin.base import ScopedModelAdmin, display
from zone.admin.inputs import AskedNumber, OurInputs, QuantityWidget, UnitOfChoice
from zone.models import Fund, Measure, PublishedFigure, Target, ZoneSetting
from zone.navigation import Menu


class TargetNumber(AskedNumber):
    usual = (ZoneSetting.Key.USUAL_TARGET_LEAST_WAN, ZoneSetting.Key.USUAL_TARGET_MOST_WAN)


class TargetForm(UnitOfChoice, KnowingForm):
    """A target's number is of the unit of its measure."""

    chooser = "measure"
    UNITS = {measure.value: measure.unit for measure in Measure}
    help_text = _(
        "The signed amount in 万元, or with its unit as in 239亿; projects and tenants in whole "
        "numbers."
    )


class SettingForm(UnitOfChoice, KnowingForm):
    """A setting's number is of the unit that its key gives."""

    chooser = "key"
    UNITS = {key.value: spec.quantity for key, spec in ZoneSetting.KNOBS.items()}


class NumberOfChoice:
    """For admin classes whose ``value`` is of a unit that another field gives."""

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        shown = {"value": "display_value"}
        return [
            (title, options | {"fields": [shown.get(name, name) for name in options["fields"]]})
            for title, options in fieldsets
        ]


@admin.register(Target)
class TargetAdmin(NumberOfChoice, ScopedModelAdmin):
    form = TargetForm
    menu = Menu("targets", "target", 10)
    formfield_overrides = OurInputs.formfield_overrides | {
        models.DecimalField: {"form_class": TargetNumber, "widget": QuantityWidget}
    }
    list_display = ("measure", "year", "display_scope", "display_value", "source")
    list_filter = ("year", "measure", "chain")
    lookups = ("specialist", "specialist__id", "park")
    search_fields = ("chain__name", "specialist__display_name", "park__name")
    autocomplete_fields = ("chain", "specialist", "park")
    list_select_related = ("chain", "specialist", "park")
    fieldsets = (
        (None, {"fields": ("year", "measure", "value", "source")}),
        (
            _("Scope"),
            {
                "fields": ("chain", "specialist", "park"),
                "description": _("Leave all three empty for the whole zone."),
            },
        ),
    )

    @display(description=_("scope"))
    def display_scope(self, target):
        return target.chain or target.specialist or target.park or _("whole zone")

    @display(description=_("value"), ordering="value")
    def display_value(self, target):
        return target.in_words(target.value)


@admin.register(PublishedFigure)
class PublishedFigureAdmin(ScopedModelAdmin):
    menu = Menu("targets", "campaign", 20)
    list_display = ("indicator", "year", "display_value", "unit", "source", "note")
    list_filter = ("year",)
    search_fields = ("indicator", "source")

    @display(description=_("value"), ordering="value")
    def display_value(self, figure):
        return units.plain(figure.value, 4)


@admin.register(Fund)
class FundAdmin(ScopedModelAdmin):
    menu = Menu("targets", "savings", 30)
    list_display = ("name", "purpose", "announced_on", "source")
    search_fields = ("name", "~sort_key", "purpose")


@admin.register(ZoneSetting)
class ZoneSettingAdmin(NumberOfChoice, ScopedModelAdmin):
    form = SettingForm
    menu = Menu("system", "tune", 50)
    list_display = ("key", "display_value", "display_meaning")
    fields = ("key", "value")

    @display(description=_("value"))
    def display_value(self, setting):
        if setting.spec.quantity == "wan":
            return units.money(setting.value)
        return f"{units.plain(setting.value, 4)} {setting.spec.unit}"

    @display(description=_("meaning"))
    def display_meaning(self, setting):
        return setting.spec.meaning
