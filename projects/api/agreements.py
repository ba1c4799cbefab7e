from django.utils.translation import gettext_lazy as _

from projects.models import Agreement
from zone.access import api_scopes
from zone.api import values
from zone.api.examples import known_id
from zone.api.resources import Action, Resource, register

RECOGNISE = "recognise"
# What makes the figures that a recognition lets count; a lead is converted with its amount.
api_scopes.judges(f"agreements:{RECOGNISE}", "agreements:write", "projects:write", "leads:write")


@register
class Agreements(Resource):
    model = Agreement
    fields = ("project", "kind", "title", "signed_on", "amount_wan", "upgrades", "handled_by")
    fields += ("recognised_on", "recognised_by", "exclusion_reason")
    writable = ("kind", "title", "signed_on", "amount_wan", "upgrades")
    create_only = ("project", "handled_by")
    acts = {RECOGNISE: _("recognise")}
    actions = {
        "recognise": Action(
            lambda agreement, by, **given: agreement.recognise(by=by, **given),
            {"on": values.day, "responsible": values.person},
            act=RECOGNISE,
            needed=("responsible",),
            about=_(
                "Count the agreement toward the target of its signing year. `responsible` is the "
                "person of the office who answers for it. Neither that person nor this client has "
                "entered or changed the agreement, its project's amount, chain, enterprise or "
                "credits, or handles it (code `own`)."
            ),
            example={"on": "2025-03-25", "responsible": "office"},
        )
    }
    example = {
        "project": known_id("projects"),
        "kind": "FORMAL",
        "title": "投资协议",
        "signed_on": "2025-03-20",
        "amount_wan": "12500.5",
        "upgrades": None,
        "handled_by": "specialist",
        "recognised_on": None,
        "recognised_by": None,
        "exclusion_reason": "",
    }
    change = {"amount_wan": "13000"}
    filters = {
        "project": ("exact", "in"),
        "kind": ("exact", "in"),
        "signed_on": ("gte", "lte"),
        "recognised_on": ("isnull", "gte", "lte"),
    }
