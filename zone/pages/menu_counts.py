"""How many rows the entries of the menu lead to.

Asked for by zone/static/zone/admin.js once a page stands, and kept by the browser for a short time:
so no list takes one query more, or waits for what it does not show.
"""

from __future__ import annotations

from collections import Counter
from urllib.parse import parse_qs

from django.contrib import admin
from django.db.models import IntegerField, QuerySet, Value
from django.http import HttpRequest, JsonResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from zone.database.plans import with_rows
from zone.navigation import Entry, Page, entries

MOST = 99
KEPT = 30  # seconds; zone/static/zone/admin.js asks anew after whatever was sent


@require_safe
def menu_counts(request: HttpRequest) -> JsonResponse:
    response = JsonResponse(counts(request))
    patch_cache_control(response, private=True, max_age=KEPT)
    return response


def counts(request: HttpRequest) -> dict[str, str]:
    """Return the number of rows behind each counted entry that this person has, by its link.

    One query, of up to a hundred rows of each: beyond, nobody works them off today.
    """
    counted = [
        entry
        for listed in entries().values()
        for entry in listed
        if entry.menu.counted and request.user.has_perm(entry.permission)
    ]
    parts = [_first(rows_behind(entry, request), place) for place, entry in enumerate(counted)]
    if not parts:
        return {}
    found = Counter(place for (place,) in parts[0].union(*parts[1:], all=True))
    words = {
        place: str(number) if number <= MOST else f"{MOST}+" for place, number in found.items()
    }
    return {counted[place].link: number for place, number in words.items()}


def rows_behind(entry: Entry, request: HttpRequest) -> QuerySet:
    """Return the rows that the entry leads to: of a list, by the list's own filter."""
    if isinstance(entry.menu, Page):
        return entry.menu.rows(request.user)
    model_admin = next(
        one for one in admin.site._registry.values() if _list_view(one) == entry.view
    )
    rows, query = model_admin.get_queryset(request), parse_qs(entry.menu.query.lstrip("?"))
    for chosen in model_admin.get_list_filter(request):
        if getattr(chosen, "parameter_name", None) in query:
            asked = {chosen.parameter_name: query[chosen.parameter_name]}
            rows = chosen(request, asked, model_admin.model, model_admin).queryset(request, rows)
    return rows


def _list_view(model_admin) -> str:
    return f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist"


def _first(rows: QuerySet, place: int) -> QuerySet:
    rows = with_rows(rows, many=True).order_by().select_related(None)
    return rows.annotate(entry=Value(place, IntegerField())).values_list("entry")[: MOST + 1]
