"""What is due on leads (``zone.notices.due``), and what stands in a person's calendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from django.db.models import DateField, F, Q
from django.db.models.functions import Coalesce, Greatest, Trunc
from django.utils.translation import gettext as _

from crm.models import Lead
from crm.models.clocks import Terms, overdue_conditions
from crm.models.notices import LATE, NEGLECTED, OVERDUE, PROTECTION, TODAY
from crm.models.visits import Visit
from zone.calendar import SHANGHAI, hours_before, local_date
from zone.models import ZoneSetting
from zone.models.in_hand import departed
from zone.notices.due import Due
from zone.notices.ics import Event

KEY = ZoneSetting.Key
REGISTERED = Trunc("registered_at", "day", output_field=DateField(), tzinfo=SHANGHAI)
QUIET_SINCE = Greatest(F("owned_on"), Coalesce("last_contact_on", "owned_on"))
# What each clock runs from: one that was met and runs anew is another event.
SINCE = {
    "respond": REGISTERED,
    "screen": REGISTERED,
    "feed_back": REGISTERED,
    "reporting": QUIET_SINCE,
    "stale": F("stage_since"),
}


def held():
    """Return the open leads of owners who still work leads."""
    return Lead.objects.owned().exclude(departed(Lead, *Lead.HELD_BY))


def _kept_since(now: datetime):
    """Return the day before which nothing is told: its notice may have been removed by now."""
    (days,) = ZoneSetting.whole(KEY.NOTICE_KEEP_DAYS)
    return local_date(now) - timedelta(days=days)


def today_due(now: datetime):
    return held().filter(next_follow_up_on=local_date(now))


def overdue(now: datetime):
    on = local_date(now)
    return held().filter(next_follow_up_on__lt=on, next_follow_up_on__gte=_kept_since(now))


def ending(now: datetime):
    return held() & Lead.objects.ending(local_date(now))


def returning(now: datetime):
    """Return the untouched leads that soon go back for want of a first follow-up."""
    hours, warning, workdays = ZoneSetting.whole(
        KEY.FIRST_FOLLOW_UP_HOURS, KEY.FIRST_WARNING_HOURS, KEY.COUNT_WORKDAYS
    )
    if not hours:
        return Lead.objects.none()
    limit = hours_before(now, max(0, hours - warning), workdays=bool(workdays))
    return held().filter(untouched_since__lt=limit)


def late(clock: str, now: datetime):
    """Return the leads of which a clock has passed, and not longer ago than notices are kept."""
    terms = Terms.read()
    passed = overdue_conditions(local_date(now), terms)[clock]
    long_ago = overdue_conditions(_kept_since(now), terms)[clock]
    return held().filter(passed).exclude(long_ago)


DUE = (
    Due(TODAY, today_due, F("next_follow_up_on")),
    Due(OVERDUE, overdue, F("next_follow_up_on")),
    Due(PROTECTION, ending, F("protected_until")),
    Due(NEGLECTED, returning, F("untouched_since")),
    *(Due(LATE[clock], partial(late, clock), since) for clock, since in SINCE.items()),
)


def events(person, first, last) -> Iterator[Event]:
    """Yield the next follow-ups and the visits of a person between two days."""
    leads = Lead.objects.visible_to(person, "view").open().filter(owner=person)
    leads = leads.filter(next_follow_up_on__range=(first, last)).select_related("enterprise")
    for lead in leads.order_by("next_follow_up_on", "pk")[:MOST]:
        words = _("Follow up: %(enterprise)s · %(lead)s")
        words %= {"enterprise": lead.enterprise, "lead": lead}
        yield Event(lead, lead.next_follow_up_on, words, lead.updated_at)
    visits = Visit.objects.visible_to(person, "view").filter(by=person)
    visits = visits.filter(Q(happened_on__range=(first, last)))
    for visit in visits.select_related("lead__enterprise", "enterprise")[:MOST]:
        whom = visit.enterprise or visit.lead.enterprise
        words = f"{visit.get_kind_display()}：{whom}"
        yield Event(visit, visit.happened_on, words, visit.updated_at)


MOST = 500  # entries of a kind
EVENTS = (events,)
