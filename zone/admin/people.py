from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from zone.admin.appointments import AppointmentInline
from zone.admin.base import ScopedModelAdmin
from zone.models import User

admin.site.unregister(Group)


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

    def state_links(self, request, obj):
        links = super().state_links(request, obj)
        if request.user.has_perm("zone.add_appointment"):
            url = reverse("admin:zone_appointment_add")
            links.append({"label": _("Appoint"), "url": f"{url}?user={obj.pk}"})
        return links
