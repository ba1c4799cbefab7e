from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from crm.admin.screening_forms import explain_advance
from crm.intake import find_enterprise
from crm.models import Contact, Enterprise, Lead
from zone import identifiers
from zone.admin.autocomplete import KnowingForm
from zone.admin.inputs import DayWidget
from zone.admin.state import ReasonForm, StageForm, StateAction, StateForm
from zone.calendar import today
from zone.fields import LineInput, NormalisedText, ProseInput
from zone.models import Appointment, User


def may_override(user) -> bool:
    return user.has_perm("crm.override_lead")


class LeadIntakeForm(KnowingForm):
    """The form for a new lead: an enterprise, chosen or named, and a contact."""

    enterprise_name = NormalisedText(
        label=_("or a new enterprise"),
        normalise=identifiers.registered_name,
        validators=[MaxLengthValidator(100)],
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Only when the search above does not find it; full name as registered."),
    )
    is_distinct = forms.BooleanField(
        label=_("another enterprise of like name"), required=False, widget=UnfoldBooleanSwitchWidget
    )
    contact_name = LineInput(
        label=_("contact"),
        max_length=50,
        validators=[identifiers.no_personal_number],
        widget=UnfoldAdminTextInputWidget,
    )
    contact_title = LineInput(
        label=_("post"),
        max_length=50,
        required=False,
        validators=[identifiers.no_personal_number],
        widget=UnfoldAdminTextInputWidget,
    )
    contact_phone = NormalisedText(
        label=_("telephone"),
        required=False,
        normalise=identifiers.compact_phone,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "tel"}),
    )

    override_reason = ProseInput(
        label=_("why beside another lead"),
        max_length=500,
        required=False,
        validators=[identifiers.no_personal_number],
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=_("Only where the investor is courted already; 10 characters or more."),
    )

    class Meta:
        model = Lead
        fields = ("enterprise", "title", "chain", "source", "planned_investment_wan")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # Either this or a new name: the model itself still demands an enterprise.
        self.fields["enterprise"].required = False
        lookup = reverse("admin:crm_lead_courting")
        self.fields["enterprise_name"].widget.attrs["data-courting"] = lookup

    def clean_contact_phone(self):
        phone = self.cleaned_data["contact_phone"]
        if phone:
            identifiers.check_phone(phone)
        return phone

    def clean(self):
        data = super().clean()
        name, enterprise = data.get("enterprise_name"), data.get("enterprise")
        if not enterprise and name:
            enterprise = self._named(name, data["is_distinct"])
        if enterprise:
            self._check_courted(enterprise)
        elif not name:
            self.add_error(
                "enterprise",
                ValidationError(_("Please choose an enterprise or enter a new one's name.")),
            )
        return data

    def _named(self, name: str, is_distinct: bool) -> Enterprise | None:
        """Return the enterprise of this name, or a new one; None where something is wrong."""
        if known := find_enterprise(name):
            self.cleaned_data["enterprise"] = known = self._within_reach(known)
            return known
        new = Enterprise(name=name, is_distinct=is_distinct)
        try:
            new.full_clean()
        except ValidationError as refusal:
            errors = [error for found in refusal.error_dict.values() for error in found]
            self.add_error("enterprise_name", errors)
            return None
        return new

    def _check_courted(self, enterprise: Enterprise):
        data = self.cleaned_data
        contact = Contact(enterprise=enterprise, phone=data.get("contact_phone") or "")
        lead = Lead(enterprise=enterprise, contact=contact)
        lead.override_reason = data.get("override_reason") or ""
        try:
            lead.refuse_override(self.user)
            lead.refuse_courted(self.user)
        except ValidationError as refusal:
            self.add_error(None, refusal)
            if "enterprise" in self.errors and may_override(self.user):
                self.add_error("override_reason", _("If it shall stand all the same, say why."))

    def _within_reach(self, enterprise):
        """Return ``enterprise``; a name alone opens no enterprise of another chain."""
        reached = self.fields["enterprise"].queryset
        if enterprise is None or reached.filter(pk=enterprise.pk).exists():
            return enterprise
        refusal = _("This enterprise is already being courted elsewhere; please ask the office.")
        self.add_error("enterprise_name", ValidationError(refusal, code="beyond_reach"))
        return None

    def _get_validation_exclusions(self):
        # A new enterprise gets its row when the lead is saved.
        missing = {"enterprise"} if not self.cleaned_data.get("enterprise") else set()
        return super()._get_validation_exclusions() | missing

    def intake(self) -> dict:
        """Return what ``crm.intake.log_lead`` needs beside the lead."""
        names = ("enterprise_name", "is_distinct", "contact_name", "contact_title")
        names += ("contact_phone",)
        return {name: self.cleaned_data[name] for name in names}


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
