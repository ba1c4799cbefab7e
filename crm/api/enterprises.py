from django.utils.translation import gettext_lazy as _

from crm.models import Contact, Enterprise
from zone.api.examples import known_id
from zone.api.resources import Resource, register
from zone.privacy.masking import mask_phone


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


@register
class Contacts(Resource):
    model = Contact
    fields = ("enterprise", "name", "title", "role", "phone", "wechat", "email")
    fields += ("consent_source", "retain_until", "anonymised_at")
    writable = ("name", "title", "role", "phone", "wechat", "email", "consent_source")
    writable += ("retain_until",)
    fixed = ("enterprise",)
    filters = {"enterprise": ("exact", "in"), "role": ("exact",)}
    about = _(
        "Those of the leads of the key's chains, and those that it entered. Telephone, WeChat and "
        "e-mail are masked unless the key has `pii:read`."
    )
    example = {
        "enterprise": known_id("enterprises"),
        "name": "王经理",
        "title": "投资总监",
        "role": "DECIDER",
        "phone": mask_phone("13800005678"),
        "wechat": "",
        "email": "w***@example.com",
        "consent_source": "CARD",
        "retain_until": "2027-03-03",
        "anonymised_at": None,
    }
    sent = {"phone": "13800005678", "email": "wang@example.com"}
    change = {"title": "副总经理"}
