from http import HTTPStatus

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.models import Lead
from zone.access.api_scopes import DELETE, WRITE
from zone.api import values
from zone.api.examples import known_id
from zone.api.problems import Problem
from zone.api.resources import Action, Resource, register
from zone.calendar import local_date, today
from zone.models import AuditEntry, User


def already_courted(known: Lead) -> Problem:
    day = local_date(known.registered_at) if known.registered_at else today()
    whose = {"owner": known.owner and known.owner.username, "registered_on": day}
    detail = _("%(owner)s has courted this enterprise since %(day)s; please ask the office.")
    words = detail % {"owner": known.owner or _("nobody yet (pool)"), "day": day}
    return Problem(HTTPStatus.CONFLICT, words, "duplicate", duplicate_of=whose)


def claim(lead, by, specialist=None, on=None):
    """Take the lead out of the pool for a specialist, who is named."""
    if specialist is None:
        raise ValidationError({"specialist": _("Name the specialist who takes the lead.")})
    lead.claim(by=by, owner=specialist, on=on)


@values.shaped(type="string", description=_("The user name of a person who courts investors."))
def courting(value) -> User:
    """Return a person whose post lets them work on leads, as the admin offers them."""
    found = values.person(value)
    if not found.has_perm("crm.change_lead"):
        raise ValidationError(_("This person's post is not to court investors."), code="post")
    return found


@register
class Leads(Resource):
    model = Lead
    fields = ("enterprise", "title", "chain", "segment", "source", "referrer", "contact")
    fields += ("planned_investment_wan", "planned_fixed_asset_wan", "needs")
    fields += ("expected_output_wan", "expected_tax_wan", "stage", "owner")
    fields += ("registered_at", "protected_until", "next_follow_up_on")
    fields += ("tier", "lost_reason", "last_contact_on")
    writable = ("title", "chain", "segment", "source", "referrer", "contact", "needs")
    writable += ("planned_investment_wan", "planned_fixed_asset_wan", "expected_output_wan")
    writable += ("expected_tax_wan", "next_follow_up_on", "tier")
    create_only = ("enterprise",)
    permissions = {
        WRITE: ("crm.change_lead", "crm.assign_lead", "crm.decide_screening"),
        DELETE: ("crm.assign_lead",),
    }
    create_values = {"owner": courting}
    orders = ("id", "registered_at", "-registered_at")
    actions = {
        "claim": Action(
            claim,
            {"specialist": courting, "on": values.day},
            needed=("specialist",),
            about=_("Take the lead out of the pool for a specialist; of two at once one wins."),
            example={"specialist": "specialist", "on": "2025-03-03"},
        ),
        "release": Action(
            lambda lead, by, **given: lead.release(by=by, **{"reason": "", **given}),
            {"reason": values.reason, "on": values.day},
            needed=("reason",),
            about=_("Give the lead back to the pool, and say why."),
            example={"reason": "投资人暂缓决定", "on": "2025-03-03"},
        ),
        "advance": Action(
            lambda lead, by, **given: lead.advance(by=by, **given),
            {"to": values.one_of(Lead.Stage), "on": values.day, "reason": values.reason},
            about=_("Move the lead to its next stage, or to another open one with a reason."),
            example={"to": "SCREENED", "on": "2025-03-03"},
        ),
        "close": Action(
            lambda lead, by, **given: lead.close(by=by, **{"to": "", "reason": "", **given}),
            {
                "to": values.one_of(Lead.Stage),
                "lost_reason": values.one_of(Lead.LostReason),
                "reason": values.reason,
                "on": values.day,
            },
            needed=("to", "lost_reason", "reason"),
            about=_("End the lead as lost or invalid, with the kind of reason and why."),
            example={"to": "LOST", "lost_reason": "ENERGY", "reason": "用能指标不够"},
        ),
        "reopen": Action(
            lambda lead, by, **given: lead.reopen(by=by, **{"reason": "", **given}),
            {"to_pool": values.boolean, "reason": values.reason, "on": values.day},
            needed=("reason",),
            about=_("Bring a lost or invalid lead back, to its owner or to the pool, and say why."),
            example={"to_pool": True, "reason": "投资人重启选址"},
        ),
    }
    example = {
        "enterprise": known_id("enterprises"),
        "title": "正极材料生产基地",
        "chain": "new-energy",
        "segment": known_id("chain-segments"),
        "source": "EXHIBITION",
        "referrer": "",
        "contact": known_id("contacts"),
        "planned_investment_wan": "12500.5",
        "planned_fixed_asset_wan": "9000",
        "needs": "厂房约 8000 ㎡，双回路供电",
        "expected_output_wan": "30000",
        "expected_tax_wan": "900",
        "stage": "NEW",
        "owner": "specialist",
        "registered_at": "2025-03-03T01:00:00+00:00",
        "protected_until": "2025-06-01",
        "next_follow_up_on": "2025-03-10",
        "tier": "",
        "lost_reason": "",
        "last_contact_on": None,
    }
    change = {"title": "正极材料生产基地（二期）", "planned_investment_wan": "15000"}
    filters = {
        "enterprise": ("exact", "in"),
        "chain__code": ("exact", "in"),
        "stage": ("exact", "in"),
        "source": ("exact", "in"),
        "owner": ("isnull",),
        "registered_at": ("gte", "lt"),
        "next_follow_up_on": ("gte", "lte"),
        "tier": ("exact", "in"),
        "lost_reason": ("exact", "in"),
    }

    def create(self, row, by, *, owner=None):
        """Register the lead in the pool, or as that of a specialist."""
        row.register(by=by, owner=owner)
        AuditEntry.objects.record_made(row, by=by)

    def create_all(self, rows, by):
        Lead.register_all({row: extra.get("owner") for row, extra in rows.items()}, by=by)
        AuditEntry.objects.record_all_made(rows, by=by)

    def duplicates(self, rows):
        """Tell whose the investor is already, and since when; no contact data."""
        found = Lead.objects.courting(rows)
        return {row: already_courted(known) for row, known in found.items()}
