from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from projects.admin.attachments import ATTACH, AttachmentInline, HoldsAttachments
from projects.models import Agreement, AgreementChange
from zone import units
from zone.admin.base import Colours, ScopedModelAdmin, display
from zone.admin.events import tell
from zone.admin.records import Record
from zone.admin.state import DatedForm, ReasonForm, StateAction, StateForm
from zone.navigation import Menu


class CountsFilter(admin.SimpleListFilter):
    """The rows behind the figures of the progress page."""

    title = _("counting")
    parameter_name = "counts"

    def lookups(self, request, model_admin):
        return [
            ("counted", _("counts in the amount")),
            ("projects", _("counts as a project")),
            ("pending", _("waits for recognition")),
            ("excluded", _("excluded")),
        ]

    def queryset(self, request, rows):
        choices = {
            "counted": rows.counted_amounts,
            "projects": rows.counted_projects,
            "pending": rows.pending,
            "excluded": lambda: rows.exclude(exclusion_reason=""),
        }
        return choices[self.value()]() if self.value() in choices else rows


class RecogniseForm(DatedForm):
    def apply(self):
        self.row.recognise(by=self.user, on=self.cleaned_data["on"])


class WithdrawForm(ReasonForm):
    def apply(self):
        self.row.withdraw(by=self.user, **self.cleaned_data)


class ExcludeForm(StateForm):
    exclusion = forms.ChoiceField(
        label=_("why it does not count"),
        choices=Agreement.Exclusion,
        widget=UnfoldAdminSelectWidget,
    )

    def apply(self):
        self.row.exclude(by=self.user, **self.cleaned_data)


class IncludeForm(ReasonForm):
    def apply(self):
        self.row.include(by=self.user, **self.cleaned_data)


def explain_recognition(agreement: Agreement) -> str:
    """Say what the recognition will do to the year's figures."""
    words = {"amount": units.money(agreement.amount_wan), "year": agreement.signed_on.year}
    if agreement.kind == Agreement.Kind.SUPPLEMENT:
        return _("%(amount)s will be added to the signed amount of %(year)s.") % words
    return _("%(amount)s and one project will count toward the target of %(year)s.") % words


tell(
    Agreement,
    "papers",
    "contract",
    on="signed_on",
    kind="kind",
    who="handled_by__display_name",
    text="title",
    amount="amount_wan",
)
tell(
    AgreementChange,
    "papers",
    "verified",
    at="at",
    kind="action",
    text="reason",
    note="responsible__display_name",
    note_label=_("responsible"),
)


@admin.register(Agreement)
class AgreementAdmin(HoldsAttachments, ScopedModelAdmin):
    menu = Menu("projects", "contract", 20)
    list_display = (
        "display_project",
        "kind",
        "signed_on",
        "display_amount",
        "display_state",
        "recognised_on",
    )
    sortable_by = ("signed_on", "display_amount")
    list_filter = (CountsFilter, "kind", "signed_on", "project__chain")
    search_fields = (
        "project__name",
        "~project__sort_key",
        "project__enterprise__name",
        "project__code",
    )
    in_search = ("display_amount", "display_state")
    autocomplete_fields = ("project", "handled_by", "upgrades")
    list_select_related = ("project__chain",)
    date_hierarchy = "signed_on"
    lookups = ("project__credits__specialist__id", "project__park__id")
    readonly_fields = ("entered_by", "display_state", "recognised_on", "recognised_by")
    fieldsets = (
        (None, {"fields": ("project", "kind", "title", "signed_on", "amount_wan")}),
        (_("Handling"), {"fields": ("handled_by", "entered_by", "upgrades")}),
        (_("Recognition"), {"fields": ("display_state", "recognised_on", "recognised_by")}),
    )
    record = Record(
        under=("project",),
        badges=("display_state",),
        amount="display_amount",
        facts=("kind", "signed_on", "handled_by", "recognised_on", "recognised_by", "entered_by"),
        main=("recognise", "attach", "exclude"),
    )
    state_actions = (
        StateAction(
            "recognise",
            _("Recognise"),
            RecogniseForm,
            "can_recognise",
            _("“%(row)s” now counts."),
            primary=True,
            explain=explain_recognition,
            why_not="why_barred",
        ),
        StateAction(
            "exclude",
            _("Exclude"),
            ExcludeForm,
            "can_exclude",
            _("“%(row)s” does not count."),
        ),
        StateAction(
            "withdraw",
            _("Withdraw the recognition"),
            WithdrawForm,
            "can_withdraw",
            _("“%(row)s” no longer counts."),
        ),
        StateAction(
            "include",
            _("Withdraw the exclusion"),
            IncludeForm,
            "can_include",
            _("“%(row)s” can be recognised again."),
            why_not="why_barred",
        ),
        ATTACH,
    )

    def get_readonly_fields(self, request, obj=None):
        # Who handled it cannot be changed away to recognise it oneself.
        locked = ("handled_by",) if obj else ()
        return (*super().get_readonly_fields(request, obj), *locked)

    def get_queryset(self, request):
        return super().get_queryset(request).with_standing()

    def get_inlines(self, request, obj):
        return (AttachmentInline,)

    def save_model(self, request, obj, form, change):
        if not change:
            obj.entered_by = request.user
            # Whoever negotiated handles it, whoever types it in.
            obj.handled_by = obj.handled_by or obj.project.handler or request.user
        super().save_model(request, obj, form, change)

    def state_notes(self, request, agreement):
        words = agreement.why_barred(request.user)
        return [{"tone": "warning", "text": words}] if words else []

    @display(description=_("project"), ordering="project__name")
    def display_project(self, agreement):
        return agreement.project.name

    @display(description=_("amount"), ordering="amount_wan")
    def display_amount(self, agreement):
        return units.money(agreement.amount_wan)

    @display(
        description=_("counts"),
        label=Colours(
            {
                _("recognised"): "success",
                _("recognised, does not count at present"): "warning",
                _("waits for recognition"): "warning",
                _("excluded"): "danger",
            }
        ),
    )
    def display_state(self, agreement):
        return agreement.state_words
