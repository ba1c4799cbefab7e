from django.utils.translation import gettext_lazy as _

from crm.api.leads import courting
from crm.models.transfers import LeadTransfer
from zone.access.api_scopes import WRITE
from zone.api import values
from zone.api.examples import known_id
from zone.api.resources import Action, Resource, register


@register
class LeadTransfers(Resource):
    model = LeadTransfer
    create_only = ("lead", "to_owner", "to_chain", "to_place", "first_share", "reason")
    fields = (*create_only, "subject", "from_owner", "first_contact", "proposed_by", "state")
    fields += ("answered_by", "answered_on", "answer")
    set_later = ("subject", "proposed_by")
    permissions = {WRITE: ("crm.assign_lead", "crm.add_leadtransfer")}
    filters = {"lead": ("exact", "in"), "state": ("exact", "in")}
    actions = {
        "accept": Action(
            lambda transfer, by, **given: transfer.accept(by=by, **given),
            {"owner": courting, "on": values.day},
            about=_("Take the lead over; of a transfer to a chain `owner` says who gets it."),
            example={"on": "2025-03-04"},
        ),
        "refuse": Action(
            lambda transfer, by, **given: transfer.refuse(by=by, **{"reason": "", **given}),
            {"reason": values.reason, "on": values.day},
            needed=("reason",),
            about=_("Refuse to take the lead over, and say why."),
            example={"reason": "本链暂无承接条件", "on": "2025-03-04"},
        ),
        "withdraw": Action(
            lambda transfer, by, **given: transfer.withdraw(by=by, **given),
            {"on": values.day},
            about=_("Take the proposal back before it is answered."),
            example={"on": "2025-03-04"},
        ),
    }
    example = {
        "lead": known_id("leads"),
        "to_owner": None,
        "to_chain": None,
        "to_place": "示例开发区",
        "first_share": "30",
        "reason": "本区暂无合适厂房",
        "subject": "示例新材料股份有限公司 · 正极材料生产基地",
        "from_owner": "specialist",
        "first_contact": "specialist",
        "proposed_by": "api-oa",
        "state": "PROPOSED",
        "answered_by": None,
        "answered_on": None,
        "answer": "",
    }

    def create(self, row, by):
        row.propose(by=by)

    def create_all(self, rows, by):
        for row in rows:
            row.propose(by=by)
