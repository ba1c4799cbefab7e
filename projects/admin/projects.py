from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from crm.admin.following import FOLLOW_UP, FollowedUpAdmin
from projects.admin.attachments import ATTACH, AttachmentInline, HoldsAttachments
from projects.models import (
    Agreement,
    Attachment,
    CapitalArrival,
    Credit,
    Occupancy,
    Project,
    StageChange,
)
from zone import identifiers, units
from zone.access.row_access import row_access
from zone.admin.base import Colours, ScopedModelAdmin, ZoneInline, display
from zone.admin.events import tell
from zone.admin.records import Record, Related
from zone.admin.state import ReasonForm, StageForm, StateAction
from zone.navigation import Menu, record_url

STATUS_COLOURS = Colours(
    {
        Project.Status.ACTIVE.label: "success",
        Project.Status.SUSPENDED.label: "warning",
        Project.Status.TERMINATED.label: "danger",
    }
)


class AdvanceForm(StageForm):
    stages = Project.Stage


class StatusForm(ReasonForm):
    status = forms.ChoiceField(label=_("new status"), widget=UnfoldAdminSelectWidget)
    field_order = ("status", "reason")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        others = [status for status in Project.Status if status != self.row.status]
        self.fields["status"].choices = [(status.value, status.label) for status in others]

    def apply(self):
        data = self.cleaned_data
        self.row.set_status(data["status"], by=self.user, reason=data["reason"])


class CreditFormSet(BaseInlineFormSet):
    """Says beside the form what the database would refuse at the end."""

    def clean(self):
        super().clean()
        kept = [form.cleaned_data for form in self.forms if hasattr(form, "cleaned_data")]
        shares = [row.get("share") or 0 for row in kept if row and not row.get("DELETE")]
        # A colleague may have added a share since this form was opened.
        posted = [form.instance.pk for form in self.forms]
        others = Credit.objects.filter(project_id=self.instance.pk).exclude(pk__in=posted)
        shares += others.values_list("share", flat=True)
        if sum(shares) > 100:
            raise ValidationError(
                _("The shares add up to %(sum)s %%; together they are at most 100 %%."),
                code="over_100",
                params={"sum": units.plain(sum(shares))},
            )


class CreditInline(ZoneInline):
    model = Credit
    formset = CreditFormSet
    fields = ("specialist", "share")
    autocomplete_fields = ("specialist",)


tell(
    StageChange,
    "changes",
    "trending_flat",
    at="at",
    title=_("stage"),
    before="from_stage",
    after="to_stage",
    text="reason",
)


@admin.register(Project)
class ProjectAdmin(FollowedUpAdmin, HoldsAttachments, ScopedModelAdmin):
    menu = Menu("projects", "work", 10)
    list_display = (
        "code",
        "name",
        "enterprise",
        "chain",
        "stage",
        "display_status",
        "display_investment",
        "park",
        "key_level",
    )
    list_display_links = ("code", "name")
    sortable_by = ("code", "name", "stage", "display_investment")
    list_filter = ("stage", "status", "chain", "key_level", "park")
    search_fields = (
        "name",
        "~sort_key",
        "code",
        "=project_code",
        "enterprise__name",
        "~enterprise__sort_key",
    )
    in_search = ("code", "enterprise", "chain", "stage")
    autocomplete_fields = ("enterprise", "chain", "park", "handler", "service_agent")
    list_select_related = ("enterprise", "chain", "park", "lead")
    coming_dates = ("planned_start_on",)
    readonly_fields = ("code", "stage", "display_status", "published_status")
    fieldsets = (
        (
            None,
            {"fields": ("code", "name", "enterprise", "chain", "park", "handler", "service_agent")},
        ),
        (_("Investment"), {"fields": ("total_investment_wan", "fixed_asset_investment_wan")}),
        (_("Filing"), {"fields": ("project_code", "key_level", "planned_start_on", "content")}),
        (_("State"), {"fields": ("stage", "display_status", "published_status")}),
    )
    record = Record(
        under=("enterprise", "chain", "code", "park"),
        badges=("display_status",),
        amount="display_investment",
        amount_note="fixed_asset_investment_wan",
        facts=("handler", "display_last_contact", "service_agent", "key_level"),
        main=("follow_up", "advance", "add_agreement"),
        story_of=["lead", "agreements"],
        related=[
            Related(
                Agreement,
                "project",
                ("signed_on", "display_state", "display_amount"),
                total="amount_wan",
                add="project",
            ),
            Related(
                CapitalArrival,
                "project",
                ("origin", "use", "display_amount"),
                total="amount_wan",
                add="project",
            ),
            Related(Occupancy, "project", ("space", "display_area", "display_ends"), add="project"),
        ],
    )
    state_actions = (
        FOLLOW_UP,
        StateAction(
            "advance",
            _("Advance"),
            AdvanceForm,
            "can_advance",
            _("“%(row)s” has moved on."),
            primary=True,
        ),
        StateAction(
            "status",
            _("Suspend, resume or terminate"),
            StatusForm,
            "can_terminate",
            _("“%(row)s” has a new status."),
            explain=lambda project: _(
                "A terminated project stays in the signed count of its year and leaves the "
                "fulfilment rate."
            ),
        ),
        ATTACH,
    )

    def get_inlines(self, request, obj):
        return (CreditInline, AttachmentInline) if obj else (CreditInline,)

    def save_formset(self, request, form, formset, change):
        if formset.model is Attachment:
            formset.save()
            return
        for row in formset.save(commit=False):
            if hasattr(row, "by_id") and row.by_id is None:
                row.by = request.user
            row.save()
        for row in formset.deleted_objects:
            row.delete()

    def save_model(self, request, obj, form, change):
        if not change:
            obj.entered_by = request.user
            if obj.handler is None and not row_access(request.user).everything:
                obj.handler = request.user  # or it would be out of its maker's own sight
        super().save_model(request, obj, form, change)
        if obj.project_code and identifiers.project_code_looks_mistyped(obj.project_code):
            messages.warning(
                request,
                _("The check digit of the national project code does not match; please compare."),
            )

    def state_links(self, request, obj):
        links = super().state_links(request, obj)
        if request.user.has_perm("projects.add_agreement"):
            url = reverse("admin:projects_agreement_add")
            label, url = _("Add an agreement"), f"{url}?project={obj.pk}"
            links.append({"name": "add_agreement", "label": label, "url": url, "icon": "contract"})
        return links

    def state_notes(self, request, project):
        knows = project.lead and request.user.has_perm("crm.view_lead", project.lead)
        return [self._lead_note(project.lead)] if knows else []

    @staticmethod
    def _lead_note(lead) -> dict:
        url = record_url(type(lead), lead.pk)
        return {"text": _("This project came from a lead:"), "url": url, "link": lead}

    @display(description=_("status"), ordering="status", label=STATUS_COLOURS)
    def display_status(self, project):
        return project.get_status_display()

    @display(description=_("total investment"), ordering="total_investment_wan")
    def display_investment(self, project):
        return units.money(project.total_investment_wan)
