from zone.api.resources import Resource, register
from zone.models import Building, ChainSegment, IndustryChain, Park, Space, Target


@register
class Chains(Resource):
    model = IndustryChain
    fields = ("code", "name", "position", "description")
    filters = {"code": ("exact", "in")}


@register
class ChainSegments(Resource):
    model = ChainSegment
    fields = ("chain", "parent", "name", "position", "gap")
    filters = {"chain__code": ("exact",), "gap": ("exact", "in")}


@register
class Parks(Resource):
    model = Park
    fields = ("code", "name", "kind", "parent", "chain", "status", "description", "position")
    filters = {"code": ("exact", "in"), "kind": ("exact", "in")}


class InPark(Resource):
    """What stands in a park: seen by the clients of every chain, written by the park's own."""

    def may_write(self, row, caller):
        return caller.scope.zone or row.park_id in caller.scope.parks


@register
class Buildings(InPark):
    model = Building
    fields = ("park", "name", "floors")
    writable, fixed = ("name", "floors"), ("park",)
    filters = {"park__code": ("exact", "in")}


@register
class Spaces(InPark):
    model = Space
    fields = ("park", "building", "code", "kind", "state", "area_m2", "floor")
    fields += ("clear_height_m", "power_kva")
    writable, fixed = tuple(name for name in fields if name != "park"), ("park",)
    filters = {
        "park__code": ("exact", "in"),
        "building": ("exact",),
        "kind": ("exact", "in"),
        "state": ("exact", "in"),
        "area_m2": ("gte", "lte"),
    }


@register
class Targets(Resource):
    model = Target
    fields = ("year", "measure", "chain", "park", "specialist", "value", "source")
    filters = {"year": ("exact",), "measure": ("exact", "in"), "chain__code": ("exact",)}
