"""``progress``: the figures of the target page, for whoever shows or checks them elsewhere."""

from __future__ import annotations

from datetime import date

from django.http import Http404
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from projects.progress import LIGHT_WORDS, Figure, Month, Progress, monthly, progress, progress_by
from zone.access import api_scopes
from zone.access.api_scopes import LABELS, READ
from zone.api.documenting import Answer, Operation, query
from zone.api.paging import bad_parameter
from zone.api.resources import number
from zone.api.shapes import DATE, array_schema, named, nullable, object_schema, ref
from zone.api.views import ApiView, add_view
from zone.calendar import today
from zone.models import IndustryChain, Measure, Park

ZONE, CHAIN, PARK = "zone", "chain", "park"
MODELS = {CHAIN: IndustryChain, PARK: Park}
QUANTITIES = ("target", "actual", "pending", "remaining", "shortfall")
YEARS = range(2000, 2100)


TEXT, CODE = {"type": "string"}, {"type": ["string", "null"]}
DECIMAL = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}


@named("Progress")
def progress_shape() -> dict:
    figures = {
        measure.lower(): ref("Amount" if is_amount(measure) else "Count") for measure in Measure
    }
    each = object_schema(
        {"scope": ref("Place"), **figures}, ("scope", "signed_amount", "signed_projects")
    )
    fields = {"year": {"type": "integer"}, "on": DATE, "by": {"enum": [ZONE, *MODELS]}}
    return object_schema(fields | {"data": array_schema(each)}, (*fields, "data"))


@named("Months")
def months_shape() -> dict:
    month = {"month": {"type": "integer", "minimum": 1, "maximum": 12}}
    month |= dict.fromkeys(
        ("amount_wan", "projects", "amount_so_far_wan", "projects_so_far"), DECIMAL
    )
    fields = {"year": {"type": "integer"}, "on": DATE, "scope": ref("Place")}
    return object_schema(
        fields | {"data": array_schema(object_schema(month, month))}, (*fields, "data")
    )


@named("Place")
def place_shape() -> dict:
    fields = {"kind": {"enum": [ZONE, *MODELS]}, "code": CODE, "name": TEXT}
    return object_schema(fields, fields)


@named("Amount")
def amount_shape() -> dict:
    return figure_shape("_wan")


@named("Count")
def count_shape() -> dict:
    return figure_shape("")


def figure_shape(unit: str) -> dict:
    fields = {f"{name}{unit}": DECIMAL for name in QUANTITIES}
    for name in (f"target{unit}", "completion_percent", "gap_points"):
        fields[name] = nullable(DECIMAL)
    fields |= {"time_progress_percent": DECIMAL, "light_label": TEXT}
    lights = [*LIGHT_WORDS, None]
    return object_schema(fields | {"light": {"enum": lights}}, (*fields, "light"))


def of_figures(name: str, about, shape: str, *parameters: dict) -> Operation:
    day = query("on", DATE, _("As of this day; today otherwise."))
    year = query("year", {"type": "integer", "minimum": 2000, "maximum": 2099}, _("Of this year."))
    return Operation(
        name=name,
        about=about,
        tag="progress",
        scope="progress:read",
        parameters=(year, day, *parameters),
        answers={200: Answer(_("The figures of the target page."), ref(shape))},
        refusals=(404,),
    )


class FiguresView(ApiView):
    """What both views ask: of which year, as of which day, and of what."""

    scopes = {"GET": "progress:read"}

    def asked(self) -> tuple[int, date]:
        params = self.request.query_params
        on = read_day(params["on"]) if "on" in params else today()
        year = params.get("year", str(on.year))
        if not (year.isascii() and year.isdecimal() and int(year) in YEARS):
            raise bad_parameter("year", _("Write the year as 2025."))
        return int(year), on

    def places(self, kind: str):
        """Return the chains or parks that the client sees figures of."""
        rows = MODELS[kind].objects.order_by("position", "code")
        if self.caller.scope.zone:
            return rows
        return rows.filter(pk__in=getattr(self.caller.scope, f"{kind}s"))

    def refuse_zone(self):
        if not self.caller.scope.zone:
            raise Http404


class ProgressView(FiguresView):
    """Target, actual, pending, completion, gap and light: of the zone, each chain or each park."""

    parameters = frozenset({"year", "on", "by"})
    documented = {
        "GET": of_figures(
            "progress",
            _("Read target, actual, completion and light"),
            "Progress",
            query("by", {"type": "string", "enum": [ZONE, *MODELS]}, _("Of each of these.")),
        )
    }

    def get(self, request):
        year, on = self.asked()
        by = request.query_params.get("by", ZONE)
        if by not in (ZONE, *MODELS):
            raise bad_parameter("by", _("by is zone, chain or park."))
        if by == ZONE:
            self.refuse_zone()
            found = [progress(year, on)]
        else:
            found = progress_by(year, on, by, self.places(by))
        return Response({"year": year, "on": on, "by": by, "data": [shown(one) for one in found]})


class MonthsView(FiguresView):
    """The months of the year up to the day, with running totals: of the zone or one place."""

    parameters = frozenset({"year", "on", CHAIN, PARK})
    documented = {
        "GET": of_figures(
            "progress_months",
            _("Read the months of a year with running totals"),
            "Months",
            query(CHAIN, {"type": "string", "minLength": 1}, _("Of the chain of this code.")),
            query(PARK, {"type": "string", "minLength": 1}, _("Of the park of this code.")),
        )
    }

    def get(self, request):
        year, on = self.asked()
        scope = self.place()
        months = [shown_month(month) for month in monthly(year, on, scope)]
        return Response({"year": year, "on": on, "scope": name_of(scope), "data": months})

    def place(self) -> IndustryChain | Park | None:
        named = [kind for kind in MODELS if kind in self.request.query_params]
        if len(named) > 1:
            raise bad_parameter(named[1], _("Ask for one chain or one park at a time."))
        for kind in named:
            code = self.request.query_params[kind].replace("\0", "")
            if found := self.places(kind).filter(code=code).first():
                return found
            raise Http404
        self.refuse_zone()
        return None


def read_day(text: str) -> date:
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None or found.year not in YEARS:
        raise bad_parameter("on", _("Write days as 2025-03-31."))
    return found


def name_of(scope: IndustryChain | Park | None) -> dict:
    if scope is None:
        return {"kind": ZONE, "code": None, "name": str(_("Changzhi High-tech Zone"))}
    kind = CHAIN if isinstance(scope, IndustryChain) else PARK
    return {"kind": kind, "code": scope.code, "name": scope.name}


def shown(one: Progress) -> dict:
    found = {"scope": name_of(one.scope)}
    for measure, figure in one.figures.items():
        # A platform belongs to no chain.
        if measure != Measure.PLATFORM_TENANTS or not isinstance(one.scope, IndustryChain):
            found[measure.lower()] = shown_figure(measure, figure)
    return found


def shown_figure(measure: str, figure: Figure) -> dict:
    unit = "_wan" if is_amount(measure) else ""
    found = {f"{name}{unit}": text(getattr(figure, name)) for name in QUANTITIES}
    return found | {
        "completion_percent": text(figure.completion),
        "time_progress_percent": text(figure.time_progress),
        "gap_points": text(figure.gap),
        "light": figure.light,
        "light_label": str(figure.light_word),
    }


def is_amount(measure: str) -> bool:
    return measure == Measure.SIGNED_AMOUNT


def shown_month(month: Month) -> dict:
    return {
        "month": month.month,
        "amount_wan": text(month.amount),
        "projects": text(month.projects),
        "amount_so_far_wan": text(month.amount_so_far),
        "projects_so_far": text(month.projects_so_far),
    }


def text(value) -> str | None:
    return None if value is None else number(value)


api_scopes.declare("progress", _("Target progress"), {READ: LABELS[READ]})
add_view("progress", ProgressView)
add_view("progress/months", MonthsView)
