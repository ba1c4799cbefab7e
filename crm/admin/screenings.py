from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from crm.admin.leads import LeadAdmin
from crm.admin.screening_forms import SCREEN, address_of
from crm.models.screenings import Screening, ScreeningCriterion, ScreeningScore
from zone.admin.base import Colours, ScopedModelAdmin, ZoneInline, display
from zone.admin.events import tell
from zone.navigation import Menu

LeadAdmin.add_action(SCREEN, position=0)
tell(
    Screening,
    "changes",
    "rule",
    on="created_at",
    who="prepared_by__display_name",
    after="result",
    text="opinion",
    nobody=_("to be decided"),
)
RESULTS = Colours(
    {
        Screening.Result.PASS.label: "success",
        Screening.Result.HOLD.label: "warning",
        Screening.Result.REJECT.label: "danger",
        _("to be decided"): "info",
    }
)


class ReadOnly:
    """For rows that the methods of a lead alone write."""

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class WaitingFilter(admin.SimpleListFilter):
    """The sheets, or claims, that are to be decided."""

    title = _("decision")
    parameter_name = "waiting"

    def lookups(self, request, model_admin):
        return [("1", _("to be decided"))]

    def queryset(self, request, rows):
        return rows.waiting() if self.value() == "1" else rows


class ScoreInline(ReadOnly, ZoneInline):
    model = ScreeningScore
    fields = ("criterion", "display_points")
    readonly_fields = ("display_points",)

    @display(description=_("score"))
    def display_points(self, score):
        return f"{score.points.normalize():f} / {score.max_points.normalize():f}"


@admin.register(Screening)
class ScreeningAdmin(ReadOnly, ScopedModelAdmin):
    menu = (
        Menu(
            "workbench",
            "rule",
            16,
            title=_("To be screened"),
            query="?waiting=1",
            permission="crm.decide_screening",
            counted=True,
        ),
        Menu("promotion", "rule", 42),
    )
    list_display = (
        "lead",
        "display_points",
        "display_result",
        "prepared_by",
        "decided_by",
        "decided_on",
    )
    sortable_by = ()
    list_filter = (WaitingFilter, "result", "lead__chain")
    search_fields = ("lead__title", "lead__enterprise__name")
    list_select_related = ("lead", "prepared_by", "decided_by")
    fields = (
        "lead",
        "display_points",
        "display_result",
        "opinion",
        "prepared_by",
        "decided_by",
        "decided_on",
    )
    readonly_fields = fields
    inlines = (ScoreInline,)

    def state_notes(self, request, sheet):
        lead = sheet.lead
        if sheet.result or not lead.can_screen(request.user):
            return []
        return [
            {
                "text": _("This sheet waits for its decision."),
                "url": address_of(lead),
                "link": _("Open the screening sheet"),
            }
        ]

    @display(description=_("score"))
    def display_points(self, sheet):
        return sheet.points_in_words

    @display(description=_("result"), label=RESULTS)
    def display_result(self, sheet):
        return sheet.get_result_display() or _("to be decided")


@admin.register(ScreeningCriterion)
class ScreeningCriterionAdmin(ScopedModelAdmin):
    menu = Menu("promotion", "checklist", 90, permission="crm.change_screeningcriterion")
    list_display = ("name", "group", "max_points", "chain", "is_active", "position", "guidance")
    sortable_by = ("position",)
    list_filter = ("is_active", "group", "chain")
    search_fields = ("name", "group", "guidance")
    list_select_related = autocomplete_fields = ("chain",)
