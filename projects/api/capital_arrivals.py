from projects.models import CapitalArrival
from zone.api.examples import known_id
from zone.api.resources import Resource, register


@register
class CapitalArrivals(Resource):
    model = CapitalArrival
    fields = ("project", "arrived_on", "amount_wan", "origin", "use", "note")
    writable, create_only = fields[1:], ("project",)
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
