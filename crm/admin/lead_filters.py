"""The filters of the list of leads."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import admin
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import Lead
from crm.models.bands import BAND_NAMES, in_band
from zone.access.row_access import row_access
from zone.calendar import today

A_WEEK = timedelta(days=7)


class WhoseFilter(admin.SimpleListFilter):
    """Mine, the pool, what is due, or what never will be: the lists opened all day.

    What is due is one's own; to those who look after others, whatever is within their reach.
    """

    title = _("whose")
    parameter_name = "whose"
    # What is worked off, by the method of the queryset.
    LISTS = {
        "due": "due",
        "untouched": "untouched",
        "ending": "ending",
        "behind": "overdue_clocks",
    }

    def lookups(self, request, model_admin):
        return [
            ("mine", _("mine")),
            ("pool", _("pool")),
            ("due", _("follow-up due")),
            ("undated", _("no next date")),
            ("untouched", _("no first follow-up")),
            ("ending", _("protection ends soon")),
            ("behind", _("clock overdue")),
            ("departed", _("owner has left")),
        ]

    def queryset(self, request, rows):
        if self.value() in self.LISTS:
            return getattr(self.of(request.user, rows), self.LISTS[self.value()])()
        if self.value() == "mine":
            return rows.filter(owner=request.user)
        if self.value() == "pool":
            return rows.pool()
        if self.value() == "undated":
            return rows.undated()
        if self.value() == "departed":
            return rows.departed()
        return rows

    @staticmethod
    def of(user, rows):
        """Return one's own leads; to who looks after others, whatever is within their reach."""
        access = row_access(user)
        return rows if access.everything or access.led_chains else rows.filter(owner=user)


class NextFilter(admin.SimpleListFilter):
    """When an open lead is to be followed up."""

    title = _("next follow-up")
    parameter_name = "next"

    def lookups(self, request, model_admin):
        return [
            ("overdue", _("overdue")),
            ("today", _("today")),
            ("week", _("within 7 days")),
            ("later", _("later")),
            ("none", _("no next date")),
        ]

    def queryset(self, request, rows):
        day = today()
        choices = {
            "overdue": Q(next_follow_up_on__lt=day),
            "today": Q(next_follow_up_on=day),
            "week": Q(next_follow_up_on__gt=day, next_follow_up_on__lte=day + A_WEEK),
            "later": Q(next_follow_up_on__gt=day + A_WEEK),
            "none": Q(next_follow_up_on=None),
        }
        return rows.open().filter(choices[self.value()]) if self.value() in choices else rows


class AmountFilter(admin.SimpleListFilter):
    """Bands of the planned investment, in 万元."""

    title = _("planned investment")
    parameter_name = "amount"

    def lookups(self, request, model_admin):
        return BAND_NAMES

    def queryset(self, request, rows):
        return rows.filter(in_band("planned_investment_wan", self.value()))


class RegionFilter(admin.SimpleListFilter):
    """Where the investor comes from, by the first digits of the region's code (GB/T 2260)."""

    title = _("region of origin")
    parameter_name = "region"
    path = "origin_region"
    PROVINCE, CITY = "14", "1404"

    def lookups(self, request, model_admin):
        return [
            ("city", _("from the city")),
            ("province", _("from the province")),
            ("outside", _("from outside the province")),
            ("unknown", _("not known")),
        ]

    def queryset(self, request, rows):
        within, city = (Q(**{f"{self.path}__startswith": p}) for p in (self.PROVINCE, self.CITY))
        unknown = Q(**{self.path: ""})
        choices = {
            "city": city,
            "province": within & ~city,
            "outside": ~within & ~unknown,
            "unknown": unknown,
        }
        return rows.filter(choices[self.value()]) if self.value() in choices else rows


class LeadRegionFilter(RegionFilter):
    path = "enterprise__origin_region"


class ClockFilter(admin.SimpleListFilter):
    """The open leads of which this clock is overdue."""

    title = _("clock overdue")
    parameter_name = "clock"

    def lookups(self, request, model_admin):
        return [*Lead.CLOCKS.items()]

    def queryset(self, request, rows):
        return rows.overdue_by(self.value()) if self.value() in Lead.CLOCKS else rows
