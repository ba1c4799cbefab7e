from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext_lazy as _

from projects.models import Agreement, CapitalArrival, Occupancy, Project
from projects.signing import convert
from zone.access.api_scopes import RECOGNISE
from zone.api import values
from zone.api.examples import known_id
from zone.api.resources import RESOURCES, Action, Resource, register
from zone.models import Park


def convert_lead(lead, by, *, handler=None, total_investment_wan=None, park=None, **given):
    """Turn the lead into a project; one from the pool needs somebody who handles it."""
    if lead.owner is None and handler is None:
        raise ValidationError({"handler": _("Name who handles the project.")})
    given |= {"handler": handler} if handler else {}
    given |= {"total_investment_wan": total_investment_wan} if total_investment_wan else {}
    return convert(lead, by=by, park=park, **given)


@values.shaped(type="string", description=_("The code of a park."))
def park_of(code) -> Park:
    if park := Park.objects.filter(code=values.text(code)).first():
        return park
    raise ValidationError(_("There is no park of this code."), code="not_found")


RESOURCES["leads"].actions["convert"] = Action(
    convert_lead,
    {
        "name": values.line,
        "on": values.day,
        "park": park_of,
        "handler": values.person,
        "total_investment_wan": values.amount,
    },
    result="projects",
    needs="projects:write",
    about=_("Turn a screened lead into a project, once; the answer is the project."),
    example={"name": "正极材料项目", "on": "2025-03-20", "park": "park-a", "handler": "specialist"},
)


@values.shaped(type=["string", "null"], format="date")
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
            {"to": values.one_of(Project.Stage), "on": values.day, "reason": values.reason},
            about=_("Move the project to its next stage; what is missing for it refuses."),
            example={"to": "SIGNED", "on": "2025-03-20"},
        )
    }
    example = {
        "code": "CZGX-2025-0001",
        "name": "正极材料项目",
        "enterprise": known_id("enterprises"),
        "chain": "new-energy",
        "park": "park-a",
        "stage": "RESERVED",
        "status": "ACTIVE",
        "total_investment_wan": "12500.5",
        "fixed_asset_investment_wan": "9000",
        "project_code": None,
        "key_level": "CITY",
        "lead": None,
        "handler": "specialist",
        "service_agent": None,
        "planned_start_on": "2025-09-01",
        "content": "年产 2 万吨正极材料",
        "published_status": "",
        "source": "OA",
    }
    change = {"key_level": "PROVINCE", "planned_start_on": "2025-10-01"}
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
            lambda agreement, by, **given: agreement.recognise(by=by, **given),
            {"on": values.day, "responsible": values.person},
            act=RECOGNISE,
            needed=("responsible",),
            about=_(
                "Count the agreement toward the target of its signing year. `responsible` is the "
                "person of the office who answers for it. Neither that person nor this client has "
                "entered or changed the agreement, its project's amount, chain, enterprise or "
                "credits, or handles it (code `own`)."
            ),
            example={"on": "2025-03-25", "responsible": "office"},
        )
    }
    example = {
        "project": known_id("projects"),
        "kind": "FORMAL",
        "title": "投资协议",
        "signed_on": "2025-03-20",
        "amount_wan": "12500.5",
        "upgrades": None,
        "handled_by": "specialist",
        "recognised_on": None,
        "recognised_by": None,
        "exclusion_reason": "",
    }
    change = {"amount_wan": "13000"}
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
    example = {
        "project": known_id("projects"),
        "arrived_on": "2025-06-30",
        "amount_wan": "3000",
        "origin": "OUTSIDE_PROVINCE",
        "use": "FIXED_ASSETS",
        "note": "",
    }
    change = {"note": "银行回单已核"}


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
    whole, needed = ("period",), ("starts_on",)
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
