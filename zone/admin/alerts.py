from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from zone.admin.base import Colours, ScopedModelAdmin, display
from zone.admin.state import ReasonForm, StateAction
from zone.models import SecurityAlert
from zone.navigation import Menu, unseen_alerts

WAITS, HANDLED = _("waits"), _("handled")


class HandledFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return [("waits", WAITS), ("handled", HANDLED)]

    def queryset(self, request, rows):
        if self.value() in ("waits", "handled"):
            return rows.filter(seen_at__isnull=self.value() == "waits")
        return rows


class HandleForm(ReasonForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = _("finding")

    def apply(self):
        self.row.handle(by=self.user, finding=self.cleaned_data["reason"])


@admin.register(SecurityAlert)
class SecurityAlertAdmin(ScopedModelAdmin):
    menu = Menu("system", "shield", 110, badge=unseen_alerts)
    list_display = ("about", "kind", "on", "count", "display_state", "seen_by")
    list_filter = (HandledFilter, "kind")
    list_select_related = ("about", "seen_by")
    search_fields = ("about__username", "about__display_name")
    date_hierarchy = "on"
    fields = ("kind", "about", "on", "count", "display_text", "seen_by", "seen_at", "finding")
    readonly_fields = fields
    state_actions = (
        StateAction(
            "handle",
            _("Settle"),
            HandleForm,
            "can_handle",
            _("“%(row)s” is settled."),
            primary=True,
            explain=lambda alert: alert.text,
        ),
    )

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @display(
        description=_("state"),
        ordering="seen_at",
        label=Colours({WAITS: "warning", HANDLED: "success"}),
    )
    def display_state(self, alert):
        return HANDLED if alert.seen_at else WAITS

    @display(description=_("what happened"))
    def display_text(self, alert):
        return alert.text
