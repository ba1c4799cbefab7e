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
    list_display = ("happened_on", "kind", "lead", "enterprise", "place", "visitors", "by")
    list_display += ("summary",)
    list_filter = ("kind", "happened_on", "by")
    search_fields = ("summary", "place", "guests", "lead__title", "enterprise__name")
    fields = ("lead", "enterprise", "kind", "happened_on", "visitors", "guests", "hosts", "by")
    fields += ("spaces", "place", "summary")
    list_select_related = (*Visit.BELONGS_TO, "by")
    autocomplete_fields = (*Visit.BELONGS_TO, "spaces")

    def save_model(self, request, obj, form, change):
        if obj.by_id is None and not change:
            obj.by = request.user
        super().save_model(request, obj, form, change)
