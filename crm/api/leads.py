from crm.models import FollowUp, Lead
from zone.api.resources import Resource, register


@register
class Leads(Resource):
    model = Lead
    fields = ("enterprise", "title", "chain", "segment", "source", "referrer", "contact")
    fields += ("planned_investment_wan", "planned_fixed_asset_wan", "needs")
    fields += ("expected_output_wan", "expected_tax_wan", "stage", "owner")
    fields += ("registered_at", "protected_until", "next_follow_up_on")
    orders = ("id", "registered_at", "-registered_at")
    filters = {
        "enterprise": ("exact", "in"),
        "chain__code": ("exact", "in"),
        "stage": ("exact", "in"),
        "source": ("exact", "in"),
        "owner": ("isnull",),
        "registered_at": ("gte", "lt"),
        "next_follow_up_on": ("gte", "lte"),
    }


@register
class FollowUps(Resource):
    model = FollowUp
    fields = ("lead", "project", "kind", "happened_on", "summary", "next_step", "next_on", "by")
    filters = {
        "lead": ("exact",),
        "project": ("exact",),
        "kind": ("exact", "in"),
        "happened_on": ("gte", "lte"),
    }
