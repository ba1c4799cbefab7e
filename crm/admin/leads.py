from functools import partial

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from crm.admin.contacts import KEY_PEOPLE, found_by_number, numbers_of, reveal_link
from crm.admin.following import FOLLOW_UP, FollowedUpAdmin
from crm.admin.lead_clocks import clocks_of
from crm.admin.lead_filters import (
    AmountFilter,
    ClockFilter,
    LeadRegionFilter,
    NextFilter,
    WhoseFilter,
)
from crm.admin.lead_forms import LEAD_ACTIONS
from crm.admin.lead_intake import IntakeAdmin
from crm.admin.waiting import notes_of
from crm.models import Contact, FollowUp, Lead, LeadOwnerChange, LeadStageChange
from zone import units
from zone.admin.base import Colours, ScopedModelAdmin, display
from zone.admin.events import tell
from zone.admin.records import Record, Related
from zone.admin.scope import LookedUpFilter
from zone.navigation import Menu, record_url

MOVED = {"before": "from_stage", "after": "to_stage", "text": "reason"}
WORK = partial(Menu, "workbench", counted=True)
STAGE_COLOURS = Colours(
    {
        Lead.Stage.NEW.label: "info",
        Lead.Stage.SCREENED.label: "primary",
        Lead.Stage.NEGOTIATING.label: "warning",
        Lead.Stage.AGREEING.label: "warning",
        Lead.Stage.SIGNED.label: "success",
    }
)


tell(
    FollowUp,
    "follow-ups",
    "forum",
    on="happened_on",
    kind="kind",
    text="summary",
    note="next_step",
    note_on="next_on",
    note_label=_("Next step"),
    icons=(("CALL", "call"), ("VISIT_OUT", "directions_car"), ("EMAIL", "mail")),
    files="files",
    file_page="follow_up_file",
)
tell(LeadStageChange, "changes", "trending_flat", at="at", title=_("stage"), **MOVED)
tell(
    LeadOwnerChange,
    "changes",
    "swap_horiz",
    at="at",
    title=_("owner"),
    before="from_owner__display_name",
    after="to_owner__display_name",
    text="reason",
    nobody=_("pool"),
)


@admin.register(Lead)
class LeadAdmin(IntakeAdmin, FollowedUpAdmin, ScopedModelAdmin):
    menu = (
        WORK("event_upcoming", 10, title=_("Follow-ups due"), query="?whose=due"),
        WORK("pending", 15, title=_("No next date"), query="?whose=undated"),
        Menu("promotion", "flag", 10),
        WORK("warning", 16, title=_("Protection ends"), query="?whose=ending"),
        Menu("promotion", "waves", 20, title=_("Pool"), query="?whose=pool"),
    )
    list_display = (
        "title",
        "enterprise",
        "chain",
        "display_stage",
        "tier",
        "display_investment",
        "display_owner",
        "display_next",
        "registered_at",
    )
    optional_columns = ("source", "referrer", "display_origin", "protected_until")
    list_total = "planned_investment_wan"
    list_filter = (
        WhoseFilter,
        NextFilter,
        ClockFilter,
        "stage",
        "tier",
        "chain",
        ("owner", LookedUpFilter),
        ("enterprise", LookedUpFilter),
        AmountFilter,
        LeadRegionFilter,
        "source",
        "lost_reason",
    )
    search_fields = ("title", "~sort_key", "enterprise__name", "~enterprise__sort_key")
    in_search = ("enterprise", "chain", "display_stage", "display_owner")
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
    state_actions = (FOLLOW_UP, *LEAD_ACTIONS)
    record = Record(
        under=("enterprise", "chain", "source"),
        badges=("display_stage",),
        amount="display_investment",
        amount_note="planned_fixed_asset_wan",
        facts=("display_owner", "display_last_contact", "display_contact", "protected_until"),
        main=("reveal", "follow_up", "claim", "convert", "advance"),
        related=[
            Related(Contact, "enterprise__leads", KEY_PEOPLE, title=_("Key people of the investor"))
        ],
    )
    readonly_fields = (
        "display_numbers",
        "display_hidden_contact",
        "display_stage",
        "owner",
        "registered_at",
        "protected_until",
        "display_clocks",
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
            {
                "fields": (
                    "display_stage",
                    "owner",
                    "tier",
                    "registered_at",
                    "protected_until",
                    "display_clocks",
                )
            },
        ),
    )

    def get_ordering(self, request):
        """Return what is most overdue first in the lists that are worked off by date."""
        by_date = NextFilter.parameter_name in request.GET
        by_date |= request.GET.get(WhoseFilter.parameter_name) == "due"
        if self._is_of_ending(request):
            return ("protected_until", "id")
        return ("next_follow_up_on", "id") if by_date else super().get_ordering(request)

    def get_list_display(self, request):
        """Show until when each lead is protected where that is what the list is about."""
        names = super().get_list_display(request)
        if not self._is_of_ending(request):
            return names
        return [{"registered_at": "protected_until"}.get(name, name) for name in names]

    @staticmethod
    def _is_of_ending(request) -> bool:
        return request.GET.get(WhoseFilter.parameter_name) == "ending"

    def get_search_results(self, request, queryset, search_term):
        callers = found_by_number(request, search_term)
        if callers is not None:
            return queryset.filter(contact__in=callers), False
        return super().get_search_results(request, queryset, search_term)

    def get_readonly_fields(self, request, obj=None):
        fields = super().get_readonly_fields(request, obj)
        may_set = obj is None or request.user.has_perm("crm.assign_lead")
        return fields if may_set else (*fields, "tier")

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or getattr(obj, "is_contact_shown", True):
            return fieldsets
        (title, first), *rest = fieldsets
        names = [name for name in first["fields"] if name not in ("contact", "display_numbers")]
        return [(title, first | {"fields": (*names, "display_hidden_contact")}), *rest]

    @staticmethod
    def _shows_contact(request, lead) -> bool:
        """Whether the lead's contact is within reach; asked once for a page."""
        known = request.__dict__.setdefault("shown_contacts", {})
        if lead.contact_id not in known:
            reached = Contact.objects.visible_to(request.user).filter(pk=lead.contact_id)
            known[lead.contact_id] = reached.exists()
        return known[lead.contact_id]

    def get_object(self, request, object_id, from_field=None):
        lead = super().get_object(request, object_id, from_field)
        if lead is not None and lead.contact:
            lead.is_contact_shown = self._shows_contact(request, lead)
            lead.reveal_url = reveal_link(lead.contact, request.user, lead=lead)
        return lead

    def state_links(self, request, obj):
        links = super().state_links(request, obj)
        if url := getattr(obj, "reveal_url", ""):
            label = {"name": "reveal", "label": _("Call"), "url": url, "icon": "call"}
            links.insert(0, label)
        return links

    def state_notes(self, request, lead):
        projects = Lead._meta.get_field("project").related_model.objects
        project = projects.visible_to(request.user).filter(lead=lead).first()
        if project is not None:
            return [
                {
                    "text": _("This lead became a project and is read-only."),
                    "url": record_url(type(project), project.pk),
                    "link": f"{project.code} {project.name}",
                }
            ]
        if not lead.is_open:
            closed = _("This lead is closed and read-only (%(reason)s).")
            return [{"text": closed % {"reason": lead.get_lost_reason_display() or "—"}}]
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

    @display(description=_("contact"))
    def display_contact(self, lead):
        if lead.contact is None:
            return "—"
        if not lead.is_contact_shown:
            return self.display_hidden_contact(lead)
        return format_html("{} {}", lead.contact, self.display_numbers(lead))

    @display(description=_("stage"), ordering="stage", label=STAGE_COLOURS)
    def display_stage(self, lead):
        return lead.get_stage_display()

    @display(description=_("clocks"))
    def display_clocks(self, lead):
        return clocks_of(lead)

    @display(description=_("region of origin"))
    def display_origin(self, lead):
        return lead.enterprise.origin_label or "—"

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
    coming_dates = ("next_on",)
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
