"""The board: open leads as cards in the columns of their stages, moved by ``Lead.advance``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm.models import Lead, LeadStageChange
from crm.models.bands import BAND_NAMES, in_band
from zone import units
from zone.access.row_access import row_access
from zone.calendar import local_date, today
from zone.database import remembered
from zone.database.plans import with_rows
from zone.database.reading import in_cheaper_form
from zone.fields import LineInput
from zone.identifiers import no_personal_number
from zone.models import Appointment, IndustryChain, User
from zone.navigation import record_url

CARDS = 20  # of a column at once
FURTHEST = 1_000  # cards of a column; what lies beyond is read in the list
SIGNED = Lead.Stage.SIGNED
COLUMNS = (*Lead.OPEN_STAGES, SIGNED)
ORDER = (F("next_follow_up_on").asc(nulls_last=True), "pk")


@dataclass
class Column:
    """A stage with how many leads it has and what they come to; ``cards`` are the first ones."""

    stage: str
    count: int
    amount_wan: object
    href: str
    cards: list

    @property
    def label(self) -> str:
        return _("signed this year") if self.is_signed else Lead.Stage(self.stage).label

    @property
    def is_signed(self) -> bool:
        return self.stage == SIGNED

    @property
    def amount(self) -> str:
        return units.money(self.amount_wan)

    @property
    def left(self) -> int:
        return self.count - len(self.cards)


class Board:
    """What of the leads within reach is asked for, by ``query`` (request.GET)."""

    def __init__(self, user, query):
        self.user, self.on = user, today()
        self.access = row_access(user, "crm.view_lead")
        self.looks_after = self.access.everything or bool(self.access.led_chains)
        self.whose = query.get("whose") or ("all" if self.looks_after else "mine")
        self.chain = as_key(query.get("chain", ""))
        self.owner = as_key(query.get("owner", ""))
        self.amount = query.get("amount", "")

    @property
    def chosen(self) -> dict[str, str]:
        found = {"chain": self.chain, "owner": self.owner, "amount": self.amount}
        return {"whose": self.whose} | {name: str(value) for name, value in found.items() if value}

    @cached_property
    def rows(self) -> QuerySet:
        """Return the leads of all columns, to be read in the order of the cards."""
        if self.whose == "mine":
            return self._narrowed(Lead.objects.filter(owner=self.user))
        return in_cheaper_form(self._narrowed(Lead.objects.reached(self.access)))

    @property
    def parts(self) -> list[QuerySet]:
        """Return the same leads to be summed up."""
        if self.whose == "mine":
            return [self.rows]
        return [self._narrowed(part) for part in Lead.objects.apart(self.access)]

    def _narrowed(self, rows: QuerySet) -> QuerySet:
        rows = rows.order_by().filter(in_band("planned_investment_wan", self.amount))
        if self.whose == "pool":
            rows = rows.filter(owner=None)
        if self.chain:
            rows = rows.filter(chain=self.chain)
        return rows.filter(owner=self.owner) if self.owner else rows

    def of(self, stage: str) -> QuerySet:
        return self.rows.filter(self._signed_this_year if stage == SIGNED else Q(stage=stage))

    @property
    def _signed_this_year(self) -> Q:
        """Return the condition of the last column: the year is that of the signing."""
        changes = LeadStageChange.objects.filter(lead=OuterRef("pk"), to_stage=SIGNED)
        return Q(stage=SIGNED) & Q(Exists(changes.filter(on__gte=date(self.on.year, 1, 1))))

    def columns(self, cards: bool = True) -> list[Column]:
        sums, shown = self._sums(), self._first() if cards else {}
        return [
            Column(stage, *sums.get(stage, (0, 0)), self.list_of(stage), shown.get(stage, []))
            for stage in COLUMNS
        ]

    def _sums(self) -> dict[str, tuple]:
        """Return count and amount of each column, of every row: read anew once one is written."""
        # Apart, for together they would not be summed up from an index alone.
        wanted = (Q(stage__in=Lead.OPEN_STAGES), self._signed_this_year)
        first, *rest = (_summed(part.filter(which)) for part in self.parts for which in wanted)
        sums = {}
        for stage, number, wan in remembered.rows(first.union(*rest, all=True)):
            before = sums.get(stage, (0, 0))
            sums[stage] = before[0] + number, before[1] + wan
        return sums

    def _first(self) -> dict[str, list[Lead]]:
        """Return the first cards of each column: their keys in one query, the rows in another."""
        first, *rest = (self._keys(stage)[:CARDS] for stage in COLUMNS)
        keys = [pk for pk, _next_on in first.union(*rest, all=True)]
        shown = {stage: [] for stage in COLUMNS}
        for lead in drawn(keys, self.user, self.on):
            shown[lead.stage].append(lead)
        return shown

    def _keys(self, stage: str) -> QuerySet:
        return self.of(stage).order_by(*ORDER).values_list("pk", "next_follow_up_on")

    def further(self, stage: str, offset: int) -> list[Lead]:
        keys = [pk for pk, _next_on in self._keys(stage)[offset : offset + CARDS]]
        return drawn(keys, self.user, self.on)

    def list_of(self, stage: str) -> str:
        names = {"stage__exact": stage, "whose": self.whose, "amount": self.amount}
        names |= {"chain__id__exact": self.chain, "owner__id__exact": self.owner}
        kept = {name: value for name, value in names.items() if value and value != "all"}
        return f"{reverse('admin:crm_lead_changelist')}?{urlencode(kept)}"


def _summed(rows: QuerySet) -> QuerySet:
    sums = rows.values("stage").annotate(n=Count("pk"), wan=Sum("planned_investment_wan"))
    return sums.values_list("stage", "n", "wan")


def drawn(keys: list, user, on: date) -> list[Lead]:
    """Return the leads of ``keys`` with what their cards show."""
    rows = Lead.objects.filter(pk__in=keys).select_related("enterprise", "owner")
    rows = list(rows.order_by(*ORDER))
    assigns = user.has_perm("crm.assign_lead")
    advances = user.has_perm("crm.advance_lead")
    for lead in rows:
        lead.days = (on - (lead.stage_since or local_date(lead.registered_at))).days
        lead.may_move = lead.is_open and advances and (assigns or lead.owner_id == user.pk)
    return rows


def as_key(text: str) -> UUID | None:
    """Return the key that an address names, None for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def stages() -> list[tuple[str, str]]:
    return [(stage.value, stage.label) for stage in Lead.OPEN_STAGES]


def for_viewers(view):
    """Wrap a page of the admin that whoever may view leads may open."""

    def guarded(request: HttpRequest, *args) -> HttpResponse:
        if not request.user.has_perm("crm.view_lead"):
            raise PermissionDenied
        return view(request, *args)

    return admin.site.admin_view(guarded)


@for_viewers
@require_GET
def board_page(request: HttpRequest) -> HttpResponse:
    board = Board(request.user, request.GET)
    columns = board.columns()
    context = {
        "title": _("Board"),
        "board": board,
        "columns": columns,
        "open_columns": [column for column in columns if not column.is_signed],
        "stages": stages(),
        "whose": [("mine", _("mine")), ("pool", _("pool")), ("all", _("all"))],
        "chains": IndustryChain.objects.visible_to(request.user),
        "owners": owners(request.user) if board.looks_after else (),
        "bands": BAND_NAMES,
        "query": urlencode(board.chosen),
    }
    each = admin.site.each_context(request)
    return TemplateResponse(request, "crm/board/page.html", each | context)


def owners(user) -> QuerySet:
    """Return the specialists of today within reach."""
    posts = Appointment.objects.current(today()).filter(role=Appointment.Role.SPECIALIST)
    people = User.objects.visible_to(user).filter(is_active=True, pk__in=posts.values("user"))
    return people.order_by("username")


@for_viewers
@require_GET
def more_cards(request: HttpRequest) -> HttpResponse:
    """Return the cards behind those that the page shows."""
    stage, offset = request.GET.get("stage"), request.GET.get("offset", "")
    if stage not in COLUMNS or not (offset.isdecimal() and len(offset) < 6):
        raise Http404
    if int(offset) >= FURTHEST:
        return HttpResponse()
    cards = Board(request.user, request.GET).further(stage, int(offset))
    return TemplateResponse(request, "crm/board/cards.html", {"cards": cards})


@for_viewers
@require_POST
def move_card(request: HttpRequest) -> HttpResponse:
    """Advance a lead to another column; say why not where that is refused."""
    key = as_key(request.POST.get("lead", ""))
    leads = with_rows(Lead.objects.visible_to(request.user, "view"), many=True)
    lead = leads.filter(pk=key).first()
    if lead is None:
        raise Http404
    try:
        _move(lead, request)
    except ValidationError as refusal:
        link = record_url(Lead, lead.pk)
        said = {"message": " ".join(refusal.messages), "link": link, "name": str(lead)}
        return JsonResponse(said, status=409)
    [lead] = drawn([lead.pk], request.user, today())
    columns = Board(request.user, request.GET).columns(cards=False)
    return JsonResponse(
        {
            "card": render_to_string("crm/board/cards.html", {"cards": [lead]}, request),
            "columns": {c.stage: {"count": c.count, "amount": c.amount} for c in columns},
        }
    )


@transaction.atomic
def _move(lead: Lead, request: HttpRequest):
    lead.lock()
    user, post = request.user, request.POST
    if lead.stage != post.get("from"):
        raise ValidationError(_moved_before(lead))
    if not lead.can_advance(user):
        raise ValidationError(_("Only its owner, the chain leader or the office moves this lead."))
    reason = LineInput(required=False, max_length=500, validators=[no_personal_number])
    lead.advance(by=user, to=post.get("to"), reason=reason.clean(post.get("reason", "")))


def _moved_before(lead: Lead) -> str:
    """Say who moved the lead while its card still stood in another column."""
    last = lead.stage_changes.select_related("by").order_by("-at").first()
    by = last.by if last and last.by else _("somebody else")
    words = _("%(person)s has moved this lead to “%(stage)s” meanwhile; please load the page anew.")
    return words % {"person": by, "stage": lead.get_stage_display()}
