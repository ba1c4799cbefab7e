"""The notices of whoever is logged in: unread first, by days; a tap opens the row.

No page asks for new ones by itself: each page that is opened counts them, and a timer would
either keep idle sessions alive or have to be kept out of that rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from django.apps import apps
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.dateparse import parse_date
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from zone.calendar import local_date, short_day, today
from zone.models.notices import Notice
from zone.navigation import record_url

SHOWN = 50
LAST_PAGE = 40  # what is older stands in the records themselves
NAMED = re.compile(r"%\((row|by|day)\)s")
GONE = gettext_lazy("This row is gone or no longer within your reach.")


@dataclass(frozen=True)
class Line:
    """A notice as it is read: its sentence, and whether its row can still be opened."""

    notice: Notice
    text: str
    opens: bool


@dataclass(frozen=True)
class Day:
    title: str
    lines: list[Line]


@never_cache
@require_safe
@admin.site.admin_view
def notices_page(request: HttpRequest) -> HttpResponse:
    page = _page_of(request)
    mine = Notice.objects.visible_to(request.user).select_related("by")
    unread = list(mine.unread()[:SHOWN]) if page == 1 else []
    start = (page - 1) * SHOWN
    read = list(mine.filter(read_at__isnull=False)[start : start + SHOWN + 1])
    lines = list(told(request.user, [*unread, *read[:SHOWN]]))
    context = {
        **admin.site.each_context(request),
        "title": _("Notices"),
        "unread": by_day(lines[: len(unread)]),
        "read": by_day(lines[len(unread) :]),
        "more": page + 1 if len(read) > SHOWN and page < LAST_PAGE else None,
        "page": page,
        "is_cut": len(unread) == SHOWN,
        "newest": unread[0].created_at.isoformat() if unread else "",
    }
    return TemplateResponse(request, "zone/notices/page.html", context)


@admin.site.admin_view
@require_POST
def open_notice(request: HttpRequest, pk) -> HttpResponse:
    """Take a notice as read and go to its row."""
    notice = Notice.objects.visible_to(request.user).filter(pk=pk).first()
    if notice is None:
        raise Http404
    notice.read()
    if (row := rows_of(request.user, [notice]).get(notice.object_id)) is None:
        messages.info(request, GONE)
        return redirect("notices")
    return redirect(record_url(type(row), row.pk))


@admin.site.admin_view
@require_POST
def mark_read(request: HttpRequest) -> HttpResponse:
    """Take one notice as read, or all that were there when the page was drawn."""
    mine = Notice.objects.visible_to(request.user)
    try:
        if one := request.POST.get("notice", ""):
            mine = mine.filter(pk=one)
        elif newest := request.POST.get("newest", ""):
            mine = mine.filter(created_at__lte=newest)
        mine.mark_read()
    except (ValidationError, ValueError):
        raise Http404 from None
    return redirect("notices")


def told(user, notices: list[Notice]) -> Iterator[Line]:
    rows = rows_of(user, notices)
    for notice in notices:
        row = rows.get(notice.object_id)
        yield Line(notice, sentence(notice, row) if row else str(GONE), row is not None)


def rows_of(user, notices: list[Notice]) -> dict:
    """Return the rows that ``user`` still sees by their ids: one question for each model."""
    ids: dict[str, set] = {}
    for notice in notices:
        ids.setdefault(notice.model, set()).add(notice.object_id)
    found = {}
    for label, wanted in ids.items():
        model = apps.get_model(label)
        options = model._meta
        if user.has_perm(f"{options.app_label}.view_{options.model_name}"):
            rows = model.objects.visible_to(user, "view").filter(pk__in=wanted)
            with_names = admin.site._registry[model].list_select_related or ()
            found |= {row.pk: row for row in rows.select_related(*with_names)}
    return found


def sentence(notice: Notice, row) -> str:
    """Return what a notice says, its row's name set off from the rest."""
    day = parse_date(notice.event[:10]) if notice.event[4:5] == "-" else None
    words = {"row": format_html("<b>{}</b>", row), "by": notice.by or _("The system")}
    words["day"] = format_html('<span class="zone-day">{}</span>', short_day(day)) if day else ""
    return format_html(NAMED.sub(r"{\1}", str(notice.known.text)), **words)


def by_day(lines: list[Line]) -> list[Day]:
    days = groupby(lines, key=lambda line: local_date(line.notice.created_at))
    return [Day(_title(day), list(found)) for day, found in days]


def _title(day: date) -> str:
    return _("Today") if day == today() else short_day(day)


def _page_of(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    return min(int(text), LAST_PAGE) if text.isascii() and text.isdecimal() and len(text) < 4 else 1
