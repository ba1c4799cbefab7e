from crm.models.conflicts import Conflict
from zone.api.resources import Resource, register


@register
class Conflicts(Resource):
    model = Conflict
    fields = ("enterprise_name", "chain", "title", "planned_investment_wan", "grounds")
    fields += ("raised_by", "decision", "second_share", "reason", "decided_by", "decided_on")
    filters = {"chain__code": ("exact",), "decision": ("exact", "in")}
    example = {
        "enterprise_name": "示例新材料股份有限公司",
        "chain": "new-energy",
        "title": "正极材料二期",
        "planned_investment_wan": "8000",
        "grounds": "2025 年 1 月起与该企业接洽，已考察两次",
        "raised_by": "specialist",
        "decision": "",
        "second_share": None,
        "reason": "",
        "decided_by": None,
        "decided_on": None,
    }
