from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from crm.intake import find_enterprise
from crm.models import Enterprise, Lead
from zone import identifiers
from zone.admin.autocomplete import KnowingForm
from zone.admin.state import ReasonForm, StageForm, StateAction, StateForm
from zone.calendar import today
from zone.fields import LineInput, NormalisedText
from zone.models import Appointment, User


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

    class Meta:
        model = Lead
        fields = ("enterprise", "title", "chain", "source", "planned_investment_wan")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # Either this or a new name: the model itself still demands an enterprise.
        self.fields["enterprise"].required = False

    def clean_contact_phone(self):
        phone = self.cleaned_data["contact_phone"]
        if phone:
            identifiers.check_phone(phone)
        return phone

    def clean(self):
        data = super().clean()
        name = data.get("enterprise_name")
        if not data.get("enterprise") and name:
            known = find_enterprise(name)
            data["enterprise"] = self._within_reach(known)
            if known is None:
                self._check_new(Enterprise(name=name, is_distinct=data["is_distinct"]))
        if not data.get("enterprise") and not name:
            self.add_error(
                "enterprise",
                ValidationError(_("Please choose an enterprise or enter a new one's name.")),
            )
        return data

    def _check_new(self, enterprise):
        try:
            enterprise.full_clean()
        except ValidationError as refusal:
            self.add_error(
                "enterprise_name", [e for found in refusal.error_dict.values() for e in found]
            )

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
    field_order = ("to", "reason")

    def apply(self):
        self.row.close(by=self.user, **self.cleaned_data)


class ClaimForm(StateForm):
    def apply(self):
        self.row.claim(by=self.user)


class ReleaseForm(ReasonForm):
    def apply(self):
        self.row.release(by=self.user, **self.cleaned_data)


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
        "advance", _("Advance"), AdvanceForm, "can_advance", _("“%(row)s” has moved on."), True
    ),
    StateAction(
        "claim",
        _("Claim"),
        ClaimForm,
        "can_claim",
        _("“%(row)s” is yours now."),
        primary=True,
        explain=lambda lead: _("The lead leaves the pool and is yours to follow up."),
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
    ),
    StateAction("assign", _("Assign"), AssignForm, "can_assign", _("“%(row)s” has a new owner.")),
    StateAction(
        "close",
        _("Close"),
        CloseForm,
        "can_advance",
        _("“%(row)s” is closed."),
        explain=lambda lead: _(
            "A closed lead is no longer followed up and cannot be opened again; its record stays."
        ),
    ),
)
