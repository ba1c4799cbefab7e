from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext_lazy as _

from projects.models import Occupancy
from zone.api import values
from zone.api.examples import known_id
from zone.api.resources import Resource, register


@values.shaped(type=["string", "null"], format="date")
def last_day(value) -> date | None:
    return None if value is None else values.day(value)


@register
class Occupancies(Resource):
    model = Occupancy
    fields = ("space", "enterprise", "project", "kind", "period", "note")
    writable, create_only = ("project", "kind", "note"), ("space", "enterprise")
    component_values = {"starts_on": values.day, "ends_on": last_day}
    filters = {
        "space": ("exact", "in"),
        "enterprise": ("exact", "in"),
        "project": ("exact", "in"),
        "kind": ("exact", "in"),
    }
    composite_fields, needed = ("period",), ("starts_on",)
    about = _("Who uses a space from when to when; no space is used twice on a day.")
    example = {
        "space": known_id("spaces"),
        "enterprise": known_id("enterprises"),
        "project": known_id("projects"),
        "kind": "LEASE",
        "starts_on": "2025-07-01",
        "ends_on": "2028-06-30",
        "note": "",
    }
    change = {"ends_on": None}

    def may_write(self, row, caller):
        return caller.scope.zone or row.space.park_id in caller.scope.parks

    def prepare(self, row, extra):
        """Put the first and the last day, which is included, together into the period."""
        first = extra.pop("starts_on", row.starts_on)
        last = extra.pop("ends_on", row.ends_on)
        if first is None:
            raise ValidationError({"starts_on": _("An occupancy has a first day.")})
        if last and last < first:
            raise ValidationError({"ends_on": _("The last day cannot lie before the first.")})
        row.period = DateRange(first, last + timedelta(days=1) if last else None)
