"""What each role may do with the rows of this app; ``Rights`` explains the words."""

from zone.access.roles import (
    AUDITOR,
    COURTING,
    EVERYBODY_IN_BUSINESS,
    OFFICE,
    OFFICE_ONLY,
    PARK_OPERATOR,
    READERS,
    ROLES,
    SECURITY_ADMIN,
    SPECIALIST,
    SYSTEM_ADMIN,
    Rights,
)

ADMINISTRATORS = frozenset({SECURITY_ADMIN, SYSTEM_ADMIN})
SECURITY = frozenset({SECURITY_ADMIN})
SYSTEM = frozenset({SYSTEM_ADMIN})
EVERYBODY = frozenset(ROLES)
PREMISES = frozenset({OFFICE, PARK_OPERATOR})

RIGHTS = {
    "zone.industrychain": Rights(view=EVERYBODY_IN_BUSINESS | ADMINISTRATORS),
    "zone.chainsegment": Rights(view=EVERYBODY_IN_BUSINESS, edit=OFFICE_ONLY),
    "zone.park": Rights(view=EVERYBODY_IN_BUSINESS | ADMINISTRATORS, edit=OFFICE_ONLY),
    "zone.building": Rights(view=EVERYBODY_IN_BUSINESS, edit=PREMISES),
    "zone.space": Rights(view=EVERYBODY_IN_BUSINESS, edit=PREMISES),
    "zone.fund": Rights(view=EVERYBODY_IN_BUSINESS, edit=OFFICE_ONLY),
    "zone.publishedfigure": Rights(view=EVERYBODY_IN_BUSINESS, edit=OFFICE_ONLY),
    "zone.target": Rights(view=READERS - {SPECIALIST}, edit=OFFICE_ONLY),
    "zone.zonesetting": Rights(view=OFFICE_ONLY, edit=OFFICE_ONLY),
    "zone.savedview": Rights(
        view=EVERYBODY, edit=EVERYBODY, delete=EVERYBODY, more={"share_savedview": OFFICE_ONLY}
    ),
    "zone.user": Rights(
        view=ADMINISTRATORS | OFFICE_ONLY, edit=SYSTEM, more={"reset_second_factor": SECURITY}
    ),
    "zone.appointment": Rights(view=ADMINISTRATORS | OFFICE_ONLY, edit=SYSTEM | OFFICE_ONLY),
    "zone.auditentry": Rights(view=SECURITY | {AUDITOR}),
    "zone.securityalert": Rights(view=SECURITY, more={"handle_securityalert": SECURITY}),
    "zone.apiclient": Rights(view=SECURITY, edit=SECURITY),
    "zone.apikey": Rights(view=SECURITY),
    "zone.approvedhost": Rights(view=SECURITY, edit=SECURITY, delete=SECURITY),
    "zone.webhookendpoint": Rights(view=SECURITY, edit=SECURITY),
    "zone.groupbot": Rights(view=OFFICE_ONLY | SECURITY, edit=OFFICE_ONLY),
    "zone.webhookdelivery": Rights(view=SECURITY, more={"replay_webhookdelivery": SECURITY}),
    "zone.jobrun": Rights(view=ADMINISTRATORS, more={"run_jobrun": SYSTEM}),
    "zone.importrun": Rights(view=COURTING),
    "zone.workerbeat": Rights(view=ADMINISTRATORS | OFFICE_ONLY),
}
