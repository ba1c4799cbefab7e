"""The action that converts a lead; it stands here since crm knows no projects."""

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from crm.admin.leads import LeadAdmin
from projects.signing import convert
from zone.admin.inputs import AskedNumber
from zone.admin.state import DatedForm, StateAction
from zone.fields import LineInput, above_zero, not_negative
from zone.models import Park


class ConvertForm(DatedForm):
    name = LineInput(label=_("project name"), max_length=150, widget=UnfoldAdminTextInputWidget)
    park = forms.ModelChoiceField(
        label=_("park"),
        queryset=Park.objects.all(),
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    total_investment_wan = AskedNumber(
        label=_("total investment (10,000 yuan)"),
        unit="wan",
        max_digits=16,
        decimal_places=4,
        validators=[above_zero],
    )
    fixed_asset_investment_wan = AskedNumber(
        label=_("of which fixed assets (10,000 yuan)"),
        unit="wan",
        max_digits=16,
        decimal_places=4,
        required=False,
        validators=[not_negative],
    )
    field_order = ("name", "park", "total_investment_wan", "fixed_asset_investment_wan", "on")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        lead = self.row
        self.initial |= {
            "name": lead.title,
            "total_investment_wan": lead.planned_investment_wan,
            "fixed_asset_investment_wan": lead.planned_fixed_asset_wan,
        }

    def apply(self):
        return convert(self.row, by=self.user, **self.cleaned_data)


CONVERT = StateAction(
    "convert",
    _("Turn into a project"),
    ConvertForm,
    "can_convert",
    _("The project “%(row)s” now carries this lead on."),
    explain=lambda lead: _(
        "The lead stays as it is, read-only, and is linked with the project both ways. "
        "Its owner handles the project and gets the credit until shares are agreed."
    ),
)

LeadAdmin.add_action(CONVERT, position=1)
