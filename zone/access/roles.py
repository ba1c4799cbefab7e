"""The ten roles (Django groups), and what each may do, as the apps declare it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from zone.apps import modules_of_apps

LEADERSHIP = "leadership"
CHAIN_LEADER = "chain_leader"
OFFICE = "office"
SPECIALIST = "specialist"
PARK_OPERATOR = "park_operator"
SERVICE_AGENT = "service_agent"
STATISTICIAN = "statistician"
SYSTEM_ADMIN = "system_admin"
SECURITY_ADMIN = "security_admin"
AUDITOR = "auditor"
ROLES = (
    LEADERSHIP,
    CHAIN_LEADER,
    OFFICE,
    SPECIALIST,
    PARK_OPERATOR,
    SERVICE_AGENT,
    STATISTICIAN,
    SYSTEM_ADMIN,
    SECURITY_ADMIN,
    AUDITOR,
)
Roles = frozenset[str]
NOBODY: Roles = frozenset()
OFFICE_ONLY = frozenset({OFFICE})
# Who courts investors, and who reads the business of the zone.
COURTING = frozenset({CHAIN_LEADER, OFFICE, SPECIALIST})
READERS = COURTING | {LEADERSHIP, STATISTICIAN}
# Whoever works for the zone knows its chains, parks and published facts.
EVERYBODY_IN_BUSINESS = READERS | {PARK_OPERATOR, SERVICE_AGENT}


@dataclass(frozen=True)
class Rights:
    """Which roles may do what with the rows of a model; ``edit`` adds and changes.

    ``more`` names further permissions of the model's app by their code names.
    """

    view: Roles = NOBODY
    edit: Roles = NOBODY
    add: Roles = NOBODY
    change: Roles = NOBODY
    delete: Roles = NOBODY
    more: dict[str, Roles] = field(default_factory=dict)

    def permissions(self, label: str) -> Iterator[tuple[str, Roles]]:
        """Yield each permission on the model ``label`` with the roles that give it."""
        app, model = label.split(".")
        yield f"{app}.view_{model}", self.view
        yield f"{app}.add_{model}", self.add | self.edit
        yield f"{app}.change_{model}", self.change | self.edit
        yield f"{app}.delete_{model}", self.delete
        for name, roles in self.more.items():
            yield f"{app}.{name}", roles


@cache
def permissions_by_role() -> dict[str, Roles]:
    """Return what each role may do: the ``RIGHTS`` of every app's module ``roles`` together."""
    found = defaultdict(set)
    for module in modules_of_apps("roles"):
        for label, rights in module.RIGHTS.items():
            for permission, roles in rights.permissions(label):
                for role in roles:
                    found[role].add(permission)
    return {role: frozenset(found[role]) for role in ROLES}


def giving(permission: str) -> Roles:
    """Return the roles (of ``Appointment.Role``) that give a permission."""
    given = permissions_by_role().items()
    return frozenset(role.upper() for role, permissions in given if permission in permissions)


def may_grant(user, role: str) -> bool:
    """Whether ``user`` holds all that ``role`` (of ``Appointment.Role``) would give."""
    given = permissions_by_role()[role.lower()]
    return user.is_superuser or given <= user.get_all_permissions()
