"""The clocks of a lead: respond, screen, feed back, report, and a stage that stands too long."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import or_

from django.db import connection, models
from django.db.models import Case, Count, Q, Sum, Value, When
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import RowQuerySet
from zone.calendar import due_date, first_in_time, local_date, start_of, today
from zone.models import ZoneSetting

KEY = ZoneSetting.Key
# What counts as progress of its owner; a message that is answered leads to a call.
CALLS, VISITS = ("CALL", "MEETING"), ("VISIT_OUT", "VISIT_IN", "SURVEY")

# Computed anew from all that was entered: right whatever was added, changed or removed, by
# whichever door, and however often it is done.
FROM_CONTACTS = """
UPDATE crm_lead SET
  first_contact_on = found.first_on,
  last_contact_on = found.last_on,
  fed_back_on = coalesce(crm_lead.fed_back_on, found.told_on),
  untouched_since = CASE WHEN found.touched THEN NULL ELSE crm_lead.untouched_since END,
  protected_until = CASE WHEN crm_lead.owner_id IS NULL OR NOT crm_lead.stage = ANY(%(open)s)
    THEN crm_lead.protected_until ELSE greatest(crm_lead.protected_until, found.until) END
FROM (
  SELECT own.id,
    bool_or((c.day, c.entered) >= ((own.untouched_since AT TIME ZONE 'Asia/Shanghai')::date,
      own.untouched_since)) AS touched,
    min(c.day) AS first_on,
    max(c.day) AS last_on,
    min(c.day) FILTER (WHERE c.day >= own.screened_on) AS told_on,
    max(c.day + c.days) FILTER (WHERE c.days > 0 AND c.day >= own.owned_on) AS until
  FROM crm_lead own LEFT JOIN (
    SELECT lead_id, happened_on AS day, created_at AS entered, CASE
      WHEN kind = ANY(%(calls)s) THEN %(call_days)s
      WHEN kind = ANY(%(visits)s) THEN %(visit_days)s ELSE 0 END AS days
      FROM crm_followup WHERE lead_id = ANY(%(leads)s)
    UNION ALL
    SELECT lead_id, happened_on, created_at, %(visit_days)s FROM crm_visit
      WHERE lead_id = ANY(%(leads)s)
  ) c ON c.lead_id = own.id
  WHERE own.id = ANY(%(leads)s)
  GROUP BY own.id
) found
WHERE crm_lead.id = found.id
"""


@dataclass(frozen=True)
class Terms:
    """How long each clock runs, and whether on workdays alone: the office's settings."""

    respond: int
    screen: int
    feed_back: int
    reporting: int
    early: int
    negotiating: int
    agreeing: int
    workdays: bool

    @classmethod
    def read(cls) -> Terms:
        keys = (KEY.RESPOND_DAYS, KEY.SCREEN_DAYS, KEY.FEEDBACK_DAYS, KEY.REPORT_DAYS)
        keys += (KEY.STALE_EARLY_DAYS, KEY.STALE_NEGOTIATING_DAYS, KEY.STALE_AGREEING_DAYS)
        *days, workdays = ZoneSetting.whole(*keys, KEY.COUNT_WORKDAYS)
        return cls(*days, workdays=bool(workdays))

    def due(self, start: date, days: int) -> date:
        return due_date(start, days, workdays=self.workdays)

    def late(self, on: date, days: int) -> date:
        """Return the day before which whatever began is overdue on ``on``."""
        return first_in_time(on, days, workdays=self.workdays)

    def stale(self, stage: str) -> int:
        return {"NEGOTIATING": self.negotiating, "AGREEING": self.agreeing}.get(stage, self.early)


@dataclass(frozen=True)
class Clock:
    """One clock of a lead on a day: until when, and how it stands."""

    class State(models.TextChoices):
        MET = "MET", _("met in time")
        MET_LATE = "MET_LATE", _("met late")
        RUNNING = "RUNNING", _("running")
        OVERDUE = "OVERDUE", _("overdue")

    name: str
    label: str
    due: date
    met_on: date | None
    on: date

    @property
    def state(self) -> str:
        if self.met_on:
            return self.State.MET if self.met_on <= self.due else self.State.MET_LATE
        return self.State.OVERDUE if self.on > self.due else self.State.RUNNING

    @property
    def days_late(self) -> int:
        return max(((self.met_on or self.on) - self.due).days, 0)


class ClockQuerySet(RowQuerySet):
    def overdue_clocks(self, on: date | None = None, terms: Terms | None = None):
        """Return the open leads with clocks overdue on ``on``; ``overdue`` says how many each."""
        late = [*overdue_conditions(on or today(), terms or Terms.read()).values()]
        each = (Case(When(one, then=Value(1)), default=Value(0)) for one in late)
        return self.open().filter(reduce(or_, late)).annotate(overdue=sum(each, Value(0)))

    def overdue_by(self, clock: str, on: date | None = None):
        """Return the open leads of which this clock is overdue."""
        return self.open().filter(overdue_conditions(on or today(), Terms.read())[clock])

    def behind(self, on: date | None = None):
        """Return, for each owner, how many clocks of how many leads are overdue; most first."""
        rows = self.overdue_clocks(on).order_by().values("owner", "owner__display_name")
        return rows.annotate(clocks=Sum("overdue"), leads=Count("pk")).order_by("-clocks", "owner")

    def refresh_contacts(self, leads: Iterable):
        """Compute anew what follows from the follow-ups and visits of the ``leads``, given by id.

        Protection is extended, never shortened. Locks the leads, so that of two who enter a
        follow-up at once the second counts both.
        """
        leads = sorted(leads)
        rows = self.model._base_manager.filter(pk__in=leads).order_by("pk")
        if not list(rows.select_for_update(no_key=True).values_list("pk")):
            return
        call_days, visit_days = ZoneSetting.whole(KEY.CONTACT_EXTENDS_DAYS, KEY.VISIT_EXTENDS_DAYS)
        values = {"leads": leads, "open": [*self.model.OPEN_STAGES], "calls": [*CALLS]}
        values |= {"visits": [*VISITS], "call_days": call_days, "visit_days": visit_days}
        with connection.cursor() as cursor:
            cursor.execute(FROM_CONTACTS, values)


def overdue_conditions(on: date, terms: Terms) -> dict[str, Q]:
    """Return the condition of each clock for being overdue; of an open lead."""
    registered = {
        name: Q(registered_at__lt=start_of(terms.late(on, getattr(terms, name))))
        for name in ("respond", "screen", "feed_back")
    }
    quiet = terms.late(on, terms.reporting)
    stale = [
        Q(stage=stage, stage_since__lt=terms.late(on, terms.stale(stage)))
        for stage in ("NEW", "SCREENED", "NEGOTIATING", "AGREEING")
    ]
    return {
        "respond": registered["respond"] & Q(first_contact_on=None),
        "screen": registered["screen"] & Q(screened_on=None),
        "feed_back": registered["feed_back"] & Q(fed_back_on=None),
        "reporting": Q(owned_on__lt=quiet)
        & (Q(last_contact_on=None) | Q(last_contact_on__lt=quiet)),
        "stale": Q(owned_on__isnull=False) & reduce(or_, stale),
    }


class Clocked(models.Model):
    """What has clocks. Their days are kept here, where lists find them by an index."""

    CLOCKS = {
        "respond": _("respond"),
        "screen": _("screen"),
        "feed_back": _("feed back"),
        "reporting": _("reporting"),
        "stale": _("move on"),
    }

    stage_since = models.DateField(_("at this stage since"), default=today, editable=False)
    screened_on = models.DateField(_("screened on"), null=True, blank=True, editable=False)
    fed_back_on = models.DateField(_("fed back on"), null=True, blank=True, editable=False)
    first_contact_on = models.DateField(_("first contact"), null=True, blank=True, editable=False)
    last_contact_on = models.DateField(_("last contact"), null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    def clocks(self, on: date | None = None, terms: Terms | None = None) -> list[Clock]:
        """Return the lead's clocks as they stand on ``on``; a closed lead has those it met."""
        on, terms = on or today(), terms or Terms.read()
        registered = local_date(self.registered_at)
        found = [
            self._clock("respond", registered, terms.respond, self.first_contact_on, on, terms),
            self._clock("screen", registered, terms.screen, self.screened_on, on, terms),
            self._clock("feed_back", registered, terms.feed_back, self.fed_back_on, on, terms),
        ]
        if self.is_open and self.owned_on:
            quiet = max(filter(None, (self.last_contact_on, self.owned_on)))
            found.append(self._clock("reporting", quiet, terms.reporting, None, on, terms))
            stale = terms.stale(self.stage)
            found.append(self._clock("stale", self.stage_since, stale, None, on, terms))
        return [clock for clock in found if clock.met_on or self.is_open]

    def _clock(self, name, start, days, met_on, on, terms: Terms) -> Clock:
        return Clock(name, self.CLOCKS[name], terms.due(start, days), met_on, on)

    def move(self, history, *, on: date | None = None, also=(), **values):
        """Write the days that follow from a new stage with it."""
        on = on or today()
        if "stage" in values:
            also = (*also, *self._note_stage(values["stage"], on))
        super().move(history, on=on, also=also, **values)

    def _note_stage(self, stage: str, on: date) -> list[str]:
        """Set what follows from reaching ``stage`` on ``on``; return the names of the fields."""
        self.stage_since, names = on, ["stage_since"]
        if stage != self.STAGES[0] and self.screened_on is None:
            self.screened_on = on
            names.append("screened_on")
        if self.screened_on and self.fed_back_on is None:
            told = self._told_on()
            self.fed_back_on = told if stage in self.STAGES else told or on
            names.append("fed_back_on")
        if self._is_new_ground(stage):
            self.protected_until = self._extended_from(on)
            names.append("protected_until")
        return names

    def _told_on(self) -> date | None:
        """Return the first contact since the screening, on its day at the earliest."""
        days = (
            rows.filter(happened_on__gte=self.screened_on).aggregate(
                first=models.Min("happened_on")
            )
            for rows in (self.follow_ups, self.visits)
        )
        return min((day["first"] for day in days if day["first"]), default=None)

    def _is_new_ground(self, stage: str) -> bool:
        """Whether an owned lead goes forward to a stage where it has not been before."""
        if self.owner_id is None or self._place(stage) <= self._place(self.stage):
            return False
        return self.is_open and not self.stage_changes.filter(to_stage=stage).exists()

    def _extended_from(self, on: date) -> date:
        (days,) = ZoneSetting.whole(KEY.STAGE_EXTENDS_DAYS)
        return max(filter(None, (self.protected_until, on + timedelta(days=days))))
