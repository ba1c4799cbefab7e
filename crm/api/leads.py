from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.models import FollowUp, Lead
from zone.api import values
from zone.api.resources import Action, Resource, register
from zone.models import AuditEntry


def claim(lead, by, specialist=None, on=None):
    """Take the lead out of the pool for a specialist, who is named."""
    if specialist is None:
        raise ValidationError({"specialist": _("Name the specialist who takes the lead.")})
    lead.claim(by=by, owner=specialist, on=on)


@register
class Leads(Resource):
    model = Lead
    fields = ("enterprise", "title", "chain", "segment", "source", "referrer", "contact")
    fields += ("planned_investment_wan", "planned_fixed_asset_wan", "needs")
    fields += ("expected_output_wan", "expected_tax_wan", "stage", "owner")
    fields += ("registered_at", "protected_until", "next_follow_up_on")
    writable = ("title", "chain", "segment", "source", "referrer", "contact", "needs")
    writable += ("planned_investment_wan", "planned_fixed_asset_wan", "expected_output_wan")
    writable += ("expected_tax_wan", "next_follow_up_on")
    fixed = ("enterprise",)
    at_first = {"owner": values.courting}
    orders = ("id", "registered_at", "-registered_at")
    actions = {
        "claim": Action(claim, {"specialist": values.courting, "on": values.day}),
        "release": Action(
            lambda lead, by, **given: lead.release(by=by, **{"reason": "", **given}),
            {"reason": values.text, "on": values.day},
        ),
        "advance": Action(
            lambda lead, by, **given: lead.advance(by=by, **given),
            {"to": values.text, "on": values.day, "reason": values.text},
        ),
    }
    filters = {
        "enterprise": ("exact", "in"),
        "chain__code": ("exact", "in"),
        "stage": ("exact", "in"),
        "source": ("exact", "in"),
        "owner": ("isnull",),
        "registered_at": ("gte", "lt"),
        "next_follow_up_on": ("gte", "lte"),
    }

    def create(self, row, by, *, owner=None):
        """Register the lead in the pool, or as that of a specialist."""
        row.register(by=by, owner=owner)
        AuditEntry.objects.record_made(row, by=by)


@register
class FollowUps(Resource):
    model = FollowUp
    fields = ("lead", "project", "kind", "happened_on", "summary", "next_step", "next_on", "by")
    fixed = ("lead", "project", "kind", "happened_on", "summary", "next_step", "next_on")
    set_later = ("by",)
    filters = {
        "lead": ("exact",),
        "project": ("exact",),
        "kind": ("exact", "in"),
        "happened_on": ("gte", "lte"),
    }

    def create(self, row, by):
        row.by = by
        super().create(row, by)
