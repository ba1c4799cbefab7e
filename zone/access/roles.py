"""The ten roles (Django groups) and what each may do (safety.md §1)."""

from __future__ import annotations

from itertools import product

VIEW_ZONE = [
    f"zone.view_{model}"
    for model in (
        "industrychain",
        "chainsegment",
        "park",
        "building",
        "space",
        "fund",
        "publishedfigure",
    )
]
VIEW_CRM = [f"crm.view_{model}" for model in ("enterprise", "contact", "lead", "followup")]
VIEW_PROJECTS = [
    f"projects.view_{model}"
    for model in ("project", "agreement", "attachment", "credit", "capitalarrival", "occupancy")
]
VIEW_ALL = [*VIEW_ZONE, *VIEW_CRM, *VIEW_PROJECTS, "zone.view_target"]


def edit(*models: str, actions: tuple = ("view", "add", "change")) -> list[str]:
    """Return the permissions to work on ``app.model`` names."""
    pairs = [(name.split("."), action) for name, action in product(models, actions)]
    return [f"{app}.{action}_{model}" for (app, model), action in pairs]


COURTING = [
    *VIEW_ZONE,
    *edit("crm.enterprise", "crm.contact", "crm.lead", "crm.followup"),
    "crm.advance_lead",
    "crm.convert_lead",
    "crm.view_contact_pii",
]
ROLES = {
    "leadership": VIEW_ALL,
    "chain_leader": [
        *VIEW_ALL,
        *COURTING,
        "crm.assign_lead",
        "projects.advance_project",
        "projects.add_attachment",
    ],
    "office": [
        *VIEW_ALL,
        *COURTING,
        *edit(
            "zone.target",
            "zone.publishedfigure",
            "zone.fund",
            "zone.chainsegment",
            "zone.appointment",
            "zone.zonesetting",
            "zone.park",
            "zone.building",
            "zone.space",
            "projects.project",
            "projects.agreement",
            "projects.credit",
            "projects.capitalarrival",
            "projects.occupancy",
        ),
        "zone.view_user",
        "zone.view_workerbeat",
        "crm.assign_lead",
        "crm.anonymise_contact",
        "projects.add_attachment",
        "projects.delete_attachment",
        "projects.advance_project",
        "projects.terminate_project",
        "projects.recognise_agreement",
    ],
    "specialist": [
        *COURTING,
        *VIEW_PROJECTS,
        *edit("projects.project", "projects.agreement", actions=("add", "change")),
        "projects.add_attachment",
        "projects.advance_project",
    ],
    "park_operator": [
        *VIEW_ZONE,
        # A start-up may move in that nobody has courted.
        *edit("crm.enterprise", actions=("view", "add")),
        "projects.view_project",
        *edit("zone.building", "zone.space", "projects.occupancy"),
    ],
    "service_agent": [*VIEW_ZONE, *edit("crm.followup"), "projects.view_project"],
    "statistician": [*VIEW_ALL, "projects.add_capitalarrival"],
    "system_admin": [
        *edit("zone.user", "zone.appointment"),
        "zone.view_workerbeat",
        "zone.view_industrychain",
        "zone.view_park",
    ],
    "security_admin": [
        "zone.view_user",
        "zone.view_appointment",
        "zone.view_auditentry",
        "zone.view_securityalert",
        "zone.handle_securityalert",
        "zone.reset_second_factor",
        *edit("zone.apiclient", "zone.approvedhost", "zone.webhookendpoint"),
        "zone.delete_approvedhost",
        "zone.view_apikey",
        "zone.view_webhookdelivery",
        "zone.view_workerbeat",
        "zone.replay_webhookdelivery",
        "zone.view_industrychain",
        "zone.view_park",
    ],
    "auditor": ["zone.view_auditentry"],
}


def giving(permission: str) -> frozenset[str]:
    """Return the roles (of ``Appointment.Role``) that give a permission."""
    return frozenset(role.upper() for role, rights in ROLES.items() if permission in rights)


def may_grant(user, role: str) -> bool:
    """Whether ``user`` holds all that ``role`` (of ``Appointment.Role``) would give."""
    return user.is_superuser or set(ROLES[role.lower()]) <= user.get_all_permissions()
