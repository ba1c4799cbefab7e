from __future__ import annotations

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from crm.admin.leads import LeadAdmin
from crm.admin.screenings import ReadOnly
from crm.models import Lead
from crm.models.transfers import LeadTransfer
from zone.admin.base import Colours, ScopedModelAdmin, display
from zone.admin.events import tell
from zone.admin.state import ReasonForm, StateAction, StateForm
from zone.calendar import today
from zone.fields import LineInput, PlainNumber
from zone.identifiers import no_personal_number
from zone.models import Appointment, IndustryChain, User
from zone.navigation import Menu, record_url

State = LeadTransfer.State
STATES = Colours(
    {
        State.PROPOSED.label: "info",
        State.ACCEPTED.label: "success",
        State.REFUSED.label: "danger",
        State.WITHDRAWN.label: "warning",
    }
)


def people(*, chain=None):
    """Return who is a specialist today, of one chain or of any."""
    posts = Appointment.objects.current(today()).filter(role=Appointment.Role.SPECIALIST)
    posts = posts.filter(chain=chain) if chain else posts
    found = User.objects.filter(is_active=True, pk__in=posts.order_by().values("user"))
    return found.order_by("username")


tell(
    LeadTransfer,
    "changes",
    "swap_horiz",
    on="created_at",
    who="proposed_by__display_name",
    after="state",
    text="reason",
)


class TransferForm(ReasonForm):
    to_owner = forms.ModelChoiceField(
        label=_("to the specialist"),
        queryset=User.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    to_chain = forms.ModelChoiceField(
        label=_("or to another chain"),
        queryset=IndustryChain.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("Its leader accepts it and says who gets it."),
    )
    to_place = LineInput(
        label=_("or to another zone"),
        max_length=100,
        required=False,
        validators=[no_personal_number],
        widget=UnfoldAdminTextInputWidget,
        help_text=_("The office accepts it for them; the lead is then closed here."),
    )
    first_share = PlainNumber(
        label=_("share of the first contact (%)"),
        initial=0,
        max_digits=5,
        decimal_places=2,
        min_value=0,
        max_value=100,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Of the credit for the project, if there will be one."),
    )
    field_order = ("to_owner", "to_chain", "to_place", "first_share", "reason")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        near = User.objects.visible_to(self.user).order_by().values("pk")
        self.fields["to_owner"].queryset = (
            people().filter(pk__in=near).exclude(pk=self.row.owner_id)
        )
        others = IndustryChain.objects.exclude(pk=self.row.chain_id)
        self.fields["to_chain"].queryset = others

    def apply(self):
        transfer = LeadTransfer(lead=self.row, **self.cleaned_data)
        transfer.clean_for(self.user)
        transfer.propose(by=self.user)


class AcceptForm(StateForm):
    owner = forms.ModelChoiceField(
        label=_("new owner"),
        queryset=User.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("Empty: the lead goes to the pool of your chain."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.row.to_chain_id:
            self.fields["owner"].queryset = people(chain=self.row.to_chain)
        else:
            del self.fields["owner"]

    def apply(self):
        self.row.accept(by=self.user, **self.cleaned_data)


class RefuseForm(ReasonForm):
    def apply(self):
        self.row.refuse(by=self.user, **self.cleaned_data)


class WithdrawForm(StateForm):
    def apply(self):
        self.row.withdraw(by=self.user)


LeadAdmin.add_action(
    StateAction(
        "transfer",
        _("Hand on"),
        TransferForm,
        "can_transfer",
        _("The transfer of “%(row)s” waits for its answer."),
        explain=lambda lead: _(
            "The lead stays yours until the other side accepts. The agreed share of the credit "
            "goes into the project when the lead becomes one."
        ),
    ),
    position=len(LeadAdmin.state_actions) - 1,
)


class WhoseFilter(admin.SimpleListFilter):
    """What waits for my answer, or for anybody's."""

    title = _("answer")
    parameter_name = "whose"

    def lookups(self, request, model_admin):
        return [("mine", _("waits for me")), ("open", _("waits for its answer"))]

    def queryset(self, request, rows):
        if self.value() == "mine":
            return rows.waiting_for(request.user)
        return rows.waiting() if self.value() == "open" else rows


@admin.register(LeadTransfer)
class LeadTransferAdmin(ReadOnly, ScopedModelAdmin):
    menu = (
        Menu(
            "workbench",
            "move_up",
            17,
            title=_("Transfers to answer"),
            query="?whose=mine",
            permission="crm.add_leadtransfer",
            counted=True,
        ),
        Menu("promotion", "move_up", 44),
    )
    list_display = (
        "subject",
        "display_target",
        "display_state",
        "proposed_by",
        "answered_by",
        "answered_on",
    )
    sortable_by = ()
    list_filter = (WhoseFilter, "state")
    search_fields = ("subject", "reason")
    list_select_related = ("to_owner", "to_chain", "proposed_by", "answered_by")
    fields = (
        "subject",
        "display_target",
        "display_state",
        "from_owner",
        "first_contact",
        "first_share",
        "reason",
        "proposed_by",
        "answered_by",
        "answered_on",
        "answer",
    )
    readonly_fields = fields
    state_actions = (
        StateAction(
            "accept",
            _("Accept"),
            AcceptForm,
            "can_answer",
            _("“%(row)s” is accepted."),
            primary=True,
            explain=lambda transfer: transfer.reason,
        ),
        StateAction("refuse", _("Refuse"), RefuseForm, "can_answer", _("“%(row)s” is refused.")),
        StateAction(
            "withdraw", _("Withdraw"), WithdrawForm, "can_withdraw", _("“%(row)s” is withdrawn.")
        ),
    )

    def state_notes(self, request, transfer):
        if not Lead.objects.visible_to(request.user).filter(pk=transfer.lead_id).exists():
            return []
        url = record_url(Lead, transfer.lead_id)
        return [{"text": _("The lead:"), "url": url, "link": transfer.subject}]

    @display(description=_("handed on to"))
    def display_target(self, transfer):
        return transfer.target

    @display(description=_("state"), label=STATES)
    def display_state(self, transfer):
        return transfer.get_state_display()
