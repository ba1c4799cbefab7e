from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext_lazy as _

from projects.models import Agreement, CapitalArrival, Occupancy, Project
from projects.signing import convert
from zone.api import values
from zone.api.resources import RESOURCES, Action, Resource, register
from zone.models import Park


def convert_lead(lead, by, *, handler=None, total_investment_wan=None, park=None, **given):
    """Turn the lead into a project; one from the pool needs somebody who handles it."""
    if lead.owner is None and handler is None:
        raise ValidationError({"handler": _("Name who handles the project.")})
    given |= {"handler": handler} if handler else {}
    given |= {"total_investment_wan": total_investment_wan} if total_investment_wan else {}
    return convert(lead, by=by, park=park, **given)


def park_of(code) -> Park:
    if park := Park.objects.filter(code=values.text(code)).first():
        return park
    raise ValidationError(_("There is no park of this code."), code="not_found")


RESOURCES["leads"].actions["convert"] = Action(
    convert_lead,
    {
        "name": values.text,
        "on": values.day,
        "park": park_of,
        "handler": values.person,
        "total_investment_wan": values.amount,
    },
    result="projects",
    needs="projects:write",
)


def last_day(value) -> date | None:
    return None if value is None else values.day(value)


@register
class Projects(Resource):
    model = Project
    fields = ("code", "name", "enterprise", "chain", "park", "stage", "status")
    fields += ("total_investment_wan", "fixed_asset_investment_wan", "project_code", "key_level")
    fields += ("lead", "handler", "service_agent", "planned_start_on", "content")
    fields += ("published_status", "source")
    writable = ("name", "chain", "park", "total_investment_wan", "fixed_asset_investment_wan")
    writable += ("project_code", "key_level", "handler", "service_agent", "planned_start_on")
    writable += ("content", "source")
    fixed = ("enterprise",)
    actions = {
        "advance": Action(
            lambda project, by, **given: project.advance(by=by, **given),
            {"to": values.text, "on": values.day, "reason": values.text},
        )
    }
    orders = ("id", "created_at", "-created_at")
    filters = {
        "code": ("exact", "in"),
        "project_code": ("exact", "in"),
        "enterprise": ("exact", "in"),
        "lead": ("exact", "in"),
        "chain__code": ("exact", "in"),
        "park__code": ("exact", "in"),
        "stage": ("exact", "in"),
        "status": ("exact", "in"),
        "key_level": ("exact", "in"),
    }


@register
class Agreements(Resource):
    model = Agreement
    fields = ("project", "kind", "title", "signed_on", "amount_wan", "upgrades", "handled_by")
    fields += ("recognised_on", "recognised_by", "exclusion_reason")
    writable = ("kind", "title", "signed_on", "amount_wan", "upgrades")
    fixed = ("project", "handled_by")
    actions = {
        "recognise": Action(
            lambda agreement, by, **given: agreement.recognise(by=by, **given), {"on": values.day}
        )
    }
    filters = {
        "project": ("exact", "in"),
        "kind": ("exact", "in"),
        "signed_on": ("gte", "lte"),
        "recognised_on": ("isnull", "gte", "lte"),
    }


@register
class CapitalArrivals(Resource):
    model = CapitalArrival
    fields = ("project", "arrived_on", "amount_wan", "origin", "use", "note")
    writable, fixed = fields[1:], ("project",)
    filters = {"project": ("exact", "in"), "arrived_on": ("gte", "lte"), "origin": ("exact", "in")}


@register
class Occupancies(Resource):
    model = Occupancy
    fields = ("space", "enterprise", "project", "kind", "period", "note")
    writable, fixed = ("project", "kind", "note"), ("space", "enterprise")
    parts = {"starts_on": values.day, "ends_on": last_day}
    filters = {
        "space": ("exact", "in"),
        "enterprise": ("exact", "in"),
        "project": ("exact", "in"),
        "kind": ("exact", "in"),
    }

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
