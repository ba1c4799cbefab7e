from __future__ import annotations

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from crm.admin.screenings import WaitingFilter
from crm.models import Lead
from crm.models.conflicts import Conflict
from zone.admin.autocomplete import KnowingForm
from zone.admin.base import Colours, ScopedModelAdmin, display
from zone.admin.state import ReasonForm, StateAction
from zone.fields import PlainNumber
from zone.models import AuditEntry
from zone.navigation import Menu, record_url

CREATED = AuditEntry.Action.CREATED
DECISIONS = Colours(
    dict.fromkeys(Conflict.Decision.labels, "success") | {_("to be decided"): "info"}
)


class ClaimForm(KnowingForm):
    """A claim; whether anybody courts the investor the model says."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.instance.raised_by = self.user


class DecideForm(ReasonForm):
    decision = forms.ChoiceField(
        label=_("ruling"), choices=Conflict.Decision.choices, widget=UnfoldAdminSelectWidget
    )
    second_share = PlainNumber(
        label=_("share of the second (%)"),
        required=False,
        max_digits=5,
        decimal_places=2,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Only where the credit is shared."),
    )
    field_order = ("decision", "second_share", "reason")

    def apply(self):
        self.row.decide(by=self.user, **self.cleaned_data)


def _explain(conflict: Conflict) -> str:
    words = _("First: %(first)s, since %(day)s. Grounds of %(second)s: %(grounds)s")
    lead = conflict.lead
    return words % {
        "second": conflict.raised_by,
        "grounds": conflict.grounds,
        "first": lead.owner or _("nobody yet (pool)"),
        "day": f"{lead.registered_at:%Y-%m-%d}",
    }


@admin.register(Conflict)
class ConflictAdmin(ScopedModelAdmin):
    menu = (
        Menu(
            "workbench",
            "balance",
            18,
            title=_("Conflicts to decide"),
            query="?waiting=1",
            permission="crm.decide_conflict",
            counted=True,
        ),
        Menu("promotion", "balance", 46),
    )
    form = ClaimForm
    list_display = ("enterprise_name", "raised_by", "chain", "display_decision", "decided_on")
    sortable_by = ()
    list_filter = (WaitingFilter, "decision")
    search_fields = ("enterprise_name",)
    list_select_related = ("raised_by", "chain")
    autocomplete_fields = ("chain",)
    CLAIM = ("enterprise_name", "chain", *Conflict.CLAIM)
    DECISION = ("raised_by", "display_decision", "second_share", "reason", "decided_by")
    DECISION += ("decided_on",)
    readonly_fields = DECISION
    state_actions = (
        StateAction(
            "decide",
            _("Decide"),
            DecideForm,
            "can_decide",
            _("“%(row)s” is decided; both sides see the reason."),
            primary=True,
            explain=_explain,
        ),
    )

    def has_delete_permission(self, request, obj=None):
        return False

    def get_fields(self, request, obj=None):
        if obj is None:
            return self.CLAIM
        claim = self.CLAIM if obj.shows_claim_to(request.user) else self.CLAIM[:2]
        return (*claim, *self.DECISION)

    def save_model(self, request, obj, form, change):
        if not change:
            obj.raise_claim(by=request.user)

    def state_notes(self, request, conflict):
        if not Lead.objects.visible_to(request.user).filter(pk=conflict.lead_id).exists():
            return []
        url = record_url(Lead, conflict.lead_id)
        return [{"text": _("The lead that stands:"), "url": url, "link": conflict.lead.title}]

    def _story(self, request, conflict):
        """Leave the line that tells the claim itself to those who read the claim."""
        story = super()._story(request, conflict)
        return story if conflict.shows_claim_to(request.user) else story.exclude(action=CREATED)

    @display(description=_("ruling"), label=DECISIONS)
    def display_decision(self, conflict):
        return conflict.get_decision_display() or _("to be decided")
