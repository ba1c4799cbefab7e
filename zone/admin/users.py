from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django_otp.plugins.otp_static.admin import StaticDevice
from django_otp.plugins.otp_totp.admin import TOTPDevice
from unfold.forms import UserChangeForm, UserCreationForm

from zone.admin.appointments import AppointmentInline
from zone.admin.base import ScopedModelAdmin, display
from zone.admin.handing_over import HAND_OVER, LeftWithWorkFilter, in_words
from zone.admin.login_actions import ACTIONS, RESET_PASSWORD
from zone.models import User, in_hand
from zone.navigation import Menu

# Roles are rows of code, and the keys of second factors are nobody's to read.
admin.site.unregister([Group, TOTPDevice, StaticDevice])


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ScopedModelAdmin):
    menu = Menu("system", "group", 30)
    form = UserChangeForm
    add_form = UserCreationForm
    list_display = ("username", "display_name", "department", "is_active", "last_login")
    list_filter = ("is_active", LeftWithWorkFilter, "appointments__role")
    filter_horizontal = ()
    search_fields = ("username", "display_name", "~sort_key", "department")
    in_search = ("username", "department")
    ordering = ("sort_key", "username")
    fieldsets = (
        (None, {"fields": ("username", "display_name", "department")}),
        (_("Rights"), {"fields": ("is_active", "is_superuser")}),
        (
            _("Login"),
            {
                "fields": (
                    "display_second_factor",
                    "password_changed_at",
                    "must_change_password",
                    "last_login",
                    "date_joined",
                )
            },
        ),
    )
    readonly_fields = (
        "display_second_factor",
        "password_changed_at",
        "must_change_password",
        "last_login",
        "date_joined",
    )
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
    state_actions = (HAND_OVER, *ACTIONS)

    @display(description=_("second factor"), boolean=True)
    def display_second_factor(self, person):
        return person.has_second_factor

    def has_change_permission(self, request, obj=None):
        """Only a superuser touches a superuser's account, its password included."""
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return super().has_change_permission(request, obj) and not above

    def save_model(self, request, obj, form, change):
        """A new person's first password is known to whoever made the account."""
        if not change:
            obj.must_change_password, obj.password_chosen_by = True, request.user
        super().save_model(request, obj, form, change)
        if change and not obj.is_active and (left := in_hand.shares(obj)):
            words = _("The promotion office is left to hand over: %(left)s.")
            messages.warning(request, words % {"left": in_words(left)})

    @method_decorator(sensitive_post_parameters())
    def user_change_password(self, request, id, form_url=""):
        """Django's link to the password leads to our page, which asks for a reason."""
        return self._state_view(RESET_PASSWORD)(request, id)

    def get_inlines(self, request, obj):
        return self.inlines if obj else ()

    def get_readonly_fields(self, request, obj=None):
        """Nobody but a superuser hands out rights here: appointments do that."""
        locked = () if request.user.is_superuser else ("is_superuser",)
        return (*super().get_readonly_fields(request, obj), *locked)

    def state_notes(self, request, obj):
        if not obj.can_issue_handover_code(request.user):
            return []
        words = _(
            "%(chooser)s set the password of this account: its owner needs a handover code "
            "to enter."
        )
        return [{"text": words % {"chooser": obj.password_chosen_by}}]

    def state_links(self, request, obj):
        links = super().state_links(request, obj)
        if request.user.has_perm("zone.add_appointment"):
            url = reverse("admin:zone_appointment_add")
            links.append({"label": _("Appoint"), "url": f"{url}?user={obj.pk}"})
        return links
