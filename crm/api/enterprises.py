from django_filters import CharFilter

from crm.models import Enterprise
from crm.models.enterprises import ALIKE
from zone.api.problems import error, refused
from zone.api.resources import Resource, register
from zone.identifiers import exact_key


class NameFilter(CharFilter):
    """Finds a registered name by its ``exact_key``: in any width, with any brackets."""

    def filter(self, rows, value):
        return rows.filter(exact_key=exact_key(value)) if value else rows


@register
class Enterprises(Resource):
    model = Enterprise
    fields = ("name", "uscc", "industry_code", "origin_region", "chain", "segment", "parent")
    fields += ("scale", "is_chain_leader", "is_above_scale", "registered_capital_wan")
    fields += ("address", "description", "source", "is_distinct")
    writable = fields
    error_fields = {"exact_key": "name"}
    filters = {
        "uscc": ("exact", "in"),
        "name": ("exact",),
        "chain__code": ("exact", "in"),
        "parent": ("exact",),
        "updated_at": ("gte", "lt"),
    }
    own_filters = {"name": NameFilter(field_name="name")}
    example = {
        "name": "示例新材料股份有限公司",
        "uscc": "91140400MA0EXAMPLC",
        "industry_code": "C3985",
        "origin_region": "440300",
        "chain": "new-energy",
        "segment": None,
        "parent": None,
        "scale": "MEDIUM",
        "is_chain_leader": False,
        "is_above_scale": True,
        "registered_capital_wan": "5000",
        "address": "广东省深圳市南山区示例路1号",
        "description": "正极材料",
        "source": "OA",
        "is_distinct": False,
    }
    change = {"scale": "LARGE", "registered_capital_wan": "8000"}

    def duplicates(self, rows):
        """Ask about each whose name is like another's."""
        alike = Enterprise.objects.alike(rows)
        return {row: refused([error("/name", ALIKE.message, ALIKE.code)]) for row in alike}
