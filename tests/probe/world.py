"""A zone with something to leak: rows of every kind, near and far, each with its own marker."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import date

from django.apps import apps
from django.db import connection, models

from tests import factories
from zone.access.roles import ROLES
from zone.fields import PhoneField
from zone.models import (
    AuditEntry,
    Building,
    ChainSegment,
    Fund,
    IndustryChain,
    Park,
    PublishedFigure,
    User,
)

OURS = ("zone", "crm", "projects")
# A colleague's name stands beside every row that they handle; it is no secret.
OPEN_NAMES = {"zone.User": {"display_name", "department", "first_name", "last_name", "password"}}
LONG_ENOUGH = 16
MARKER = re.compile(r"ZQ[0-9a-f]{12}|139[0-9]{8}")


@dataclass
class World:
    """Who there is, and every row with the texts that only those in reach may read."""

    people: dict[str, User]
    markers: dict[models.Model, set[str]] = field(default_factory=dict)

    def hidden_from(self, user) -> dict[models.Model, set[str]]:
        """Return the marked rows that ``user`` may not see."""
        visible = {
            model: set(model._default_manager.visible_to(user).values_list("pk", flat=True))
            for model in {type(row) for row in self.markers}
            if hasattr(model._default_manager, "visible_to")
        }
        told = " ".join(AuditEntry.objects.visible_to(user).values_list("object_name", flat=True))
        return {
            row: {text for text in texts if text not in told}
            for row, texts in self.markers.items()
            if row.pk not in visible.get(type(row), ())
        }


def make_world() -> World:
    _let_change(User, "username")
    for model in (IndustryChain, Park):
        _let_change(model, "code")
    near, far = factories.make_chain("new-energy"), factories.make_chain("electronics")
    parks = factories.make_park(), factories.make_park()
    people = {
        role: factories.make_user(role, park=parks[0])
        if role == "park_operator"
        else factories.make_user(role, near if role in ("chain_leader", "specialist") else None)
        for role in ROLES
    }
    people["nobody"] = factories.make_user()
    people["ended"] = factories.make_specialist(near)
    people["ended"].appointments.update(ends_on=date(2025, 6, 30))
    stranger, peer = factories.make_specialist(far), factories.make_specialist(near)
    agent = factories.make_user("service_agent")
    for chain, park, owner in (
        (near, parks[0], people["specialist"]),
        (near, parks[1], peer),
        (far, parks[1], stranger),
    ):
        _story(chain, park, owner, people["service_agent"] if park == parks[0] else agent)
    factories.make_lead(chain=far)
    for number, chain in enumerate((near, far)):
        ChainSegment.objects.create(chain=chain, name=f"环节{number}", position="UPSTREAM")
    Fund.objects.create(name="基金")
    PublishedFigure.objects.create(year=2025, indicator="项目", value=1, unit="个", source="公开")
    factories.make_target("SIGNED_AMOUNT", 100)
    factories.make_delivery()
    world = World(people)
    for model in (model for app in OURS for model in apps.get_app_config(app).get_models()):
        for row in model._default_manager.all():
            # The account of another system is listed for those who watch the trail, and only there.
            is_system = getattr(row, "is_service", False)
            if model is not AuditEntry and row not in people.values() and not is_system:
                _mark(world, row)
    return world


def _story(chain, park, owner, agent):
    """Tell one investor's way: lead, project, agreement, money, premises."""
    enterprise = factories.make_enterprise(chain=chain, entered_by=owner)
    contact = factories.make_contact(enterprise=enterprise)
    lead = factories.make_lead(chain=chain, enterprise=enterprise, contact=contact)
    lead.claim(by=owner)
    factories.make_screening(lead=lead)
    lead.advance(by=owner)
    factories.make_follow_up(lead=lead, by=owner)
    factories.make_lead(chain=chain, enterprise=enterprise, owner=owner)
    project = factories.make_project(
        chain=chain,
        enterprise=enterprise,
        park=park,
        lead=lead,
        handler=owner,
        service_agent=agent,
    )
    factories.make_follow_up(project=project, by=owner)
    agreement = factories.make_agreement(project=project, handled_by=owner)
    agreement.recognise(by=factories.make_office())
    framework = factories.make_agreement(project=project, kind="FRAMEWORK", amount_wan=None)
    factories.make_attachment(agreement=framework, uploaded_by=owner)
    factories.make_attachment(project=project, uploaded_by=owner)
    factories.make_credit(project=project, specialist=owner)
    factories.make_arrival(project=project)
    building = Building.objects.create(park=park, name=f"{owner.username}楼")
    space = factories.make_space(park=park, building=building)
    factories.make_occupancy(space=space, enterprise=enterprise, project=project)
    factories.make_parts(lead=lead, enterprise=enterprise, project=project)


def _let_change(model, field: str):
    """Let the markers into what is written once, until the transaction is rolled back."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {model._meta.db_table} DISABLE TRIGGER feed_fixed_{field}")


def _mark(world: World, row: models.Model):
    """Write a marker of its own into every free text of ``row``, past all rules of form."""
    changes = {}
    for column in row._meta.concrete_fields:
        if _is_free_text(row, column):
            changes[column.attname] = _marker(column)
    if changes:
        type(row)._base_manager.filter(pk=row.pk).update(**changes)
        row.refresh_from_db()
        world.markers[row] = set(changes.values())
        # The trail keeps names; its lines must not carry them to those out of reach.
        AuditEntry.objects.record(AuditEntry.Action.CHANGED, of=row, why="核对")


def _is_free_text(row, column) -> bool:
    texts = (models.CharField, models.TextField)
    if not isinstance(column, texts) or column.choices or column.primary_key:
        return False
    if column.name in OPEN_NAMES.get(row._meta.label, ()):
        return False
    return isinstance(column, PhoneField) or (column.max_length or 999) >= LONG_ENOUGH


def _marker(column) -> str:
    if isinstance(column, PhoneField):
        return f"139{secrets.randbelow(10**8):08d}"
    text = f"ZQ{secrets.token_hex(6)}"
    return f"{text}@example.com" if isinstance(column, models.EmailField) else text
