from crm.models.visits import Visit
from zone.api.examples import known_id
from zone.api.resources import Resource, register


@register
class Visits(Resource):
    model = Visit
    create_only = Visit.BELONGS_TO
    writable = ("kind", "happened_on", "place", "hosts", "guests", "visitors", "by", "summary")
    filters = {"lead": ("exact",), "enterprise": ("exact",), "happened_on": ("gte", "lte")}
    example = {"lead": known_id("leads"), "enterprise": None, "kind": "RECEIVED", "visitors": 4}
    example |= {"happened_on": "2025-03-06", "place": "", "hosts": "", "summary": "看标准厂房"}
    example |= {"guests": "总经理一行", "by": None}
    change = {"visitors": 5}
