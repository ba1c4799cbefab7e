from zone.api.examples import known_id
from zone.api.resources import Resource, register
from zone.models import Building, ChainSegment, IndustryChain, Park, Space, Target


@register
class Chains(Resource):
    model = IndustryChain
    fields = ("code", "name", "position", "description")
    filters = {"code": ("exact", "in")}
    example = {"code": "new-energy", "name": "新能源", "position": 1, "description": ""}


@register
class ChainSegments(Resource):
    model = ChainSegment
    fields = ("chain", "parent", "name", "position", "gap")
    filters = {"chain__code": ("exact",), "gap": ("exact", "in")}
    example = {
        "chain": "new-energy",
        "parent": None,
        "name": "正极材料",
        "position": "UPSTREAM",
        "gap": "COMPLEMENT",
    }


@register
class Parks(Resource):
    model = Park
    fields = ("code", "name", "kind", "parent", "chain", "status", "description", "position")
    filters = {"code": ("exact", "in"), "kind": ("exact", "in")}
    example = {
        "code": "park-a",
        "name": "示例产业园",
        "kind": "INDUSTRIAL",
        "parent": None,
        "chain": None,
        "status": "",
        "description": "",
        "position": 1,
    }


class InPark(Resource):
    """A row of a park: read by the clients of every chain, written by those of the park."""

    def may_write(self, row, caller):
        return caller.scope.zone or row.park_id in caller.scope.parks


@register
class Buildings(InPark):
    model = Building
    fields = ("park", "name", "floors")
    writable, create_only = ("name", "floors"), ("park",)
    filters = {"park__code": ("exact", "in")}
    example = {"park": "park-a", "name": "1号楼", "floors": 6}
    change = {"floors": 7}


@register
class Spaces(InPark):
    model = Space
    fields = ("park", "building", "code", "kind", "state", "area_m2", "floor")
    fields += ("clear_height_m", "power_kva")
    writable, create_only = tuple(name for name in fields if name != "park"), ("park",)
    filters = {
        "park__code": ("exact", "in"),
        "building": ("exact",),
        "kind": ("exact", "in"),
        "state": ("exact", "in"),
        "area_m2": ("gte", "lte"),
    }
    example = {
        "park": "park-a",
        "building": known_id("buildings"),
        "code": "1-301",
        "kind": "PLANT",
        "state": "LETTABLE",
        "area_m2": "1200.5",
        "floor": 3,
        "clear_height_m": "7.2",
        "power_kva": 800,
    }
    change = {"state": "RESERVED"}


@register
class Targets(Resource):
    model = Target
    fields = ("year", "measure", "chain", "park", "specialist", "value", "source")
    filters = {"year": ("exact",), "measure": ("exact", "in"), "chain__code": ("exact",)}
    example = {
        "year": 2025,
        "measure": "SIGNED_AMOUNT",
        "chain": "new-energy",
        "park": None,
        "specialist": None,
        "value": "300000",
        "source": "",
    }
