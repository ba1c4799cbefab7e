from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldBooleanSwitchWidget,
)

from crm.admin.screening_forms import explain_advance
from crm.models import Lead
from zone.admin.inputs import DayWidget
from zone.admin.state import ReasonForm, StageForm, StateAction, StateForm
from zone.calendar import today
from zone.models import Appointment, User


class AdvanceForm(StageForm):
    stages = Lead.OPEN_STAGES


class CloseForm(ReasonForm):
    to = forms.ChoiceField(
        label=_("outcome"),
        choices=[(stage.value, stage.label) for stage in (Lead.Stage.LOST, Lead.Stage.INVALID)],
        widget=UnfoldAdminSelectWidget,
    )
    lost_reason = forms.ChoiceField(
        label=_("reason of the end"), choices=Lead.LostReason, widget=UnfoldAdminSelectWidget
    )
    field_order = ("to", "lost_reason", "reason")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = _("explanation")
        self.fields["lost_reason"].choices = [("", _("Select value")), *Lead.LostReason.choices]

    def apply(self):
        self.row.close(by=self.user, **self.cleaned_data)


class ReopenForm(ReasonForm):
    to_pool = forms.BooleanField(
        label=_("to the pool"), required=False, widget=UnfoldBooleanSwitchWidget
    )
    field_order = ("to_pool", "reason")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.row.owner is None:
            del self.fields["to_pool"]

    def apply(self):
        self.row.reopen(by=self.user, **self.cleaned_data)


class ClaimForm(StateForm):
    def apply(self):
        self.row.claim(by=self.user)


class ReleaseForm(ReasonForm):
    def apply(self):
        self.row.release(by=self.user, **self.cleaned_data)


class RescheduleForm(StateForm):
    next_on = forms.DateField(label=_("next follow-up"), widget=DayWidget(coming=True))

    def apply(self):
        self.row.reschedule(by=self.user, **self.cleaned_data)


class OverrideForm(ReasonForm):
    def apply(self):
        self.row.override(by=self.user, **self.cleaned_data)


class AssignForm(ReasonForm):
    to = forms.ModelChoiceField(
        label=_("new owner"), queryset=User.objects.none(), widget=UnfoldAdminSelectWidget
    )
    field_order = ("to", "reason")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        posts = Appointment.objects.current(today()).filter(role=Appointment.Role.SPECIALIST)
        people = User.objects.visible_to(self.user)
        people = people.filter(is_active=True, pk__in=posts.values("user"))
        self.fields["to"].queryset = people.order_by("username")

    def apply(self):
        self.row.assign(by=self.user, **self.cleaned_data)


LEAD_ACTIONS = (
    StateAction(
        "advance",
        _("Advance"),
        AdvanceForm,
        "can_advance",
        _("“%(row)s” has moved on."),
        primary=True,
        many="crm.advance_lead",
        explain=explain_advance,
    ),
    StateAction(
        "claim",
        _("Claim"),
        ClaimForm,
        "can_claim",
        _("“%(row)s” is yours now."),
        primary=True,
        explain=lambda lead: _("The lead leaves the pool and is yours to follow up."),
        gone=_(
            "Somebody else was faster: this lead has been taken. Here is the pool as it is now."
        ),
        gone_to="?whose=pool",
    ),
    StateAction(
        "release",
        _("Return to the pool"),
        ReleaseForm,
        "can_release",
        _("“%(row)s” is back in the pool."),
        explain=lambda lead: (
            _("%(owner)s no longer owns this lead; the specialists of its chain may claim it.")
            % {"owner": lead.owner}
        ),
        many="crm.change_lead",
    ),
    StateAction(
        "reschedule",
        _("Set next follow-up"),
        RescheduleForm,
        "can_reschedule",
        _("“%(row)s” has a new date."),
        many="crm.change_lead",
    ),
    StateAction(
        "override",
        _("Let it stand beside"),
        OverrideForm,
        "can_override",
        _("“%(row)s” stands beside the other lead."),
        explain=lambda lead: _(
            "Another lead courts this investor. With your reason this one is converted and "
            "changed like any other; the reason stays in the trail."
        ),
    ),
    StateAction(
        "assign",
        _("Assign"),
        AssignForm,
        "can_assign",
        _("“%(row)s” has a new owner."),
        many="crm.assign_lead",
    ),
    StateAction(
        "close",
        _("Close"),
        CloseForm,
        "can_advance",
        _("“%(row)s” is closed."),
        explain=lambda lead: _(
            "A closed lead is no longer followed up. It can be reopened for a time, and its "
            "record stays."
        ),
    ),
    StateAction(
        "reopen",
        _("Reopen"),
        ReopenForm,
        "can_reopen",
        _("“%(row)s” is open again."),
        explain=lambda lead: (
            _("The lead goes on where it stood, with %(owner)s or in the pool.")
            % {"owner": lead.owner or "—"}
        ),
    ),
)
