"""The filters of the list of leads."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.contrib import admin
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import row_access
from zone.calendar import today

A_WEEK = timedelta(days=7)


class WhoseFilter(admin.SimpleListFilter):
    """Mine, the pool, what is due, or what never will be: the lists opened all day.

    What is due is one's own; to those who look after others, whatever is within their reach.
    """

    title = _("whose")
    parameter_name = "whose"

    def lookups(self, request, model_admin):
        return [
            ("mine", _("mine")),
            ("pool", _("pool")),
            ("due", _("follow-up due")),
            ("undated", _("no next date")),
            ("departed", _("owner has left")),
        ]

    def queryset(self, request, rows):
        if self.value() == "mine":
            return rows.filter(owner=request.user)
        if self.value() == "pool":
            return rows.pool()
        if self.value() == "due":
            access = row_access(request.user)
            looks_after = access.everything or access.led_chains
            return (rows if looks_after else rows.filter(owner=request.user)).due(today())
        if self.value() == "undated":
            return rows.undated()
        if self.value() == "departed":
            return rows.departed()
        return rows


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
    BANDS = {
        "s": (None, Decimal(1_000)),
        "m": (Decimal(1_000), Decimal(10_000)),
        "l": (Decimal(10_000), Decimal(100_000)),
        "xl": (Decimal(100_000), None),
    }

    def lookups(self, request, model_admin):
        return [
            ("s", _("below RMB 10 million")),
            ("m", _("RMB 10 to 100 million")),
            ("l", _("RMB 100 million to 1 billion")),
            ("xl", _("from RMB 1 billion")),
        ]

    def queryset(self, request, rows):
        least, below = self.BANDS.get(self.value(), (None, None))
        if least is not None:
            rows = rows.filter(planned_investment_wan__gte=least)
        return rows if below is None else rows.filter(planned_investment_wan__lt=below)
