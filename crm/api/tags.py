from crm.models.tags import EnterpriseTag, TagKind
from zone.api.examples import known_id
from zone.api.resources import Resource, register


@register
class TagKinds(Resource):
    model = TagKind
    fields = ("name", "is_active", "position", "source")
    filters = {"is_active": ("exact",)}
    example = {"name": "专精特新", "is_active": True, "position": 1, "source": "默认"}


@register
class EnterpriseTags(Resource):
    model = EnterpriseTag
    create_only = ("enterprise", "kind")
    writable = ("valid_from", "valid_until")
    filters = {"enterprise": ("exact", "in"), "kind": ("exact",), "valid_from": ("gte", "lte")}
    example = {"enterprise": known_id("enterprises"), "kind": known_id("tag-kinds")}
    example |= {"valid_from": "2025-01-01", "valid_until": "2028-01-01"}
    change = {"valid_until": "2029-01-01"}
