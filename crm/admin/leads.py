from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import JsonResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from crm.admin.contacts import found_by_number, numbers_of, reveal_link
from crm.admin.courting import chosen, lines
from crm.admin.lead_filters import AmountFilter, NextFilter, WhoseFilter
from crm.admin.lead_forms import LEAD_ACTIONS, LeadIntakeForm, may_override
from crm.admin.waiting import notes_of
from crm.intake import log_lead
from crm.models import Contact, Enterprise, FollowUp, Lead, LeadOwnerChange, LeadStageChange
from zone import identifiers, units
from zone.admin.base import (
    Colours,
    HistoryInline,
    ScopedModelAdmin,
    ZoneInline,
    display,
    is_open,
)
from zone.navigation import Menu

LONGEST_NAME = 200  # characters that are looked up
STAGE_COLOURS = Colours(
    {
        Lead.Stage.NEW.label: "info",
        Lead.Stage.SCREENED.label: "primary",
        Lead.Stage.NEGOTIATING.label: "warning",
        Lead.Stage.AGREEING.label: "warning",
        Lead.Stage.SIGNED.label: "success",
    }
)


class FollowUpInline(ZoneInline):
    model = FollowUp
    fk_name = "lead"
    fields = ("kind", "happened_on", "summary", "next_step", "next_on", "no_next", "by")
    readonly_fields = ("by",)
    coming_dates = ("next_on",)
    ordering = ("-happened_on", "-created_at")
    per_page = 20

    def has_change_permission(self, request, obj=None):
        # What was said stays as it was said; a mistake is followed by a new entry.
        return False

    def has_add_permission(self, request, obj=None):
        return request.user.has_perm("crm.add_followup", obj) and is_open(obj, request.user)

    def has_delete_permission(self, request, obj=None):
        return False


class StageHistory(HistoryInline):
    model = LeadStageChange
    fields = ("on", "from_stage", "to_stage", "by", "reason")
    readonly_fields = fields


class OwnerHistory(HistoryInline):
    model = LeadOwnerChange
    fields = ("on", "from_owner", "to_owner", "by", "reason")
    readonly_fields = fields

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("from_owner", "to_owner")


@admin.register(Lead)
class LeadAdmin(ScopedModelAdmin):
    menu = (
        Menu("workbench", "today", 10, title=_("Follow-ups due"), query="?whose=due"),
        Menu("workbench", "pending", 15, title=_("No next date"), query="?whose=undated"),
        Menu("promotion", "flag", 10),
        Menu("promotion", "waves", 20, title=_("Pool"), query="?whose=pool"),
    )
    list_display = (
        "title",
        "enterprise",
        "chain",
        "display_stage",
        "display_investment",
        "display_owner",
        "display_next",
        "registered_at",
    )
    list_filter = (WhoseFilter, NextFilter, "stage", "chain", "owner", AmountFilter, "source")
    search_fields = ("title", "enterprise__name", "~enterprise__sort_key")
    autocomplete_fields = ("enterprise", "chain", "segment", "contact")
    list_select_related = ("enterprise", "chain", "owner")
    coming_dates = ("next_follow_up_on",)
    date_hierarchy = "registered_at"
    sortable_by = (
        "title",
        "display_stage",
        "display_investment",
        "display_next",
        "registered_at",
    )
    state_actions = LEAD_ACTIONS
    readonly_fields = (
        "display_numbers",
        "display_hidden_contact",
        "display_stage",
        "owner",
        "registered_at",
        "protected_until",
    )
    fieldsets = (
        (
            None,
            {"fields": ("enterprise", "title", "chain", "segment", "contact", "display_numbers")},
        ),
        (
            _("Investment"),
            {
                "fields": (
                    "planned_investment_wan",
                    "planned_fixed_asset_wan",
                    "expected_output_wan",
                    "expected_tax_wan",
                    "needs",
                )
            },
        ),
        (_("Origin"), {"fields": ("source", "referrer", "next_follow_up_on")}),
        (
            _("State"),
            {"fields": ("display_stage", "owner", "registered_at", "protected_until")},
        ),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": (
                    "enterprise",
                    "enterprise_name",
                    "title",
                    "chain",
                    "source",
                    "planned_investment_wan",
                )
            },
        ),
        (
            _("Contact"),
            {"fields": ("contact_name", "contact_title", "contact_phone", "next_follow_up_on")},
        ),
    )

    class Media:
        js = ("crm/courting.js",)
        css = {"all": ("crm/courting.css",)}

    def get_custom_urls(self):
        lookup = ("courting/", "crm_lead_courting", self.courting_view)
        return (*super().get_custom_urls(), lookup)

    def courting_view(self, request, model_admin=None):
        """Tell, while a new lead is typed, who courts the investor already."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        enterprises = Enterprise.objects.visible_to(request.user)
        enterprise = chosen(enterprises, request.GET.get("enterprise", ""))
        name = request.GET.get("name", "")[:LONGEST_NAME]
        return JsonResponse({"lines": lines(request.user, enterprise, name)})

    def get_ordering(self, request):
        """Return what is most overdue first in the lists that are worked off by date."""
        by_date = NextFilter.parameter_name in request.GET
        by_date |= request.GET.get(WhoseFilter.parameter_name) == "due"
        return ("next_follow_up_on", "id") if by_date else super().get_ordering(request)

    def get_search_results(self, request, queryset, search_term):
        callers = found_by_number(request, search_term)
        if callers is not None:
            return queryset.filter(contact__in=callers), False
        return super().get_search_results(request, queryset, search_term)

    def get_form(self, request, obj=None, change=False, **kwargs):
        if obj is None:
            kwargs["form"] = LeadIntakeForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None and request.method == "POST":
            return self._with_questions(request, fieldsets)
        if obj is None or obj.contact is None or self._shows_contact(request, obj):
            return fieldsets
        (title, first), *rest = fieldsets
        names = [name for name in first["fields"] if name not in ("contact", "display_numbers")]
        return [(title, first | {"fields": (*names, "display_hidden_contact")}), *rest]

    @staticmethod
    def _with_questions(request, fieldsets):
        """Add what is asked only where something speaks against the lead."""
        name = request.POST.get("enterprise_name", "")[:LONGEST_NAME]
        alike = Enterprise.objects.filter(name_key=identifiers.name_key(name))
        is_asked = name and alike.exclude(exact_key=identifiers.exact_key(name)).exists()
        asked = ["is_distinct"] if is_asked else []
        asked += ["override_reason"] if may_override(request.user) else []
        (title, first), *rest = fieldsets
        enterprise, new, *others = first["fields"]
        return [(title, first | {"fields": (enterprise, new, *asked, *others)}), *rest]

    @staticmethod
    def _shows_contact(request, lead) -> bool:
        """Whether the lead's contact is within reach; asked once for a page."""
        known = request.__dict__.setdefault("shown_contacts", {})
        if lead.contact_id not in known:
            reached = Contact.objects.visible_to(request.user).filter(pk=lead.contact_id)
            known[lead.contact_id] = reached.exists()
        return known[lead.contact_id]

    def get_inlines(self, request, obj):
        return (FollowUpInline, StageHistory, OwnerHistory) if obj else ()

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None and obj.contact:
            obj.reveal_url = reveal_link(obj.contact, request.user, lead=obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def save_model(self, request, obj, form, change):
        if change:
            super().save_model(request, obj, form, change)
        else:
            log_lead(obj, by=request.user, **form.intake())

    def save_formset(self, request, form, formset, change):
        for row in formset.save(commit=False):
            if isinstance(row, FollowUp) and row.by_id is None:
                row.by = request.user
            row.save()
        formset.save_m2m()

    def state_notes(self, request, lead):
        projects = Lead._meta.get_field("project").related_model.objects
        project = projects.visible_to(request.user).filter(lead=lead).first()
        if project is not None:
            return [
                {
                    "text": _("This lead became a project and is read-only."),
                    "url": reverse("admin:projects_project_change", args=[project.pk]),
                    "link": f"{project.code} {project.name}",
                }
            ]
        if not lead.is_open:
            return [{"text": _("This lead is closed and read-only.")}]
        if lead.override_reason:
            beside = _("Stands beside another lead of this investor: %(reason)s")
            beside %= {"reason": lead.override_reason}
            return [{"text": beside}, *notes_of(request, lead)]
        return notes_of(request, lead)

    @display(description=_("contact data"))
    def display_numbers(self, lead):
        return numbers_of(lead.contact, getattr(lead, "reveal_url", ""))

    @display(description=_("contact"))
    def display_hidden_contact(self, lead):
        if lead.owner is None:
            return _("Shown once you have claimed the lead.")
        return _("Shown to the lead's owner and the chain leader.")

    @display(description=_("stage"), ordering="stage", label=STAGE_COLOURS)
    def display_stage(self, lead):
        return lead.get_stage_display()

    @display(description=_("owner"), ordering="owner")
    def display_owner(self, lead):
        return lead.owner or _("pool")

    @display(description=_("planned investment"), ordering="planned_investment_wan")
    def display_investment(self, lead):
        return units.money(lead.planned_investment_wan)

    @display(description=_("next follow-up"), ordering="next_follow_up_on")
    def display_next(self, lead):
        if lead.next_follow_up_on is None:
            return "—"
        if not lead.is_overdue:
            return str(lead.next_follow_up_on)
        words = _("%(date)s overdue") % {"date": lead.next_follow_up_on}
        return format_html('<span class="zone-overdue">{}</span>', words)


@admin.register(FollowUp)
class FollowUpAdmin(ScopedModelAdmin):
    menu = Menu("promotion", "forum", 50)
    list_display = ("happened_on", "kind", "lead", "project", "summary", "next_on", "by")
    list_display_links = ("happened_on", "summary")
    sortable_by = ("happened_on",)
    list_filter = ("kind", "happened_on")
    search_fields = ("summary", "lead__title", "lead__enterprise__name")
    autocomplete_fields = ("lead", "project")
    list_select_related = ("lead", "project", "by")

    def has_change_permission(self, request, obj=None):
        return False  # what was said stays as it was said

    def get_fields(self, request, obj=None):
        names = super().get_fields(request, obj)
        # A service agent follows projects up, and opens no lead.
        hidden = () if request.user.has_perm("crm.view_lead") else ("lead",)
        return [name for name in names if name not in hidden]

    def save_model(self, request, obj, form, change):
        if obj.by_id is None:
            obj.by = request.user
        super().save_model(request, obj, form, change)
