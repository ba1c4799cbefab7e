from decimal import Decimal

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from zone import units
from zone.admin.base import Colours, ScopedModelAdmin, ZoneInline, display
from zone.admin.records import Record
from zone.calendar import today
from zone.models import Building, Park, Space
from zone.navigation import Menu


class BuildingInline(ZoneInline):
    model = Building
    fields = ("name", "floors")


@admin.register(Park)
class ParkAdmin(ScopedModelAdmin):
    menu = Menu("premises", "domain", 10)
    list_display = (
        "name",
        "kind",
        "display_total",
        "display_let",
        "display_held",
        "display_vacant",
        "display_let_rate",
    )
    list_filter = ("kind", "chain")
    search_fields = ("name", "~sort_key", "code")
    in_search = ("kind", "chain")
    autocomplete_fields = ("parent", "chain")
    fieldsets = (
        (None, {"fields": ("code", "name", "kind", "parent", "chain", "position")}),
        (_("Published"), {"fields": ("status", "description")}),
    )
    inlines = (BuildingInline,)

    def get_queryset(self, request):
        return super().get_queryset(request).with_areas(today())

    @display(description=_("total floor space"), ordering="total_m2")
    def display_total(self, park):
        return self._area(park, park.total_m2)

    @display(description=_("let"), ordering="let_m2")
    def display_let(self, park):
        return self._area(park, park.let_m2)

    @display(description=_("held"), ordering="held_m2")
    def display_held(self, park):
        return self._area(park, park.held_m2)

    @display(description=_("vacant"), ordering="vacant_m2")
    def display_vacant(self, park):
        return self._area(park, park.vacant_m2)

    @display(description=_("letting rate"))
    def display_let_rate(self, park):
        return units.percent(park.let_rate)

    @staticmethod
    def _area(park, m2: Decimal) -> str:
        return units.area(m2) if park.total_m2 else units.NOTHING


@admin.register(Building)
class BuildingAdmin(ScopedModelAdmin):
    menu = Menu("premises", "location_city", 20, permission="zone.change_building")
    list_display = ("name", "park", "floors")
    list_filter = ("park",)
    search_fields = ("name", "~sort_key", "park__name", "~park__sort_key")
    autocomplete_fields = ("park",)
    list_select_related = ("park",)


@admin.register(Space)
class SpaceAdmin(ScopedModelAdmin):
    menu = Menu("premises", "meeting_room", 30, title=_("Spaces"))
    list_display = ("code", "park", "building", "kind", "display_state", "display_area")
    list_filter = ("kind", "state", "park")
    search_fields = ("code", "park__name", "~park__sort_key")
    in_search = ("building", "kind", "display_state", "display_area")
    autocomplete_fields = ("park", "building")
    list_select_related = ("park", "building__park")
    fieldsets = (
        (None, {"fields": ("park", "building", "code", "kind", "state")}),
        (_("Size"), {"fields": ("area_m2", "floor", "clear_height_m", "power_kva")}),
    )
    record = Record(
        under=("park", "building"),
        badges=("display_state",),
        amount="display_area",
        facts=("kind", "floor", "clear_height_m", "power_kva"),
    )

    @display(
        description=_("state"),
        ordering="state",
        label=Colours(
            {
                Space.State.LETTABLE.label: "success",
                Space.State.RESERVED.label: "warning",
                Space.State.FITTING_OUT.label: "info",
            }
        ),
    )
    def display_state(self, space):
        return space.get_state_display()

    @display(description=_("area"), ordering="area_m2")
    def display_area(self, space):
        return units.area(space.area_m2)
