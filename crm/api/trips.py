from crm.models.trips import Trip, TripMeeting, TripPerson
from zone.api.examples import known_id
from zone.api.resources import Resource, register


@register
class Trips(Resource):
    model = Trip
    writable = ("place", "chain", "starts_on", "ends_on", "purpose", "summary")
    filters = {"chain__code": ("exact",), "starts_on": ("gte", "lte"), "ends_on": ("gte", "lte")}
    example = {"place": "深圳", "chain": "new-energy", "starts_on": "2025-03-03"}
    example |= {"ends_on": "2025-03-06", "purpose": "拜访电池材料企业", "summary": ""}
    change = {"summary": "两家企业有意来访"}


@register
class TripPeople(Resource):
    model = TripPerson
    create_only = ("trip", "person")
    filters = {"trip": ("exact", "in")}
    example = {"trip": known_id("trips"), "person": "specialist"}


@register
class TripMeetings(Resource):
    model = TripMeeting
    create_only = ("trip",)
    writable = ("enterprise", "met_on", "lead", "note")
    filters = {"trip": ("exact", "in"), "enterprise": ("exact",), "met_on": ("gte", "lte")}
    example = {"trip": known_id("trips"), "enterprise": known_id("enterprises")}
    example |= {"met_on": "2025-03-04", "lead": known_id("leads"), "note": "约定来访"}
    change = {"note": "约定 4 月来访"}
