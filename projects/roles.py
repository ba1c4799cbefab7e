"""What each role may do with the rows of this app; ``Rights`` explains the words."""

from zone.access.roles import (
    COURTING,
    OFFICE_ONLY,
    PARK_OPERATOR,
    READERS,
    SERVICE_AGENT,
    SPECIALIST,
    STATISTICIAN,
    Rights,
)

HANDLING = OFFICE_ONLY | {SPECIALIST}

RIGHTS = {
    "projects.project": Rights(
        view=READERS | {PARK_OPERATOR, SERVICE_AGENT},
        edit=HANDLING,
        more={"advance_project": COURTING, "terminate_project": OFFICE_ONLY},
    ),
    "projects.agreement": Rights(
        view=READERS, edit=HANDLING, more={"recognise_agreement": OFFICE_ONLY}
    ),
    "projects.attachment": Rights(view=READERS, add=COURTING, delete=OFFICE_ONLY),
    "projects.credit": Rights(view=READERS, edit=OFFICE_ONLY),
    "projects.capitalarrival": Rights(
        view=READERS, add=OFFICE_ONLY | {STATISTICIAN}, change=OFFICE_ONLY
    ),
    "projects.occupancy": Rights(
        view=READERS | {PARK_OPERATOR}, edit=OFFICE_ONLY | {PARK_OPERATOR}
    ),
}
