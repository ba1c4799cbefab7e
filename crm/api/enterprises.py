from crm.models import Enterprise
from zone.api.resources import Resource, register


@register
class Enterprises(Resource):
    model = Enterprise
    fields = ("name", "uscc", "industry_code", "origin_region", "chain", "scale")
    fields += ("is_chain_leader", "is_above_scale", "registered_capital_wan")
    fields += ("address", "description", "source")
    writable = fields
    error_fields = {"name_key": "name"}
    filters = {
        "uscc": ("exact", "in"),
        "name": ("exact",),
        "chain__code": ("exact", "in"),
        "updated_at": ("gte", "lt"),
    }
    example = {
        "name": "示例新材料股份有限公司",
        "uscc": "91140400MA0EXAMPLC",
        "industry_code": "C3985",
        "origin_region": "440300",
        "chain": "new-energy",
        "scale": "MEDIUM",
        "is_chain_leader": False,
        "is_above_scale": True,
        "registered_capital_wan": "5000",
        "address": "广东省深圳市南山区示例路1号",
        "description": "正极材料",
        "source": "OA",
    }
    change = {"scale": "LARGE", "registered_capital_wan": "8000"}
