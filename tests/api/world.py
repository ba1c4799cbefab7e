"""The rows that the examples of the published schema speak of, with the ids they have there."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from crm.models.trips import Trip, TripMeeting, TripPerson
from tests import factories
from zone.api.examples import known_id
from zone.api.urls import RESOURCES
from zone.feed.synced import entities
from zone.models import Building, ChainSegment, ExternalRef


class World:
    """Rows of every resource, each on its own; ``build`` makes them up to one of them."""

    def build(self, *, before: str = "") -> World:
        """Make the rows, or only those that come before the one of this name."""
        names = list(entities())
        for name in names[: names.index(before)] if before else names:
            special = getattr(self, name.replace("-", "_"), None)
            row = special(id=known_id(name)) if special else self.plain(name, id=known_id(name))
            setattr(self, f"the_{name.replace('-', '_')}", row)
            refer = {"source": "other", "external_id": name, "object_id": row.pk}
            ExternalRef.objects.create(entity=row.SYNC.number, **refer)
        return self

    def plain(self, name: str, **id):
        """Make a row that points where its example points."""
        resource = RESOURCES[name]
        keys = [f.name for f in resource.model._meta.fields if f.is_relation]
        given = {key: resource.example[key] for key in keys if resource.example.get(key)}
        return factories.make(resource.model, **{f"{k}_id": v for k, v in given.items()}, **id)

    def chains(self, **id):
        chain = factories.make_chain("new-energy", **id, position=1)
        self.specialist = factories.make_specialist(chain, username="specialist")
        return chain

    def chain_segments(self, **id):
        place = {"position": "UPSTREAM", "gap": "COMPLEMENT"}
        return ChainSegment.objects.create(chain=self.the_chains, name="正极材料", **place, **id)

    def parks(self, **id):
        return factories.make_park(code="park-a", name="示例产业园", position=1, **id)

    def buildings(self, **id):
        return Building.objects.create(park=self.the_parks, name="1号楼", floors=6, **id)

    def spaces(self, **id):
        place = {"park": self.the_parks, "building": self.the_buildings, "code": "1-301"}
        size = {"area_m2": Decimal("1200.5"), "floor": 3, "clear_height_m": Decimal("7.2")}
        return factories.make_space(**place, **size, power_kva=800, **id)

    def enterprises(self, **id):
        name = "示例新材料股份有限公司"
        return factories.make_enterprise(name=name, chain=self.the_chains, **id)

    def contacts(self, **id):
        return factories.make_contact(enterprise=self.the_enterprises, name="王经理", **id)

    def leads(self, **id):
        whose = {"enterprise": self.the_enterprises, "owner": self.specialist}
        more = {"chain": self.the_chains, "segment": self.the_chain_segments}
        return factories.make_lead(**whose, **more, contact=self.the_contacts, **id)

    def follow_ups(self, **id):
        return factories.make_follow_up(lead=self.the_leads, by=self.specialist, **id)

    def projects(self, **id):
        place = {"chain": self.the_chains, "park": self.the_parks}
        whose = {"enterprise": self.the_enterprises, "handler": self.specialist}
        return factories.make_project(**place, **whose, **id)

    def agreements(self, **id):
        whose = {"project": self.the_projects, "handled_by": self.specialist}
        return factories.make_agreement(**whose, signed_on=date(2025, 3, 20), **id)

    def capital_arrivals(self, **id):
        return factories.make_arrival(project=self.the_projects, **id)

    def occupancies(self, **id):
        whose = {"enterprise": self.the_enterprises, "project": self.the_projects}
        return factories.make_occupancy(space=self.the_spaces, **whose, **id)

    def targets(self, **id):
        return factories.make_target("SIGNED_AMOUNT", 300_000, chain=self.the_chains, **id)

    def screenings(self, **id):
        lead = {"lead": self.the_leads, "prepared_by": self.specialist}
        return factories.make_screening("", **lead, **id)

    def lead_transfers(self, **id):
        whose = {"from_owner": self.specialist, "proposed_by": self.specialist}
        return factories.make_transfer(lead=self.the_leads, **whose, **id)

    def conflicts(self, **id):
        return factories.make_conflict(lead=self.the_leads, **id)

    def trips(self, **id):
        days = {"starts_on": date(2025, 3, 3), "ends_on": date(2025, 3, 6)}
        return factories.make(Trip, chain=self.the_chains, **days, **id)

    def trip_people(self, **id):
        return factories.make(TripPerson, trip=self.the_trips, person=self.specialist, **id)

    def trip_meetings(self, **id):
        met = {"enterprise": self.the_enterprises, "met_on": date(2025, 3, 4)}
        return factories.make(TripMeeting, trip=self.the_trips, **met, **id)
