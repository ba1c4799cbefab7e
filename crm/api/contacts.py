from django.utils.translation import gettext_lazy as _

from crm.models import Contact
from zone.access import api_scopes
from zone.api.examples import known_id
from zone.api.resources import Resource, register
from zone.privacy.masking import mask_phone

api_scopes.stand_for(api_scopes.PII, "crm.view_contact_pii")


@register
class Contacts(Resource):
    model = Contact
    fields = ("enterprise", "name", "title", "role", "stance", "phone", "wechat", "email")
    fields += ("consent_source", "retain_until", "anonymised_at")
    writable = ("name", "title", "role", "stance", "phone", "wechat", "email")
    writable += ("consent_source", "retain_until")
    create_only = ("enterprise",)
    filters = {"enterprise": ("exact", "in"), "role": ("exact",), "stance": ("exact",)}
    about = _(
        "Those of the leads of the key's chains, and those that it entered. Telephone, WeChat and "
        "e-mail are masked unless the key has `pii:read`."
    )
    example = {
        "enterprise": known_id("enterprises"),
        "name": "王经理",
        "title": "投资总监",
        "role": "DECIDER",
        "stance": "SUPPORTS",
        "phone": mask_phone("13800005678"),
        "wechat": "",
        "email": "w***@example.com",
        "consent_source": "CARD",
        "retain_until": "2027-03-03",
        "anonymised_at": None,
    }
    sent = {"phone": "13800005678", "email": "wang@example.com"}
    change = {"title": "副总经理"}
