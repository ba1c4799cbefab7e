from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from zone import units
from zone.admin.base import ScopedModelAdmin, display
from zone.models import Fund, Measure, PublishedFigure, Target, ZoneSetting
from zone.navigation import Menu


@admin.register(Target)
class TargetAdmin(ScopedModelAdmin):
    menu = Menu("targets", "target", 10)
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
        if target.measure == Measure.SIGNED_AMOUNT:
            return units.money(target.value)
        return units.plain(target.value)


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
    search_fields = ("name", "purpose")


@admin.register(ZoneSetting)
class ZoneSettingAdmin(ScopedModelAdmin):
    menu = Menu("system", "tune", 50)
    list_display = ("key", "display_value", "display_meaning")
    fields = ("key", "value")

    @display(description=_("value"))
    def display_value(self, setting):
        return f"{units.plain(setting.value, 4)} {setting.spec.unit}"

    @display(description=_("meaning"))
    def display_meaning(self, setting):
        return setting.spec.meaning
