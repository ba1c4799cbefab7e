"""The month of each person: trips, days out, companies met, leads gained, visits."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.activity import Activity, days_of, of_month
from zone.calendar import today

EARLIEST = date(2000, 1, 1)


def activity_page(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("crm.view_trip"):
        raise PermissionDenied
    month = read_month(request.GET.get("month", ""))
    before, after = month - timedelta(days=1), days_of(month)[1] + timedelta(days=1)
    context = {
        **admin.site.each_context(request),
        "title": _("Activity of the month"),
        "month": month,
        "before": f"{before:%Y-%m}" if before > EARLIEST else "",
        "after": f"{after:%Y-%m}" if after <= today() else "",
        "rows": [(row, figures(row, month)) for row in of_month(request.user, month)],
        "heads": heads(),
    }
    return TemplateResponse(request, "crm/activity.html", context)


def read_month(text: str) -> date:
    """Return the first day of ``2025-03``; of this month where nothing can be read."""
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        found = today()
    return min(max(found, EARLIEST), today()).replace(day=1)


def heads() -> list[str]:
    return [
        _("number of trips"),
        _("days out"),
        _("companies met"),
        _("leads gained"),
        _("visits received"),
        _("visits made"),
    ]


def figures(row: Activity, month: date) -> list[tuple[str, int, str]]:
    """Return heading, number and the address of the rows that make it."""
    first, last = days_of(month)
    key = row.person.pk
    trips = _rows("trip", people__person__id=key, starts_on__lte=last, ends_on__gte=first)
    met = {"trip__people__person__id": key, "met_on__gte": first, "met_on__lte": last}
    days = {"by__id__exact": key, "happened_on__gte": first, "happened_on__lte": last}
    values = (
        (row.trips, trips),
        (row.days_out, trips),
        (row.met, _rows("tripmeeting", **met)),
        (row.gained, _rows("tripmeeting", **met, lead__isnull="False")),
        (row.received, _rows("visit", **days, kind__exact="RECEIVED")),
        (row.visited, _rows("visit", **days, kind__exact="VISITED")),
    )
    return [(head, *value) for head, value in zip(heads(), values, strict=True)]


def _rows(model: str, **query) -> str:
    return f"{reverse(f'admin:crm_{model}_changelist')}?{urlencode(query)}"
