from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from zone.admin.base import Colours, ScopedModelAdmin, display
from zone.admin.state import StateAction, StateForm
from zone.jobs.periodic import jobs
from zone.models import JobRun
from zone.navigation import Menu

FAILS, LATE, FINE = _("fails"), _("late"), _("in order")


class RunForm(StateForm):
    def apply(self):
        self.row.run_now(by=self.user)


@admin.register(JobRun)
class JobRunAdmin(ScopedModelAdmin):
    menu = Menu("system", "cycle", 115)
    list_display = ("display_title", "display_state", "succeeded_at", "outcome", "due_at")
    sortable_by = ()
    fields = ("display_title", "display_state", "due_at", "started_at", "succeeded_at")
    fields += ("outcome", "failures", "fault")
    readonly_fields = fields
    state_actions = (
        StateAction(
            "run",
            _("Run now"),
            RunForm,
            "can_run",
            _("The worker takes the job next; look again in a minute."),
            primary=True,
            explain=lambda run: _("A job may be run at any time: what is done is not done twice."),
        ),
    )

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @display(description=_("job"))
    def display_title(self, run):
        return jobs()[run.name].title if run.name in jobs() else run.name

    @display(
        description=_("state"),
        label=Colours({FAILS: "danger", LATE: "warning", FINE: "success"}),
    )
    def display_state(self, run):
        return FAILS if run.failures else LATE if run.is_late else FINE
