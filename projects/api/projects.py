from projects.models import Agreement, CapitalArrival, Occupancy, Project
from zone.api.resources import Resource, register


@register
class Projects(Resource):
    model = Project
    fields = ("code", "name", "enterprise", "chain", "park", "stage", "status")
    fields += ("total_investment_wan", "fixed_asset_investment_wan", "project_code", "key_level")
    fields += ("lead", "handler", "service_agent", "planned_start_on", "content")
    fields += ("published_status", "source")
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
    filters = {"project": ("exact", "in"), "arrived_on": ("gte", "lte"), "origin": ("exact", "in")}


@register
class Occupancies(Resource):
    model = Occupancy
    fields = ("space", "enterprise", "project", "kind", "period", "note")
    filters = {
        "space": ("exact", "in"),
        "enterprise": ("exact", "in"),
        "project": ("exact", "in"),
        "kind": ("exact", "in"),
    }
