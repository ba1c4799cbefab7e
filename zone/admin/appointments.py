from datetime import date, timedelta

from django import forms
from django.contrib import admin, messages
from django.utils.translation import gettext_lazy as _

from zone.access.roles import may_grant
from zone.admin.base import Colours, ScopedModelAdmin, ZoneInline, display
from zone.admin.handing_over import HandingOverForm, in_words
from zone.admin.inputs import DayWidget
from zone.admin.state import StateAction
from zone.calendar import today
from zone.models import Appointment, User
from zone.navigation import Menu

FIRST_LOGIN = _(
    "%(person)s needs a handover code for the first login: issue it on the person's page and hand "
    "it over in person."
)


class CurrentFilter(admin.SimpleListFilter):
    title = _("in post")
    parameter_name = "current"

    def lookups(self, request, model_admin):
        return [("yes", _("in post today")), ("no", _("ended or not begun"))]

    def queryset(self, request, rows):
        if self.value() == "yes":
            return rows.current(today())
        if self.value() == "no":
            return rows.exclude(pk__in=rows.current(today()).order_by().values("pk"))
        return rows


def yesterday() -> date:
    return today() - timedelta(days=1)


class EndForm(HandingOverForm):
    on = forms.DateField(
        label=_("last day in post"),
        initial=yesterday,
        widget=DayWidget(),
        help_text=_(
            "From the next day the post gives nothing; yesterday ends it at once, one that began "
            "today too."
        ),
    )

    def shares(self):
        return self.row.left()

    def _ended(self):
        return self.row

    def apply(self):
        data = self.cleaned_data
        self.row.end(by=self.user, on=data["on"], reason=data["reason"], to=self.chosen())


def what_goes(post: Appointment) -> str:
    """Say what the end of a post takes away, and what it leaves in the person's hand."""
    words = _("With the post goes: %(reach)s") % {"reach": post.reach_words}
    if not (left := post.left()):
        return words
    still = _("%(person)s still has in hand: %(left)s. It changes hands in the same act.")
    still %= {"person": post.user, "left": in_words(left)}
    return _("%(goes)s %(still)s") % {"goes": words, "still": still}


@admin.register(Appointment)
class AppointmentAdmin(ScopedModelAdmin):
    """The office appoints and ends; a mistake is ended and appointed anew, never edited."""

    menu = Menu("system", "badge", 40, title=_("Appointments"))
    list_display = ("user", "role", "chain", "park", "starts_on", "ends_on", "display_state")
    list_filter = (CurrentFilter, "role", "chain", "park")
    search_fields = ("user__username", "user__display_name")
    autocomplete_fields = ("user", "chain", "park")
    list_select_related = ("user", "chain", "park")
    coming_dates = ("ends_on",)
    fieldsets = (
        (None, {"fields": ("user", "role", "chain", "park")}),
        (_("Time in post"), {"fields": ("starts_on", "ends_on")}),
    )
    state_actions = (
        StateAction(
            "end",
            _("End the post"),
            EndForm,
            "can_end",
            _("“%(row)s” ends."),
            primary=True,
            explain=what_goes,
        ),
    )

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def formfield_for_choice_field(self, db_field, request, **kwargs):
        if db_field.name == "role":
            given = [role for role in Appointment.Role if may_grant(request.user, role)]
            kwargs["choices"] = [("", _("Select value"))] + [(r.value, r.label) for r in given]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def save_model(self, request, obj, form, change):
        obj.appoint(by=request.user)
        # Read anew: the person in hand still has the rights of before.
        person = User.objects.get(pk=obj.user_id)
        if person.needs_handover_code:
            messages.warning(request, FIRST_LOGIN % {"person": person})

    def construct_change_message(self, request, form, formsets, add=False):
        return []  # appoint() has written its own line of the trail

    def state_notes(self, request, obj):
        return [{"text": _("What it opens: %(reach)s") % {"reach": obj.reach_words}}]

    @display(
        description=_("state"),
        label=Colours({_("in post"): "success", _("not begun"): "info"}),
    )
    def display_state(self, post):
        if post.is_current:
            return _("in post")
        return _("not begun") if post.starts_on > today() else _("ended")


class AppointmentInline(ZoneInline):
    """What a person reaches, and why: post by post."""

    model = Appointment
    fields = ("role", "display_reach", "starts_on", "ends_on")
    readonly_fields = fields
    can_delete = False
    show_change_link = True
    hide_title = False  # the title holds the link to the post
    verbose_name_plural = _("what this person reaches, and why")

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    @display(description=_("reach"))
    def display_reach(self, post):
        return post.reach_words if post.is_current else _("Not in force; gives nothing.")
