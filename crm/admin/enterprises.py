from django.contrib import admin
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from crm.models import Contact, Enterprise, Lead
from zone.admin.base import ScopedModelAdmin, ZoneInline, display


class ContactInline(ZoneInline):
    model = Contact
    fields = ("name", "title", "role", "phone", "wechat", "email")


@admin.register(Enterprise)
class EnterpriseAdmin(ScopedModelAdmin):
    list_display = ("name", "chain", "uscc", "industry_code", "display_origin", "display_leads")
    list_filter = ("chain", "scale", "is_chain_leader", "is_above_scale")
    search_fields = ("name", "=uscc")
    autocomplete_fields = ("chain",)
    list_select_related = ("chain",)
    ordering = ("sort_key", "id")
    fieldsets = (
        (None, {"fields": ("name", "uscc", "chain", "origin_region")}),
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

    def get_queryset(self, request):
        within_reach = Q(leads__in=Lead.objects.visible_to(request.user))
        rows = super().get_queryset(request)
        return rows.annotate(lead_count=Count("leads", filter=within_reach))

    def save_model(self, request, obj, form, change):
        if not change:
            obj.entered_by = request.user
        super().save_model(request, obj, form, change)

    @display(description=_("region of origin"), ordering="origin_region")
    def display_origin(self, enterprise):
        return enterprise.origin_label or "—"

    @display(description=_("leads"), ordering="lead_count")
    def display_leads(self, enterprise):
        return enterprise.lead_count


@admin.register(Contact)
class ContactAdmin(ScopedModelAdmin):
    list_display = ("name", "enterprise", "title", "role", "display_phone")
    list_filter = ("role",)
    search_fields = ("name", "enterprise__name")
    autocomplete_fields = ("enterprise",)
    list_select_related = ("enterprise",)

    @display(description=_("telephone"))
    def display_phone(self, contact):
        return contact.masked_phone or "—"
