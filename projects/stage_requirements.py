"""What a project must have before a stage, as one table.

Read by the block in ``Project.advance`` and by the “still missing” list on its page. A project is
signed with a formal agreement, landed when the enterprise is registered and the project filed.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from zone.models.staged import Requirement


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


REQUIREMENTS = (
    Requirement(
        "SIGNED", _has_enterprise, _("The investing enterprise is missing; please enter it.")
    ),
    Requirement(
        "SIGNED",
        _has_formal_agreement,
        _("There is no formal agreement yet; please add it under “Agreements”."),
    ),
    Requirement(
        "LANDED",
        _has_registered_enterprise,
        _("The enterprise has no credit code yet; landing means it is registered here."),
    ),
    Requirement(
        "LANDED",
        _has_project_code,
        _("The national project code is missing; landing means the project is filed."),
    ),
    Requirement("STARTED", _has_place, _("The park is missing; please say where it is built.")),
)
