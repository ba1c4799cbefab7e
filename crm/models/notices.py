"""What people are told of leads: the kinds of notices, and whom each event concerns."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zone.access.roles import giving
from zone.calendar import today
from zone.models.in_hand import holders
from zone.models.notices import Notice, notice_kind

GIVEN = notice_kind(
    "lead_given", _("Given to you"), _("%(by)s gave you the lead “%(row)s”."), "assignment_ind"
)
PASSED_ON = notice_kind(
    "lead_passed_on",
    _("Passed on"),
    _("%(by)s gave your lead “%(row)s” to somebody else."),
    "swap_horiz",
)
RETURNED = notice_kind(
    "lead_returned",
    _("Back in the pool"),
    _("The lead “%(row)s” has returned to the pool."),
    "waves",
    "warn",
)
TRANSFER_WAITS = notice_kind(
    "transfer_waits",
    _("Transfers to answer"),
    _("%(by)s asks for your answer: %(row)s"),
    "move_up",
    "warn",
)
TRANSFER_ACCEPTED = notice_kind(
    "transfer_accepted",
    _("Transfers answered"),
    _("%(by)s accepted: %(row)s"),
    "check_circle",
)
TRANSFER_REFUSED = notice_kind(
    "transfer_refused", _("Transfers answered"), _("%(by)s refused: %(row)s"), "cancel", "warn"
)
CLAIM_WAITS = notice_kind(
    "claim_waits",
    _("Conflicts to decide"),
    _("%(by)s asks for a ruling: %(row)s"),
    "gavel",
    "warn",
)
CLAIM_RAISED = notice_kind(
    "claim_raised",
    _("Claims on your investors"),
    _("%(by)s claims an investor of yours: %(row)s"),
    "gavel",
    "warn",
)
CLAIM_DECIDED = notice_kind(
    "claim_decided", _("Conflicts decided"), _("%(by)s has decided: %(row)s"), "gavel"
)
SCREENED = {
    "PASS": notice_kind(
        "screening_passed",
        _("Screenings decided"),
        _("%(by)s passed the screening of “%(row)s”."),
        "check_circle",
    ),
    "HOLD": notice_kind(
        "screening_held",
        _("Screenings decided"),
        _("%(by)s put the screening of “%(row)s” on hold."),
        "pause_circle",
        "warn",
    ),
    "REJECT": notice_kind(
        "screening_rejected",
        _("Screenings decided"),
        _("%(by)s rejected “%(row)s” in the screening."),
        "cancel",
        "warn",
    ),
}
MENTIONED = notice_kind(
    "mentioned",
    _("You were mentioned"),
    _("%(by)s mentioned you in a follow-up of “%(row)s”."),
    "alternate_email",
)
TODAY = notice_kind(
    "follow_up_today",
    _("Due today"),
    _("Follow-up due: “%(row)s”."),
    "event_upcoming",
)
OVERDUE = notice_kind(
    "follow_up_overdue",
    _("Overdue"),
    _("Follow-up overdue since %(day)s: “%(row)s”."),
    "event_busy",
    "bad",
)
PROTECTION = notice_kind(
    "protection_ends",
    _("Protection ends"),
    _("Protected until %(day)s only: “%(row)s”. Enter progress, or it returns."),
    "shield",
    "warn",
)
NEGLECTED = notice_kind(
    "first_follow_up_due",
    _("First follow-up missing"),
    _("“%(row)s” returns to the pool soon: the first follow-up is missing."),
    "hourglass_bottom",
    "warn",
)
LATE_WORDS = {
    "respond": _("No first contact in time: “%(row)s”."),
    "screen": _("Not screened in time: “%(row)s”."),
    "feed_back": _("No feedback to the investor in time: “%(row)s”."),
    "reporting": _("No follow-up for too long: “%(row)s”."),
    "stale": _("At the same stage for too long: “%(row)s”."),
}
LATE = {
    clock: notice_kind(f"clock_{clock}", _("Clocks passed"), words, "timer_off", "bad")
    for clock, words in LATE_WORDS.items()
}


def tell_owner_change(lead, before, *, by):
    """Tell who was given a lead, and who had it before."""
    given = [(lead.owner, lead, timezone.now().isoformat())]
    if lead.owner is None:
        tell_returned({lead: before}, by=by)
        return
    Notice.objects.tell(GIVEN, given, by=by)
    Notice.objects.tell(PASSED_ON, [(before, lead, given[0][2])], by=by)


def tell_given(leads: dict, *, by):
    """Tell the owners of new leads what they were given; ``{lead: owner}``."""
    moment = timezone.now().isoformat()
    told = ((owner, lead, moment) for lead, owner in leads.items())
    Notice.objects.tell(GIVEN, told, by=by)


def tell_returned(leads: dict, *, by=None):
    """Tell the owner before, and where the jobs did it the leaders of the chain."""
    moment = timezone.now().isoformat()
    told = [(owner, lead, moment) for lead, owner in leads.items()]
    if by is None:
        leading = {chain: [*leaders(chain)] for chain in {lead.chain_id for lead in leads}}
        told += [(one, lead, moment) for lead in leads for one in leading[lead.chain_id]]
    Notice.objects.tell(RETURNED, told, by=by)


def leaders(chain):
    """Return who leads a chain today."""
    posts = holders({"CHAIN_LEADER"}).model.appointments.rel.related_model.objects.current(today())
    leading = posts.filter(role="CHAIN_LEADER", chain=chain).order_by().values("user")
    return holders({"CHAIN_LEADER"}).filter(pk__in=leading)


def tell_proposed(transfer):
    """Tell whoever is to answer: the specialist, the leaders of the chain, else the office."""
    asked = [transfer.to_owner] if transfer.to_owner else []
    asked = asked or [*leaders(transfer.to_chain_id)] or [*holders({"OFFICE"})]
    told = [(person, transfer, "") for person in asked]
    Notice.objects.tell(TRANSFER_WAITS, told, by=transfer.proposed_by)


def tell_answered(transfer, *, by):
    """Tell who proposed it."""
    answers = {"ACCEPTED": TRANSFER_ACCEPTED, "REFUSED": TRANSFER_REFUSED}
    if transfer.state in answers:
        told = [(transfer.proposed_by, transfer, "")]
        Notice.objects.tell(answers[transfer.state], told, by=by)


def tell_claimed(conflict, *, by):
    """Tell who may decide it, and who has the lead that stands."""
    deciding = holders(giving("crm.decide_conflict"))
    Notice.objects.tell(CLAIM_WAITS, [(one, conflict, "") for one in deciding], by=by)
    Notice.objects.tell(CLAIM_RAISED, [(conflict.lead.owner, conflict, "")], by=by)


def tell_decided(conflict, owner, *, by):
    """Tell both sides: who raised it, and who had the lead."""
    told = [(side, conflict, "") for side in {conflict.raised_by, owner}]
    Notice.objects.tell(CLAIM_DECIDED, told, by=by)


def tell_screened(sheet, *, by):
    """Tell who prepared the sheet, and the owner of the lead."""
    told = [(side, sheet.lead, sheet.pk) for side in {sheet.prepared_by, sheet.lead.owner}]
    Notice.objects.tell(SCREENED[sheet.result], told, by=by)


def settle(person, row):
    """Take as read what ``person`` was told of a row that they have just worked on."""
    Notice.objects.filter(person=person).about(row).mark_read()
