"""What each role may do with the rows of this app; ``Rights`` explains the words."""

from zone.access.roles import (
    CHAIN_LEADER,
    COURTING,
    OFFICE_ONLY,
    PARK_OPERATOR,
    READERS,
    SERVICE_AGENT,
    Rights,
)

RIGHTS = {
    # A start-up may move into a park that nobody has courted.
    "crm.enterprise": Rights(
        view=READERS | {PARK_OPERATOR},
        add=COURTING | {PARK_OPERATOR},
        change=COURTING,
        more={"merge_enterprise": OFFICE_ONLY},
    ),
    "crm.enterprisemerge": Rights(view=OFFICE_ONLY),
    "crm.tagkind": Rights(view=READERS, edit=OFFICE_ONLY),
    "crm.enterprisetag": Rights(view=READERS, edit=COURTING, delete=COURTING),
    "crm.contact": Rights(
        view=READERS,
        edit=COURTING,
        more={"view_contact_pii": COURTING, "anonymise_contact": OFFICE_ONLY},
    ),
    "crm.lead": Rights(
        view=READERS,
        edit=COURTING,
        more={
            "advance_lead": COURTING,
            "convert_lead": COURTING,
            "assign_lead": OFFICE_ONLY | {CHAIN_LEADER},
            "override_lead": OFFICE_ONLY,
        },
    ),
    "crm.followup": Rights(view=READERS | {SERVICE_AGENT}, edit=COURTING | {SERVICE_AGENT}),
    "crm.followupfile": Rights(
        view=READERS | {SERVICE_AGENT}, add=COURTING | {SERVICE_AGENT}, delete=OFFICE_ONLY
    ),
    "crm.visit": Rights(view=READERS, edit=COURTING),
    "crm.trip": Rights(view=READERS, edit=COURTING),
    "crm.tripperson": Rights(view=READERS, edit=COURTING, delete=COURTING),
    "crm.tripmeeting": Rights(view=READERS, edit=COURTING, delete=COURTING),
    "crm.screeningcriterion": Rights(view=READERS, edit=OFFICE_ONLY),
    "crm.screening": Rights(
        view=READERS,
        add=COURTING,
        more={"decide_screening": OFFICE_ONLY | {CHAIN_LEADER}},
    ),
    "crm.screeningscore": Rights(view=READERS),
    "crm.leadtransfer": Rights(view=READERS, add=COURTING),
    "crm.conflict": Rights(view=READERS, add=COURTING, more={"decide_conflict": OFFICE_ONLY}),
}
