from crm.models import Contact, Enterprise
from zone.api.resources import Resource, register


@register
class Enterprises(Resource):
    model = Enterprise
    fields = ("name", "uscc", "industry_code", "origin_region", "chain", "scale")
    fields += ("is_chain_leader", "is_above_scale", "registered_capital_wan")
    fields += ("address", "description", "source")
    writable = fields
    told_at = {"name_key": "name"}
    filters = {
        "uscc": ("exact", "in"),
        "name": ("exact",),
        "chain__code": ("exact", "in"),
        "updated_at": ("gte", "lt"),
    }


@register
class Contacts(Resource):
    """Telephone, WeChat and e-mail are masked unless the key has ``pii:read``."""

    model = Contact
    fields = ("enterprise", "name", "title", "role", "phone", "wechat", "email")
    fields += ("consent_source", "retain_until", "anonymised_at")
    writable = ("name", "title", "role", "phone", "wechat", "email", "consent_source")
    writable += ("retain_until",)
    fixed = ("enterprise",)
    filters = {"enterprise": ("exact", "in"), "role": ("exact",)}
