"""A small world that can be changed at random, and who sees what in it."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, partial
from itertools import count
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connections, models
from django.db.backends.postgresql.psycopg_any import DateRange

from crm.models import Contact, Enterprise, FollowUp, Lead
from crm.models.conflicts import Conflict
from crm.models.screenings import Screening, ScreeningCriterion
from crm.models.transfers import LeadTransfer
from crm.models.trips import Trip, TripPerson
from projects.models import Agreement, CapitalArrival, Occupancy, Project
from tests import factories
from zone.feed.scope import Scope
from zone.feed.synced import entities
from zone.models import Building, Park, Space, Target

KNOWN = {
    "chains", "chain-segments", "parks", "buildings", "spaces", "enterprises", "contacts", "leads",
    "follow-ups", "projects", "agreements", "capital-arrivals", "occupancies", "targets",
    "screening-criteria", "screenings", "lead-transfers", "conflicts", "trips", "trip-people",
    "tag-kinds",
}  # fmt: skip


def plain_models() -> list[type[models.Model]]:
    """Return the synchronised models that need no words of their own here."""
    return [model for name, model in entities().items() if name not in KNOWN]


NOTES = {
    Enterprise: "address",
    Contact: "title",
    Lead: "needs",
    FollowUp: "next_step",
    Project: "content",
    Agreement: "title",
    CapitalArrival: "note",
    Occupancy: "note",
    Target: "source",
    Park: "status",
    Space: "floor",
}


class World:
    """Rows of every kind and random single changes of them, all drawn from one seed."""

    def __init__(self, seed: int):
        self.rng = random.Random(seed)
        self.number = count(1)
        self.chains = [factories.make_chain(code) for code in ("new-energy", "electronics")]
        self.parks = [factories.make_park() for _ in range(2)]
        self.users = [factories.make_user() for _ in range(2)]
        self.stays = factories.make_enterprise(name=f"常在企业{seed}有限公司")
        self.spaces = [factories.make_space(park=park) for park in self.parks for _ in range(3)]
        for make in self.makers():
            for _ in range(3):
                make()

    def scopes(self) -> list[Scope]:
        first, second = ({row.pk} for row in self.chains)
        here, there = ({row.pk} for row in self.parks)
        return [
            Scope(zone=True),
            Scope(chains=frozenset(first), account=self.users[0].pk),
            Scope(chains=frozenset(second)),
            Scope(parks=frozenset(here)),
            Scope(chains=frozenset(first), parks=frozenset(there)),
            Scope(account=self.users[1].pk),
        ]

    # Drawing

    def any_of(self, model: type[models.Model], empty: bool = False):
        """Return the id of a row; None when there is none, or at times with ``empty``."""
        rows = list(model.objects.order_by("pk").values_list("pk", flat=True))
        return self.rng.choice([*rows, None] if empty or not rows else rows)

    def one(self, rows, empty: bool = True):
        picked = self.rng.choice([*rows, None] if empty else rows)
        return picked.pk if picked else None

    # Making

    def makers(self) -> list:
        return [
            self.make_enterprise, self.make_contact, self.make_lead, self.make_project,
            self.make_follow_up, self.make_agreement, self.make_arrival, self.make_occupancy,
            self.make_target, self.make_building, self.make_criterion, self.make_screening,
            self.make_transfer, self.make_conflict, self.make_trip,
            *(partial(self.make_plain, model) for model in plain_models()),
        ]  # fmt: skip

    def owner_of(self, model) -> dict:
        """Return ``{key: id}`` of a row that one of ``model`` may belong to, the others empty."""
        keys = [model._meta.get_field(name) for name in model.BELONGS_TO]
        owner = self.rng.choice(keys)
        return {key.attname: None for key in keys} | {
            owner.attname: self.any_of(owner.related_model)
        }

    def make_plain(self, model):
        if any((of := self.owner_of(model)).values()):
            factories.build(model, **of).save()

    def make_enterprise(self):
        Enterprise.objects.create(
            name=f"企业{next(self.number)}-{self.rng.getrandbits(40)}",
            chain_id=self.one(self.chains),
            entered_by_id=self.one(self.users),
        )

    def make_contact(self):
        Contact.objects.create(
            enterprise_id=self.any_of(Enterprise), name="甲", entered_by_id=self.one(self.users)
        )

    def make_lead(self):
        Lead.objects.create(
            enterprise_id=self.any_of(Enterprise),
            title="线索",
            chain_id=self.one(self.chains, empty=False),
            contact_id=self.any_of(Contact, empty=True),
            planned_investment_wan=1,
        )

    def make_project(self):
        Project.objects.create(
            name="项目",
            enterprise_id=self.any_of(Enterprise, empty=True),
            chain_id=self.one(self.chains),
            park_id=self.one(self.parks),
        )

    def make_follow_up(self):
        of = self.rng.choice([{"lead_id": self.any_of(Lead)}, {"project_id": self.any_of(Project)}])
        if all(of.values()):
            by = self.users[0]
            FollowUp.objects.create(kind="CALL", summary="谈", by=by, **of)

    def make_agreement(self):
        if pk := self.any_of(Project):
            day = date(2025, 3, 1)
            Agreement.objects.create(project_id=pk, kind="FORMAL", signed_on=day, amount_wan=1)

    def make_arrival(self):
        if pk := self.any_of(Project):
            day = date(2025, 3, 1)
            CapitalArrival.objects.create(
                project_id=pk, arrived_on=day, amount_wan=1, origin="CITY"
            )

    def make_occupancy(self):
        # Far apart, so that hardly any two overlap.
        start = date(2025, 1, 1) + timedelta(days=self.rng.randrange(2_000_000))
        Occupancy.objects.create(
            space_id=self.one(self.spaces, empty=False),
            enterprise_id=self.any_of(Enterprise),
            project_id=self.any_of(Project, empty=True),
            period=DateRange(start, start + timedelta(days=1)),
        )

    def make_target(self):
        scope = self.rng.choice(
            [{}, {"chain": self.chains[0]}, {"park": self.parks[0]}, {"specialist": self.users[0]}]
        )
        scope = {"chain": None, "park": None, "specialist": None} | scope
        year = 2000 + self.rng.randrange(100)
        Target.objects.get_or_create(
            year=year, measure="SIGNED_PROJECTS", **scope, defaults={"value": Decimal(5)}
        )

    def make_criterion(self):
        name = f"{self.rng.getrandbits(40)}"
        factories.make(ScreeningCriterion, name=name, chain_id=self.one(self.chains))

    def make_screening(self):
        if pk := self.any_of(Lead):
            by = {"decided_by": self.users[0], "decided_on": date(2025, 3, 1)}
            Screening.objects.create(lead_id=pk, result="HOLD", **by)

    def make_transfer(self):
        if pk := self.any_of(Lead):
            chain = self.one(self.chains)
            LeadTransfer.objects.create(
                lead_id=pk,
                to_chain_id=chain,
                to_place="" if chain else "外地",
                state="WITHDRAWN",
                proposed_by=self.users[0],
                answered_by=self.users[0],
                answered_on=date(2025, 3, 1),
            )

    def make_conflict(self):
        if pk := self.any_of(Lead):
            claim = {"chain_id": self.one(self.chains, empty=False), "planned_investment_wan": 1}
            Conflict.objects.create(lead_id=pk, raised_by=factories.make_user(), **claim)

    def make_trip(self):
        trip = factories.make(Trip, chain_id=self.one(self.chains))
        factories.make(TripPerson, trip=trip, person=self.users[0])

    def make_building(self):
        name = f"{self.rng.getrandbits(40)}"
        Building.objects.create(park_id=self.one(self.parks, empty=False), name=name)

    # Changing

    def change(self):
        """Do one random thing; a row that is still needed is left alone."""
        self.rng.choice(
            [self.note, self.note_all, self.move, self.move, self.move, self.delete]
            + [lambda: self.rng.choice(self.makers())()] * 2
        )()

    def note(self):
        notes = NOTES | {model: text for model in plain_models() if (text := text_of(model))}
        model = self.rng.choice(list(notes))
        if pk := self.any_of(model):
            model.objects.filter(pk=pk).update(**{notes[model]: str(self.rng.randrange(100))})

    def note_all(self):
        model = self.rng.choice([Lead, Agreement, Contact])
        model.objects.update(**{NOTES[model]: str(self.rng.randrange(3))})

    def move(self):
        model, values = self.rng.choice(self.moves())
        rows = model.objects.all()
        if self.rng.random() < 0.8:
            rows = rows.filter(pk=self.any_of(model))
        rows.update(**values)

    def moves(self) -> list[tuple[type[models.Model], dict]]:
        enterprise, project = self.any_of(Enterprise), self.any_of(Project, empty=True)
        chain, park = self.one(self.chains), self.one(self.parks)
        some_chain = self.one(self.chains, empty=False)
        found = [
            (Project, {"chain_id": chain}),
            (Project, {"park_id": park}),
            (Project, {"chain_id": chain, "park_id": park}),
            (Project, {"enterprise_id": enterprise}),
            (Enterprise, {"chain_id": chain}),
            (Enterprise, {"entered_by_id": self.one(self.users)}),
            (Lead, {"chain_id": some_chain}),
            (Lead, {"enterprise_id": enterprise}),
            (Lead, {"contact_id": self.any_of(Contact, empty=True)}),
            (Contact, {"enterprise_id": enterprise}),
            (Contact, {"entered_by_id": self.one(self.users)}),
            (Occupancy, {"enterprise_id": enterprise}),
            (Occupancy, {"project_id": project}),
        ]
        if lead := self.any_of(Lead):
            found.append((FollowUp, {"lead_id": lead, "project_id": None}))
        if project:
            found += [
                (Agreement, {"project_id": project}),
                (CapitalArrival, {"project_id": project}),
                (FollowUp, {"project_id": project, "lead_id": None}),
            ]
        parts = [(model, self.owner_of(model)) for model in plain_models()]
        return found + [(model, of) for model, of in parts if any(of.values())]

    def delete(self):
        """Delete a row with what would go with it; one that is protected stays."""
        model = self.rng.choice(
            [Contact, Lead, FollowUp, Agreement, CapitalArrival, Occupancy, Project, Enterprise,
             Target, Building, *plain_models()]
        )  # fmt: skip
        row = model.objects.filter(pk=self.any_of(model)).exclude(pk=self.stays.pk).first()
        if row:
            try:
                row.delete()
            except models.ProtectedError:
                return


def text_of(model: type[models.Model]) -> str:
    """Return the name of the first free text of a model; "" for one without."""
    texts = (f for f in model._meta.fields if isinstance(f, (models.CharField, models.TextField)))
    return next((field.name for field in texts if not field.choices), "")


def versions() -> dict[tuple[str, UUID], int]:
    """Return the version of every synchronised row."""
    return _read(statements(None), "default")


def seen(scope: Scope, using: str = "default") -> dict[tuple[str, UUID], int]:
    """Return the version of every row that ``scope`` sees, each kind read for itself."""
    return _read(statements(scope), using)


def _read(asked: list[tuple[str, tuple[str, tuple]]], using: str) -> dict[tuple[str, UUID], int]:
    found = {}
    with connections[using].cursor() as cursor:
        for name, statement in asked:
            cursor.execute(*statement)
            found |= {(name, pk): version for pk, version in cursor.fetchall()}
    return found


@cache
def statements(scope: Scope | None) -> list[tuple[str, tuple[str, tuple]]]:
    """Return what asks for the rows of each kind: to compose it takes longer than to run it.

    Without a scope it is every row there is, whatever a scope of the whole zone says.
    """
    found = []
    for name, model in entities().items():
        with suppress(EmptyResultSet):
            rows = scope.rows(model) if scope else model._base_manager.all()
            rows = rows.values_list("pk", "version")
            found.append((name, rows.query.sql_with_params()))
    return found
