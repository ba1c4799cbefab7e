"""The periodic jobs of leads: what nobody works on returns to the pool."""

from __future__ import annotations

from datetime import time, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.models import Lead
from zone.calendar import today
from zone.jobs.periodic import PeriodicJob
from zone.models import ZoneSetting


def return_unprotected() -> str:
    """Take the leads whose protection has ended from their owners."""
    rows = Lead.objects.unprotected(today())
    return _returned(rows, _("Automatic: protection ended without progress"))


def return_neglected() -> str:
    """Take the leads that were claimed or assigned and not followed up in time."""
    (hours,) = ZoneSetting.whole(ZoneSetting.Key.FIRST_FOLLOW_UP_HOURS)
    reason = _("Automatic: no first follow-up within %(hours)d hours") % {"hours": hours}
    return _returned(Lead.objects.neglected(), reason)


def _returned(rows, reason: str) -> str:
    number = 0
    while found := rows.return_to_pool(reason=reason):
        number += found
    return ngettext("%d lead returned", "%d leads returned", number) % number


JOBS = (
    PeriodicJob(
        "return_unprotected",
        gettext_lazy("Return of leads whose protection has ended"),
        return_unprotected,
        at=time(0, 30),
    ),
    PeriodicJob(
        "return_neglected",
        gettext_lazy("Return of leads without a first follow-up"),
        return_neglected,
        every=timedelta(minutes=10),
    ),
)
