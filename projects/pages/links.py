"""Addresses of the rows behind the figures of the progress page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from django.urls import reverse

from projects.models import Agreement, Project
from zone.access.row_access import RowAccess
from zone.calendar import SHANGHAI
from zone.models import IndustryChain, Measure, User

SCOPES = {IndustryChain: "project__chain", User: "project__credits__specialist"}


def rows(model: str, **query) -> str:
    return f"{reverse(f'admin:{model}_changelist')}?{urlencode(query)}"


def _of(chain: IndustryChain | None) -> dict:
    return {"chain__id__exact": chain.pk} if chain else {}


def _moment(day: date) -> str:
    return datetime.combine(day, time(), SHANGHAI).isoformat()


@dataclass(frozen=True)
class Links:
    """The addresses for one year at one day, for a person with this reach.

    A figure leads to exactly the rows that make it, so where some of them are out of reach
    the address is empty.
    """

    year: int
    on: date
    access: RowAccess

    def reaches(self, scope=None) -> bool:
        led = isinstance(scope, IndustryChain) and self.access.covers(scope)
        return self.access.everything or led

    def agreements(self, counts: str, scope=None, month: int | None = None, **more) -> str:
        if not self.reaches(scope):
            return ""
        first, last = self._days(month)
        query = {"counts": counts, "signed_on__gte": first, "signed_on__lte": last, **more}
        if scope is not None:
            query[f"{SCOPES[type(scope)]}__id__exact"] = scope.pk
        return rows("projects_agreement", **query)

    def actual(self, measure: str, scope=None) -> str:
        if measure == Measure.PLATFORM_TENANTS:
            return self.tenants()
        counts = "projects" if measure == Measure.SIGNED_PROJECTS else "counted"
        return self.agreements(counts, scope)

    def pending(self, measure: str, scope=None) -> str:
        if measure == Measure.PLATFORM_TENANTS:
            return ""
        formal = {"kind__exact": Agreement.Kind.FORMAL}
        more = formal if measure == Measure.SIGNED_PROJECTS else {}
        return self.agreements("pending", scope, **more)

    def target(self, measure: str, scope=None) -> str:
        if scope is not None and not self.reaches(scope):
            return ""
        query = {"year__exact": self.year, "measure__exact": measure}
        if isinstance(scope, IndustryChain):
            return rows("zone_target", **query, chain__id__exact=scope.pk)
        if isinstance(scope, User):
            return rows("zone_target", **query, specialist__id__exact=scope.pk)
        nobody = {f"{name}__isnull": "True" for name in ("chain", "specialist", "park")}
        return rows("zone_target", **query, **nobody)

    def tenants(self) -> str:
        if not self.reaches():
            return ""
        return rows("projects_occupancy", tenants=self.on)

    def leads(self, chain: IndustryChain | None = None) -> str:
        if not self.reaches(chain):
            return ""
        first, last = self._days(None)
        after = last + timedelta(days=1)
        query = {"registered_at__gte": _moment(first), "registered_at__lt": _moment(after)}
        return rows("crm_lead", **query, **_of(chain))

    def projects(self, chain: IndustryChain | None = None) -> str:
        return rows("projects_project", status__exact=Project.Status.ACTIVE, **_of(chain))

    def _days(self, month: int | None) -> tuple[date, date]:
        first, last = date(self.year, month or 1, 1), date(self.year, 12, 31)
        if month and month < 12:
            last = date(self.year, month + 1, 1) - timedelta(days=1)
        return first, min(last, self.on)
