from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from zone.admin.base import ScopedModelAdmin, ZoneInline
from zone.models import Appointment, User

admin.site.unregister(Group)


class AppointmentInline(ZoneInline):
    model = Appointment
    autocomplete_fields = ("chain", "park")
    fields = ("role", "chain", "park", "starts_on", "ends_on")


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ScopedModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "display_name", "department", "is_active", "last_login")
    list_filter = ("is_active", "appointments__role")
    filter_horizontal = ()
    search_fields = ("username", "display_name", "department")
    ordering = ("username",)
    fieldsets = (
        (None, {"fields": ("username", "password", "display_name", "department")}),
        (_("Rights"), {"fields": ("is_active", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    add_fieldsets = (
        (
            None,
            {
                "fields": (
                    "username",
                    "display_name",
                    "department",
                    "usable_password",
                    "password1",
                    "password2",
                )
            },
        ),
    )
    inlines = (AppointmentInline,)

    def has_change_permission(self, request, obj=None):
        """Only a superuser touches a superuser's account, its password included."""
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return super().has_change_permission(request, obj) and not above

    def get_inlines(self, request, obj):
        return self.inlines if obj else ()

    def get_readonly_fields(self, request, obj=None):
        """Nobody but a superuser hands out rights here: appointments do that."""
        locked = () if request.user.is_superuser else ("is_superuser",)
        return (*super().get_readonly_fields(request, obj), *locked)


@admin.register(Appointment)
class AppointmentAdmin(ScopedModelAdmin):
    list_display = ("user", "role", "chain", "park", "starts_on", "ends_on")
    list_filter = ("role", "chain")
    search_fields = ("user__username", "user__display_name")
    autocomplete_fields = ("user", "chain", "park")
    list_select_related = ("user", "chain", "park")
