"""Trips (外出): who went where and for how long, whom they met, and what came of it."""

from __future__ import annotations

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count, F, Q, Sum, Value
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import RowQuerySet
from zone.calendar import not_in_future, today
from zone.feed.synced import Synced
from zone.fields import LineField, NoteField
from zone.identifiers import no_personal_number
from zone.models.base import Row

LONGEST = timedelta(days=183)  # a post away from home for half a year; beyond, a year is mistyped


class TripQuerySet(RowQuerySet):
    def within(self, access):
        """Return those of the person and of led chains."""
        if access.everything:
            return self
        own = (Q(entered_by=access.user), Q(chain__in=access.led_chains))
        went = TripPerson._base_manager.filter(person=access.user)
        return self.opened(access, *own, by={"people": went})


class Trip(Row):
    """A journey of colleagues to investors."""

    SYNC = Synced(25, "trips", paths=("chain",))

    place = LineField(_("place"), max_length=100, validators=[no_personal_number])
    chain = models.ForeignKey(
        "zone.IndustryChain",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("industry chain"),
        help_text=_("Its leader sees the trip; empty: a trip of the office."),
    )
    starts_on = models.DateField(_("first day"), default=today, validators=[not_in_future])
    ends_on = models.DateField(_("last day"), default=today)
    purpose = LineField(_("purpose of the trip"), max_length=200, validators=[no_personal_number])
    summary = NoteField(
        _("what came of it"),
        max_length=1000,
        blank=True,
        default="",
        validators=[no_personal_number],
    )
    entered_by = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("entered by"),
    )

    objects = TripQuerySet.as_manager()

    class Meta:
        verbose_name = _("trip")
        verbose_name_plural = _("trips")
        ordering = ("-starts_on", "id")
        indexes = [
            models.Index(fields=["-starts_on", "id"], name="trip_start"),
            models.Index(fields=["ends_on"], name="trip_end"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="trip_ends_after_start",
                violation_error_message=_("The last day cannot lie before the first."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on__lte=F("starts_on") + Value(LONGEST)),
                name="trip_within_half_a_year",
                violation_error_message=_(
                    "A trip lasts half a year at most; please check the year of the last day."
                ),
            ),
        ]

    def __str__(self):
        return f"{self.starts_on} {self.place}"


class DaysBetween(models.Func):
    """The days from the second day to the first; Django makes an interval of it."""

    template, arg_joiner = "(%(expressions)s)", " - "
    output_field = models.IntegerField()


class TripPersonQuerySet(RowQuerySet):
    def days_of(self, first: date, last: date) -> dict:
        """Return ``{person's id: (trips, days out)}`` between two days, both included."""
        out = self.filter(trip__starts_on__lte=last, trip__ends_on__gte=first).order_by()
        until = Least("trip__ends_on", Value(last))
        days = DaysBetween(until, Greatest("trip__starts_on", Value(first))) + 1
        rows = out.values("person").annotate(trips=Count("pk"), days=Sum(days))
        return {row["person"]: (row["trips"], row["days"]) for row in rows}


class TripPerson(Row):
    """A colleague on a trip."""

    SYNC = Synced(27, "trip-people")
    BELONGS_TO = ("trip",)

    trip = models.ForeignKey(
        Trip, models.CASCADE, related_name="people", verbose_name=_("trip"), db_index=False
    )
    person = models.ForeignKey(
        "zone.User", models.PROTECT, related_name="trips", verbose_name=_("person")
    )

    objects = TripPersonQuerySet.as_manager()

    class Meta:
        verbose_name = _("person on a trip")
        verbose_name_plural = _("people on trips")
        ordering = ("trip", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["trip", "person"],
                name="trip_person_once",
                violation_error_message=_("This person is on the trip already."),
            )
        ]

    def __str__(self):
        return str(self.person)


class MeetingQuerySet(RowQuerySet):
    def met_by(self, first: date, last: date) -> dict:
        """Return ``{person's id: (companies met, leads gained)}`` between two days."""
        met = self.filter(met_on__gte=first, met_on__lte=last).order_by()
        rows = met.values("trip__people__person").annotate(met=Count("pk"), leads=Count("lead"))
        return {row["trip__people__person"]: (row["met"], row["leads"]) for row in rows}


class TripMeeting(Row):
    """A company met on a trip, and the lead that was gained there."""

    SYNC = Synced(28, "trip-meetings")
    BELONGS_TO = ("trip",)

    trip = models.ForeignKey(
        Trip, models.CASCADE, related_name="meetings", verbose_name=_("trip"), db_index=False
    )
    enterprise = models.ForeignKey(
        "crm.Enterprise", models.PROTECT, related_name="+", verbose_name=_("enterprise")
    )
    met_on = models.DateField(_("met on"), default=today, validators=[not_in_future])
    lead = models.ForeignKey(
        "crm.Lead",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("lead gained"),
    )
    note = LineField(
        _("note"), max_length=200, blank=True, default="", validators=[no_personal_number]
    )

    objects = MeetingQuerySet.as_manager()

    class Meta:
        verbose_name = _("company met on a trip")
        verbose_name_plural = _("companies met on trips")
        ordering = ("-met_on", "id")
        indexes = [models.Index(fields=["-met_on", "id"], name="trip_meeting_date")]

    def __str__(self):
        return str(self.enterprise)

    def clean(self):
        trip = self.trip if self.trip_id else None
        outside = trip and self.met_on and not trip.starts_on <= self.met_on <= trip.ends_on
        if outside and self.has_changed("met_on", "trip"):
            raise ValidationError({"met_on": _("This day lies outside the trip.")})
        strayed = self.lead_id and self.lead.enterprise_id != self.enterprise_id
        if strayed and self.has_changed("lead", "enterprise"):
            raise ValidationError({"lead": _("This lead is one of another enterprise.")})
