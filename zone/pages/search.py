"""Search everything: of each kind the rows that fit best, within reach of who asks.

A kind takes part whose admin class says ``in_search``; it is searched as its list is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.utils import lookup_field
from django.core.exceptions import ObjectDoesNotExist
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from zone import identifiers, navigation
from zone.database.reading import best
from zone.database.search import closeness, words
from zone.pages.marks import Piece, marked

SHOWN = 5  # rows of a kind
SHORTEST, LONGEST = 2, 200  # characters
PART = "part"  # in the address: the groups alone, for the dialog


@dataclass(frozen=True)
class Hit:
    """A row that was found: its name and the line below, in pieces, and its page."""

    name: list[Piece]
    line: list[Piece]
    url: str


@dataclass(frozen=True)
class Group:
    """The rows of a kind, how many there are, and the list that has them all."""

    title: str
    icon: str
    hits: list[Hit]
    number: int
    is_capped: bool
    url: str


@never_cache
@require_safe
@admin.site.admin_view
def search_page(request: HttpRequest) -> HttpResponse:
    term = identifiers.visible(request.GET.get("q", ""))[:LONGEST].strip()
    is_short = len(identifiers.folded(term)) < SHORTEST
    context = {"q": term, "is_short": is_short, "groups": [] if is_short else found(request, term)}
    if PART in request.GET:
        return TemplateResponse(request, "zone/search/groups.html", context)
    context |= admin.site.each_context(request) | {"title": _("Search")}
    return TemplateResponse(request, "zone/search/page.html", context)


def found(request: HttpRequest, term: str) -> list[Group]:
    """Return the groups in the order of the sidebar; a kind without a row has none."""
    groups = (group(request, model_admin, term) for model_admin in kinds(request))
    return [one for one in groups if one is not None]


def kinds(request: HttpRequest) -> Iterator[admin.ModelAdmin]:
    """Yield the admin classes of the kinds that take part and that this person may view."""
    places = [entry.view for listed in navigation.entries().values() for entry in listed]
    taking_part = [
        model_admin
        for model_admin in admin.site._registry.values()
        if getattr(model_admin, "in_search", None) is not None
        and model_admin.has_view_permission(request)
    ]
    return sorted(taking_part, key=lambda model_admin: places.index(list_view(model_admin)))


def list_view(model_admin: admin.ModelAdmin) -> str:
    return f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist"


def group(request: HttpRequest, model_admin: admin.ModelAdmin, term: str) -> Group | None:
    rows = model_admin.get_queryset(request).order_by(*model_admin.get_ordering(request))
    rows, _duplicates = model_admin.get_search_results(request, rows, term)
    fields = model_admin.get_search_fields(request)
    try:
        some = best(rows, SHOWN, partial(closeness, model_admin.model, fields, term))
    except DataError:
        return None  # nothing that the database could hold
    if not some.rows:
        return None
    return Group(
        title=capfirst(model_admin.opts.verbose_name_plural),
        icon=icon(model_admin),
        hits=[hit(model_admin, row, [*words(term)]) for row in some.rows],
        number=some.number,
        is_capped=some.is_capped,
        url=f"{reverse(list_view(model_admin))}?{urlencode({'q': term})}",
    )


def icon(model_admin: admin.ModelAdmin) -> str:
    """Return the icon of the whole list in the sidebar."""
    menus = model_admin.menu
    menus = (menus,) if isinstance(menus, navigation.Menu) else menus
    return next(menu.icon for menu in menus if not menu.query)


def hit(model_admin: admin.ModelAdmin, row, sought: list[str]) -> Hit:
    url = navigation.record_url(model_admin.model, row.pk)
    line = " · ".join(filter(None, (shown(model_admin, row, n) for n in model_admin.in_search)))
    return Hit(marked(str(row), sought), marked(line, sought), url)


def shown(model_admin: admin.ModelAdmin, row, name: str) -> str:
    """Return what the list would show of ``name``; "" for nothing."""
    try:
        field, _method, value = lookup_field(name, row, model_admin)
    except ObjectDoesNotExist:
        return ""
    if field is not None and field.choices:
        value = getattr(row, f"get_{field.name}_display")()
    text = "" if value is None else str(value)
    return "" if text == model_admin.get_empty_value_display() else text
