from datetime import date, timedelta

from django import forms
from django.contrib import admin
from django.core.validators import MaxValueValidator
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext_lazy as _

from crm.admin.enterprises import EnterpriseAdmin
from projects.models import CapitalArrival, Occupancy, Project
from projects.progress import tenants
from zone import units
from zone.admin.autocomplete import KnowingForm
from zone.admin.base import ScopedModelAdmin, display
from zone.admin.events import tell
from zone.admin.inputs import DayWidget
from zone.admin.parks import SpaceAdmin
from zone.admin.records import Related
from zone.calendar import today
from zone.navigation import Menu

tell(
    CapitalArrival,
    "money",
    "payments",
    on="arrived_on",
    who="",
    kind="origin",
    text="note",
    amount="amount_wan",
)
EnterpriseAdmin.record.add(
    Related(
        Project,
        "enterprise",
        ("code", "stage", "display_investment"),
        total="total_investment_wan",
    ),
    Related(
        Project,
        "enterprise",
        ("enterprise", "stage", "display_investment"),
        total="total_investment_wan",
        title=_("Projects of the group"),
        keys="group_keys",
    ),
    story_of="projects",
)
EnterpriseAdmin.record.add(
    Related(Occupancy, "enterprise", ("space", "display_area", "display_ends"), add="enterprise")
)
SpaceAdmin.record.add(
    Related(Occupancy, "space", ("enterprise", "display_starts", "display_ends"), add="space")
)
LAST_DAY = date(2100, 12, 31)


class CurrentFilter(admin.SimpleListFilter):
    """Who is in on a day: ?current=2025-09-30, or today."""

    title = _("in occupation")
    parameter_name = "current"

    def lookups(self, request, model_admin):
        return [(today().isoformat(), _("today"))]

    def queryset(self, request, rows):
        if not self.value():
            return rows
        try:
            return self.rows_on(rows, date.fromisoformat(self.value()))
        except ValueError:
            return rows

    def rows_on(self, rows, on: date):
        return rows.current(on)


class TenantsFilter(CurrentFilter):
    """The tenants of the platforms, one row for each enterprise as the figure counts them."""

    title = _("platform tenants")
    parameter_name = "tenants"

    def rows_on(self, rows, on: date):
        ones = tenants(on).order_by("enterprise_id", "period").distinct("enterprise_id")
        return rows.filter(pk__in=ones.values("pk"))


class OccupancyForm(KnowingForm):
    """Asks for the first and the last day; the range is ours to build."""

    starts_on = forms.DateField(
        label=_("first day"), widget=DayWidget(), validators=[MaxValueValidator(LAST_DAY)]
    )
    ends_on = forms.DateField(
        label=_("last day"),
        required=False,
        widget=DayWidget(coming=True),
        validators=[MaxValueValidator(LAST_DAY)],
        help_text=_("Empty while no end is agreed."),
    )

    class Meta:
        model = Occupancy
        fields = ("space", "enterprise", "project", "kind", "note")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial |= {"starts_on": self.instance.starts_on, "ends_on": self.instance.ends_on}

    def clean(self):
        data = super().clean()
        first, last = data.get("starts_on"), data.get("ends_on")
        if first and last and last < first:
            self.add_error("ends_on", _("The last day cannot lie before the first."))
        elif first:
            # The exclusion constraint is checked on the instance, so it needs the range now.
            self.instance.period = DateRange(first, last + timedelta(days=1) if last else None)
        return data

    def _get_validation_exclusions(self):
        exclude = super()._get_validation_exclusions()
        return exclude - {"period"} if self.instance.period else exclude


@admin.register(Occupancy)
class OccupancyAdmin(ScopedModelAdmin):
    menu = Menu("premises", "key", 40)
    form = OccupancyForm
    list_display = (
        "enterprise",
        "space",
        "display_area",
        "kind",
        "display_starts",
        "display_ends",
    )
    sortable_by = ()
    list_filter = (CurrentFilter, TenantsFilter, "kind", "space__park", "space__park__kind")
    search_fields = ("enterprise__name", "space__code", "space__park__name")
    autocomplete_fields = ("space", "enterprise", "project")
    list_select_related = ("enterprise", "space__park")
    fieldsets = (
        (None, {"fields": ("space", "enterprise", "project", "kind")}),
        (_("Period"), {"fields": ("starts_on", "ends_on", "note")}),
    )

    @display(description=_("area"), ordering="space__area_m2")
    def display_area(self, occupancy):
        return units.area(occupancy.space.area_m2)

    @display(description=_("first day"), ordering="period")
    def display_starts(self, occupancy):
        return occupancy.starts_on

    @display(description=_("last day"))
    def display_ends(self, occupancy):
        return occupancy.ends_on or _("open")


@admin.register(CapitalArrival)
class CapitalArrivalAdmin(ScopedModelAdmin):
    menu = Menu("projects", "payments", 30)
    list_display = ("project", "arrived_on", "display_amount", "origin", "use")
    sortable_by = ("arrived_on",)
    list_filter = ("origin", "use", "arrived_on", "project__chain")
    search_fields = ("project__name", "=project__code")
    autocomplete_fields = ("project",)
    list_select_related = ("project",)
    date_hierarchy = "arrived_on"

    @display(description=_("amount"), ordering="amount_wan")
    def display_amount(self, arrival):
        return units.money(arrival.amount_wan)
