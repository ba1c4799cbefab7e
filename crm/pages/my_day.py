"""我的一天: what is to be done today, by whom it is to be done, each line acted on in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import CharField, Count, OuterRef, Q, QuerySet, Subquery, Value
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from crm.daily import contacted, put_off, take_back
from crm.models import FollowUp, Lead
from crm.models.conflicts import Conflict
from crm.models.screenings import Screening
from crm.models.transfers import LeadTransfer
from zone.access.row_access import row_access
from zone.admin.inputs import coming_days
from zone.admin.opened import FIELD, mark
from zone.calendar import short_day, start_of, today
from zone.models import ZoneSetting

LINES = 10  # of a section; the rest stands in its list
A_WEEK = timedelta(days=7)  # what comes next, and how long a lead of the pool is new
LEADS = "admin:crm_lead_changelist"


@dataclass
class Section:
    """Leads for one reason; ``count`` is of all of them, ``query`` opens their list."""

    name: str
    title: str
    query: str
    tone: str = ""
    is_open: bool = False
    count: int = 0
    url: str = ""
    leads: list[Lead] = field(default_factory=list)

    @property
    def rest(self) -> int:
        return self.count - len(self.leads)


SECTIONS = (
    ("overdue", _("Overdue"), "next=overdue", "bad", True),
    ("today", _("Today"), "next=today", "", True),
    ("week", _("Next 7 days"), "next=week", "", False),
    ("undated", _("No next date"), "whose=undated", "", False),
    ("untouched", _("Not contacted yet"), "whose=untouched", "", False),
    ("ending", _("Protection ends soon"), "whose=ending", "", False),
    ("pool", _("New in the pool"), "whose=pool", "", False),
)
# What higher apps show beside: each takes a person and a day and returns a template's context.
PANELS: list[Callable] = []


def conditions(on: date) -> dict[str, Q]:
    """Return which of a person's open leads stand in which section; a date has one place."""
    (days,) = ZoneSetting.whole(ZoneSetting.Key.LEAD_WARNING_DAYS)
    return {
        "overdue": Q(next_follow_up_on__lt=on),
        "today": Q(next_follow_up_on=on),
        "week": Q(next_follow_up_on__gt=on, next_follow_up_on__lte=on + A_WEEK),
        "undated": Q(next_follow_up_on=None),
        "untouched": Q(untouched_since__isnull=False),
        "ending": Q(protected_until__range=(on, on + timedelta(days=days))),
    }


def sections(user, on: date) -> list[Section]:
    """Return the sections of ``user``: five queries, however many leads."""
    mine, found = Lead.objects.open().filter(owner=user), conditions(on)
    counts = mine.aggregate(**{name: Count("pk", filter=each) for name, each in found.items()})
    parts = [_keys(mine.filter(each), name) for name, each in found.items()]
    chains = row_access(user).chains
    pool = Lead.objects.pool().filter(chain__in=chains, registered_at__gte=start_of(on - A_WEEK))
    if chains:
        counts["pool"] = pool.count()
        parts.append(_keys(pool, "pool"))
    placed = list(parts[0].union(*parts[1:], all=True))
    leads = {lead.pk: lead for lead in drawn([key for key, _name in placed])}
    made = [Section(*each) for each in SECTIONS]
    for section in made:
        whose = "" if section.name == "pool" else f"&owner__id__exact={user.pk}"
        section.url = f"{reverse(LEADS)}?{section.query}{whose}"
        section.count = counts.get(section.name, 0)
        section.leads = [leads[key] for key, name in placed if name == section.name]
    for lead in next((one.leads for one in made if one.name == "pool"), []):
        carried = urlencode({FIELD: mark(user, Lead, lead.pk, "claim")})
        lead.claim_url = f"{reverse('admin:crm_lead_claim', args=[lead.pk])}?{carried}"
    return [section for section in made if section.name != "pool" or chains]


def _keys(rows: QuerySet, name: str) -> QuerySet:
    """Return the keys of a section's first lines with its name."""
    rows = rows.order_by("next_follow_up_on", "pk").annotate(place=Value(name, CharField()))
    return rows.values_list("pk", "place")[:LINES]


def drawn(keys: list) -> QuerySet:
    """Return leads with what a line shows of them."""
    said = FollowUp.objects.filter(lead=OuterRef("pk")).exclude(next_step="")
    said = said.order_by("-happened_on", "-created_at").values("next_step")[:1]
    rows = Lead.objects.filter(pk__in=keys).select_related("enterprise", "owner", "contact")
    return rows.annotate(step=Subquery(said)).order_by("next_follow_up_on", "pk")


def behind(user) -> list[dict]:
    """Return for whoever looks after others who has how many overdue clocks, the most first."""
    access = row_access(user)
    if not (access.everything or access.led_chains):
        return []
    return list(Lead.objects.visible_to(user, "view").filter(owner__isnull=False).behind()[:LINES])


def awaited(user) -> list[dict]:
    """Return what waits for a decision of ``user``, each kind with its number and its list."""
    kinds = [(LeadTransfer.objects.waiting_for(user), "?whose=mine", _("Transfers to answer"))]
    if user.has_perm("crm.decide_screening"):
        rows = Screening.objects.visible_to(user, "view").waiting()
        kinds.append((rows, "?waiting=1", _("To be screened")))
    if user.has_perm("crm.decide_conflict"):
        rows = Conflict.objects.visible_to(user, "view").waiting()
        kinds.append((rows, "?waiting=1", _("Conflicts to decide")))
    return [
        {"title": title, "count": number, "url": list_of(rows.model) + query}
        for rows, query, title in kinds
        if (number := rows.count())
    ]


def list_of(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@require_GET
def my_day(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("crm.view_lead"):
        raise PermissionDenied
    on = today()
    found = sections(request.user, on)
    context = {
        **admin.site.each_context(request),
        "title": _("My day"),
        "day": short_day(on),
        "sections": found,
        "people": behind(request.user),
        "awaited": awaited(request.user),
        "panels": [made for panel in PANELS if (made := panel(request.user, on))],
        "days": coming_days(on),
        "is_free": not any(section.count for section in found),
    }
    return TemplateResponse(request, "crm/my_day/page.html", context)


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Do what a line offers; answers with the line for the script, else with the page."""
    lead = _lead_of(request)
    version = request.POST.get("version", "")
    seen = int(version) if version.isdecimal() and len(version) < 19 else 0
    try:
        if request.POST.get("act") == "contacted":
            ticket = contacted(lead, by=request.user, version=seen)
        else:
            ticket = put_off(lead, by=request.user, to=_day_of(request), version=seen)
    except ValidationError as refusal:
        return _answer(request, lead, refusal=" ".join(refusal.messages))
    return _answer(request, lead, ticket=ticket)


@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    lead = _lead_of(request)
    try:
        take_back(request.POST.get("ticket", ""), lead, by=request.user)
    except ValidationError as refusal:
        return _answer(request, lead, refusal=" ".join(refusal.messages))
    return _answer(request, lead)


def _lead_of(request: HttpRequest) -> Lead:
    try:
        lead = Lead.objects.visible_to(request.user).filter(pk=request.POST.get("lead", "")).first()
    except ValidationError:
        lead = None
    if lead is None:
        raise Http404
    if not lead.can_follow_up(request.user):
        raise PermissionDenied
    return lead


def _day_of(request: HttpRequest) -> date:
    try:
        day = parse_date(request.POST.get("to", ""))
    except ValueError:
        day = None
    if day is None:
        raise ValidationError(_("Please choose the day."))
    return day


def _answer(request: HttpRequest, lead: Lead, *, ticket: str = "", refusal: str = ""):
    [lead] = drawn([lead.pk])
    if request.headers.get("HX-Request"):
        context = {"lead": lead, "ticket": ticket, "refusal": refusal, "days": coming_days(today())}
        return TemplateResponse(request, "crm/my_day/line.html", context)
    if refusal:
        messages.error(request, f"{lead}：{refusal}")
    elif ticket:
        words = _("“%(lead)s”: next on %(day)s.")
        messages.success(request, words % {"lead": lead, "day": short_day(lead.next_follow_up_on)})
    return redirect("my_day")
