"""What a project must have before a stage, as one table.

Read by the block in ``Project.advance`` and by the “still missing” list on its page.
Rules: domain.md §2.1 (signed) and §2.2 (landed, started).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _


class Gate(NamedTuple):
    stage: str
    holds: Callable
    missing: str


def _has_formal_agreement(project) -> bool:
    return project.agreements.filter(kind="FORMAL").exists()


def _has_enterprise(project) -> bool:
    return project.enterprise_id is not None


def _has_registered_enterprise(project) -> bool:
    return bool(project.enterprise and project.enterprise.uscc)


def _has_project_code(project) -> bool:
    return bool(project.project_code)


def _has_place(project) -> bool:
    return project.park_id is not None


GATES = (
    Gate("SIGNED", _has_enterprise, _("The investing enterprise is missing; please enter it.")),
    Gate(
        "SIGNED",
        _has_formal_agreement,
        _("There is no formal agreement yet; please add it under “Agreements”."),
    ),
    Gate(
        "LANDED",
        _has_registered_enterprise,
        _("The enterprise has no credit code yet; landing means it is registered here."),
    ),
    Gate(
        "LANDED",
        _has_project_code,
        _("The national project code is missing; landing means the project is filed."),
    ),
    Gate("STARTED", _has_place, _("The park is missing; please say where it is built.")),
)


def missing(project, stage: str) -> list[str]:
    """Return what ``project`` still lacks for ``stage`` and every stage before it."""
    order = list(type(project).Stage)
    upto = set(order[: order.index(stage) + 1])
    passed = set(order[: order.index(project.stage) + 1])
    return [
        gate.missing for gate in GATES if gate.stage in upto - passed and not gate.holds(project)
    ]
