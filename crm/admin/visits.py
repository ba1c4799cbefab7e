from django.contrib import admin

from crm.models.visits import Visit
from zone.admin.base import ScopedModelAdmin
from zone.admin.events import tell
from zone.navigation import Menu

tell(
    Visit,
    "visits",
    "tour",
    on="happened_on",
    kind="kind",
    who="hosts",
    text="summary",
    note="place",
)


@admin.register(Visit)
class VisitAdmin(ScopedModelAdmin):
    menu = Menu("promotion", "tour", 60)
    sortable_by = ("happened_on",)
    list_display = ("happened_on", "kind", "lead", "enterprise", "place", "visitors", "summary")
    list_filter = ("kind", "happened_on")
    search_fields = ("summary", "place", "lead__title", "enterprise__name")
    autocomplete_fields = list_select_related = Visit.BELONGS_TO
