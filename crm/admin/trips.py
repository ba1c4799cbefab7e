from django.contrib import admin

from crm.models.trips import Trip, TripMeeting, TripPerson
from zone.admin.base import ScopedModelAdmin, ZoneInline
from zone.navigation import Menu


class PersonInline(ZoneInline):
    model = TripPerson
    fields = ("person",)
    min_num = 1
    validate_min = True


class MeetingInline(ZoneInline):
    model = TripMeeting
    fields = ("enterprise", "met_on", "lead", "note")
    autocomplete_fields = ("enterprise", "lead")


@admin.register(Trip)
class TripAdmin(ScopedModelAdmin):
    menu = Menu("promotion", "flight_takeoff", 70)
    list_display = ("place", "starts_on", "ends_on", "chain", "purpose", "entered_by")
    sortable_by = ("starts_on",)
    list_filter = ("chain", "starts_on")
    lookups = ("ends_on", "people__person", "people__person__id")
    search_fields = ("place", "purpose", "summary")
    list_select_related = ("chain", "entered_by")
    autocomplete_fields = ("chain",)
    inlines = (PersonInline, MeetingInline)

    def get_formset_kwargs(self, request, obj, inline, prefix):
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        if isinstance(inline, PersonInline) and obj._state.adding:
            kwargs["initial"] = [{"person": request.user.pk}]
        return kwargs

    def save_model(self, request, obj, form, change):
        if not change:
            obj.entered_by = request.user
        super().save_model(request, obj, form, change)


@admin.register(TripMeeting)
class TripMeetingAdmin(ScopedModelAdmin):
    list_display = ("met_on", "enterprise", "lead", "trip", "note")
    sortable_by = ("met_on",)
    list_filter = ("met_on",)
    lookups = ("lead", "trip__people__person", "trip__people__person__id")
    search_fields = ("enterprise__name", "note")
    list_select_related = ("enterprise", "lead", "trip")

    def has_add_permission(self, request):
        return False  # on the page of its trip

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
