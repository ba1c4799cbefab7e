from django.contrib import admin
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from crm.admin.contacts import KEY_PEOPLE, ContactInline, found_by_number, mark_entered
from crm.admin.lead_filters import RegionFilter
from crm.admin.merging import CODE_LISTS, MergingAdmin, value_in_words
from crm.admin.tags import TAG, TagFilter, display_chips, names_of, with_tags
from crm.models import Contact, Enterprise, Lead
from zone.access.row_access import row_access
from zone.admin.base import ScopedModelAdmin, display
from zone.admin.records import Record, Related
from zone.database.plans import with_rows
from zone.navigation import Menu


@admin.register(Enterprise)
class EnterpriseAdmin(MergingAdmin, ScopedModelAdmin):
    menu = Menu("promotion", "apartment", 30)
    list_display = (
        "name",
        "display_tags",
        "chain",
        "uscc",
        "display_industry",
        "display_origin",
        "display_leads",
    )
    optional_columns = ("segment", "scale", "registered_capital_wan")
    sortable_by = ("uscc",)
    list_filter = ("chain", TagFilter, RegionFilter, "scale", "is_chain_leader", "is_above_scale")
    search_fields = ("name", "=uscc", "~sort_key")
    in_search = ("chain", "uscc", "display_origin")
    autocomplete_fields = ("chain", "segment", "parent")
    code_lists = CODE_LISTS
    list_select_related = ("chain", "segment")
    ordering = ("sort_key", "id")
    fieldsets = (
        (None, {"fields": ("name", "uscc", "is_distinct", "origin_region")}),
        (
            _("Business"),
            {
                "fields": (
                    "chain",
                    "segment",
                    "industry_code",
                    "parent",
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
    state_actions = (TAG,)
    record = Record(
        under=("chain", "segment", "display_origin", "display_industry"),
        facts=("uscc", "parent", "scale", "registered_capital_wan"),
        main=("add_lead", "tag"),
        story_of=["leads"],
        related=[
            Related(
                Lead,
                "enterprise",
                ("display_stage", "display_owner", "display_investment"),
                total="planned_investment_wan",
                add="enterprise",
            ),
            Related(Contact, "enterprise", KEY_PEOPLE, add="enterprise"),
            Related(
                Enterprise,
                "parent",
                ("chain", "display_origin", "display_leads"),
                title=_("Subsidiaries"),
                add="parent",
            ),
            Related(
                Lead,
                "enterprise",
                ("enterprise", "display_stage", "display_investment"),
                total="planned_investment_wan",
                title=_("Leads of the group"),
                keys="group_keys",
            ),
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
        if request.user.has_perm("crm.view_enterprisetag"):
            url = f"{reverse('admin:crm_enterprisetag_changelist')}?enterprise__id__exact={obj.pk}"
            links.append({"name": "tags", "label": _("Tags and their dates"), "url": url})
        return links

    def get_object(self, request, object_id, from_field=None):
        enterprise = super().get_object(request, object_id, from_field)
        if enterprise is not None and enterprise.parent_id:
            everything = row_access(request.user, "crm.view_enterprise").everything
            seen = Enterprise.objects.visible_to(request.user, "view")
            shown = everything or seen.filter(pk=enterprise.parent_id).exists()
            enterprise.is_parent_shown = shown
        return enterprise

    def get_fieldsets(self, request, obj=None):
        """Leave a parent company out that is beyond the person's reach; it stays as it is."""
        fieldsets = super().get_fieldsets(request, obj)
        if getattr(obj, "is_parent_shown", True):
            return fieldsets
        return [
            (title, options | {"fields": [n for n in options["fields"] if n != "parent"]})
            for title, options in fieldsets
        ]

    def _value(self, request, row, name):
        if name == "parent" and not getattr(row, "is_parent_shown", True):
            hidden = {"text": _("looked after by another chain"), "url": "", "name": name}
            return {"label": capfirst(str(_("parent company"))), **hidden}
        shown = super()._value(request, row, name)
        if name in CODE_LISTS and getattr(row, name):
            shown["text"] = value_in_words(row, self.opts.get_field(name))
        return shown

    def get_changelist_instance(self, request):
        changelist = super().get_changelist_instance(request)
        changelist.result_list = with_tags(list(changelist.result_list))
        return changelist

    def _table(self, request, title, rows):
        return super()._table(request, title, with_tags(rows))

    def chips(self, row):
        return [{"text": name, "tone": "info"} for name in names_of(row)]

    @display(description=_("tags"))
    def display_tags(self, enterprise):
        return display_chips(enterprise)

    @display(description=_("industry"), ordering="industry_code")
    def display_industry(self, enterprise):
        return enterprise.industry_name or "—"

    @display(description=_("region of origin"), ordering="origin_region")
    def display_origin(self, enterprise):
        return enterprise.origin_name or "—"

    @display(description=_("leads"))
    def display_leads(self, enterprise):
        return enterprise.lead_count
