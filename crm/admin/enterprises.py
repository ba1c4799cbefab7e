from django.contrib import admin
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.admin.contacts import ContactInline, found_by_number, mark_entered
from crm.admin.lead_filters import RegionFilter
from crm.models import Contact, Enterprise, Lead
from zone.admin.base import ScopedModelAdmin, display
from zone.admin.records import Record, Related
from zone.database.plans import with_rows
from zone.navigation import Menu


@admin.register(Enterprise)
class EnterpriseAdmin(ScopedModelAdmin):
    menu = Menu("promotion", "apartment", 30)
    list_display = ("name", "chain", "uscc", "industry_code", "display_origin", "display_leads")
    sortable_by = ("uscc",)
    list_filter = ("chain", RegionFilter, "scale", "is_chain_leader", "is_above_scale")
    search_fields = ("name", "=uscc", "~sort_key")
    in_search = ("chain", "uscc", "display_origin")
    autocomplete_fields = ("chain",)
    list_select_related = ("chain",)
    ordering = ("sort_key", "id")
    fieldsets = (
        (None, {"fields": ("name", "uscc", "is_distinct", "chain", "origin_region")}),
        (
            _("Business"),
            {
                "fields": (
                    "industry_code",
                    "scale",
                    "registered_capital_wan",
                    "is_chain_leader",
                    "is_above_scale",
                )
            },
        ),
        (_("More"), {"fields": ("address", "description", "source")}),
    )
    inlines = (ContactInline,)
    record = Record(
        under=("chain", "display_origin", "industry_code"),
        facts=("uscc", "scale", "registered_capital_wan", "is_chain_leader"),
        main=("add_lead",),
        story_of=["leads"],
        related=[
            Related(
                Lead,
                "enterprise",
                ("display_stage", "display_owner", "display_investment"),
                total="planned_investment_wan",
                add="enterprise",
            ),
            Related(Contact, "enterprise", ("title", "role", "display_phone"), add="enterprise"),
        ],
    )

    def get_queryset(self, request):
        visible = with_rows(Lead.objects.visible_to(request.user), many=True)
        theirs = visible.filter(enterprise=OuterRef("pk")).order_by().values("enterprise")
        number = theirs.annotate(n=Count("pk")).values("n")
        rows = super().get_queryset(request)
        return rows.annotate(lead_count=Coalesce(Subquery(number), 0))

    def save_model(self, request, obj, form, change):
        if not change:
            obj.entered_by = request.user
        super().save_model(request, obj, form, change)

    def get_search_results(self, request, queryset, search_term):
        owners = found_by_number(request, search_term)
        if owners is not None:
            return queryset.filter(pk__in=owners.values("enterprise")), False
        return super().get_search_results(request, queryset, search_term)

    def save_formset(self, request, form, formset, change):
        if formset.model is Contact:
            mark_entered(formset, request.user)
        super().save_formset(request, form, formset, change)

    def state_links(self, request, obj):
        links = super().state_links(request, obj)
        if request.user.has_perm("crm.add_lead"):
            url = f"{reverse('admin:crm_lead_add')}?enterprise={obj.pk}"
            label = _("New lead")
            links.append({"name": "add_lead", "label": label, "url": url, "icon": "flag"})
        return links

    @display(description=_("region of origin"), ordering="origin_region")
    def display_origin(self, enterprise):
        return enterprise.origin_label or "—"

    @display(description=_("leads"))
    def display_leads(self, enterprise):
        return enterprise.lead_count
