"""The page of a row as a record: what it is, what comes next, what has happened to it.

An admin class declares a ``Record`` and gets the page beside its form; its lists, state changes and
searches lead there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from html import unescape
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.utils import display_for_field, label_for_field, lookup_field
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Model, Sum, Window
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from zone import units
from zone.admin.events import story
from zone.admin.once import token
from zone.admin.opened import mark
from zone.calendar import short_day, today
from zone.fields import WanField
from zone.models.staged import Staged
from zone.navigation import record_url

SHOWN, MORE, MOST = 8, 60, 500  # events: at first, after the first click, after the second
ROWS = 5  # of each kind of related rows
NAMED = 50  # keys in the address of a list: beyond that it is too long


@dataclass(frozen=True)
class Related:
    """Rows that belong to a record: ``path`` leads from them to it.

    ``columns`` are names of their admin class's list, ``total`` the amount that is summed up;
    ``add`` names the field that a new row is given the record by. ``keys`` names a property of the
    record with the keys that ``path`` leads to, where these are several or others; none
    leaves the section out.
    """

    model: type[Model]
    path: str
    columns: tuple[str, ...] = ()
    total: str = ""
    title: str = ""
    add: str = ""
    keys: str = ""


@dataclass
class Record:
    """What the page of a row shows; names are fields of the model or displays of its admin class.

    ``under`` stands below the name, ``amount`` is the one figure, ``facts`` answer the first
    questions; ``main`` names up to three actions, the rest is in a menu. The timeline tells of the
    row and of the rows that ``story_of`` leads to.
    """

    under: tuple[str, ...] = ()
    badges: tuple[str, ...] = ()
    amount: str = ""
    amount_note: str = ""
    facts: tuple[str, ...] = ()
    main: tuple[str, ...] = ()
    story_of: list[str] = field(default_factory=list)
    related: list[Related] = field(default_factory=list)

    def add(self, *related: Related, story_of: str = ""):
        """Let a higher app show its rows on the records of a lower one."""
        self.related += related
        self.story_of += [story_of] if story_of else []


@dataclass(frozen=True)
class NextStep:
    """What is to be done next, and when; shown red once its day is over."""

    text: str
    on: date | None
    is_open: bool = True

    @property
    def day(self) -> str:
        return short_day(self.on) if self.on else ""

    @property
    def overdue(self) -> int:
        """Return the days since it was due; 0 while it is not."""
        late = self.is_open and self.on is not None and self.on < today()
        return (today() - self.on).days if late else 0


def related_paths(model: type[Model]) -> set[str]:
    """Return the paths by which records lead to lists of ``model``."""
    records = (getattr(one, "record", None) for one in admin.site._registry.values())
    found = [item for record in records if record for item in record.related]
    return {f"{item.path}__id" for item in found if item.model is model}


class RecordAdmin:
    """For admin classes with a ``record``: its page, and what leads to it."""

    record: Record | None = None

    def get_custom_urls(self):
        if self.record is None:
            return super().get_custom_urls()
        name = f"{self.opts.app_label}_{self.opts.model_name}_record"
        return (*super().get_custom_urls(), ("<uuid:object_id>/", name, self.record_view))

    def lookup_allowed(self, lookup, value, request=None):
        path, _separator, comparison = lookup.rpartition("__")
        leads_here = comparison in ("exact", "in") and path in related_paths(self.model)
        return leads_here or super().lookup_allowed(lookup, value, request)

    def response_add(self, request, obj, post_url_continue=None):
        request.saved_row = obj
        return super().response_add(request, obj, post_url_continue)

    def response_change(self, request, obj):
        request.saved_row = obj
        return super().response_change(request, obj)

    def message_user(self, request, message, *args, **kwargs):
        """Lead from what Django says of a saved row to its record, not to its form."""
        row = getattr(request, "saved_row", None)
        if self.record is not None and row is not None:
            form = reverse(
                f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk]
            )
            before, found, after = message.partition(_named(form, row))
            parts = (unescape(before), _named(record_url(self.model, row.pk), row), unescape(after))
            message = format_html("{}{}{}", *parts) if found else message
        super().message_user(request, message, *args, **kwargs)

    def response_post_save_add(self, request, obj):
        return self._to_record(request, obj) or super().response_post_save_add(request, obj)

    def response_post_save_change(self, request, obj):
        return self._to_record(request, obj) or super().response_post_save_change(request, obj)

    def _to_record(self, request, obj) -> HttpResponse | None:
        """Lead from a saved form to the record, from which the list is come back to."""
        if self.record is None or not self.has_view_permission(request, obj):
            return None
        kept = self.get_preserved_filters(request)
        return redirect(record_url(self.model, obj.pk) + (f"?{kept}" if kept else ""))

    def record_view(self, request: HttpRequest, object_id, model_admin=None) -> HttpResponse:
        row = self.get_object(request, str(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(object_id))
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "zone/record.html", self.record_context(request, row))

    def record_context(self, request: HttpRequest, row) -> dict:
        links = self.state_links(request, row)
        chosen = [link for name in self.record.main for link in links if link["name"] == name][:3]
        self._add_sheets(request, row, chosen)
        return {
            **self.admin_site.each_context(request),
            "title": str(row),
            "opts": self.opts,
            "row": row,
            "original": row,
            "under": [self._value(request, row, name) for name in self.record.under],
            "badges": [*(self._badge(row, name) for name in self.record.badges), *self.chips(row)],
            "amount": self._shown(row, self.record.amount),
            "amount_note": self._shown(row, self.record.amount_note),
            "facts": [self._value(request, row, name) for name in self.record.facts],
            "stages": stages(row),
            "missing": missing(row),
            "next_step": self.next_step(request, row),
            "notes": self.state_notes(request, row),
            "actions": chosen,
            "menu": [link for link in links if link not in chosen],
            "story": self._record_story(request, row),
            "related": self._related(request, row),
            "fields": self._fields(request, row),
            **self._ways(request, row),
        }

    def _add_sheets(self, request, row, links: list[dict]):
        """Give the actions that are asked over the record their forms."""
        forms = {action.name: action.form for action in self.state_actions if action.is_sheet}
        for link in links:
            if link["name"] in forms:
                link["form"] = forms[link["name"]](row=row, user=request.user)
                link["form"].once = token(request)
                link["form"].opened = mark(request.user, type(row), row.pk, link["name"])

    def next_step(self, request, row) -> NextStep | None:
        """Return what is to be done next about ``row``; most kinds of rows have nothing."""
        return None

    def chips(self, row) -> list[dict]:
        """Return further badges: {text, tone}."""
        return []

    def _ways(self, request, row) -> dict:
        """Return where one goes from here: back to the list, to the form, to the history."""
        kept = self.get_preserved_filters(request)
        back = request.GET.get("_changelist_filters", "")
        rows = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        form = reverse(f"{name}_change", args=[row.pk])
        may_change = self.has_change_permission(request, row)
        may_delete = self.has_delete_permission(request, row)
        return {
            "back": f"{rows}?{back}" if back else rows,
            "edit": (f"{form}?{kept}" if kept else form) if may_change else "",
            "delete": reverse(f"{name}_delete", args=[row.pk]) if may_delete else "",
            "history": reverse(f"{name}_history", args=[row.pk]),
        }

    def _record_story(self, request, row):
        owners = {type(row): {row.pk: ""}}
        for name in self.record.story_of:
            owners |= self._owned(request, row, name)
        asked = request.GET.get("events", "")
        most = {"more": MORE, "all": MOST}.get(asked, SHOWN)
        return story(owners, request.user, group=request.GET.get("group", ""), most=most)

    def _owned(self, request, row, name: str) -> dict[type[Model], dict]:
        """Return the rows within reach that the relation ``name`` leads to: names by key."""
        relation = row._meta.get_field(name)
        target = self.admin_site._registry[relation.related_model]
        if not target.has_view_permission(request):
            return {}
        if relation.one_to_many:
            chosen = {relation.field.name: row.pk}
        else:
            chosen = {"pk": getattr(row, relation.attname)}
        rows = target.model._default_manager.visible_to(request.user, "view").filter(**chosen)
        rows = rows.order_by().select_related(*(target.list_select_related or ()))
        return {target.model: {one.pk: str(one) for one in rows[:MOST]}}

    def _related(self, request, row) -> list[dict]:
        found = []
        for item in self.record.related:
            target = self.admin_site._registry[item.model]
            keys = getattr(row, item.keys) if item.keys else [row.pk]
            if keys and target.has_view_permission(request):
                found.append(_section(target, item, request, row, keys))
        return found

    def _fields(self, request, row) -> dict:
        """Return every field of the form as it stands; and the names of those left empty."""
        names = [
            name
            for _title, options in self.get_fieldsets(request, row)
            for line in options["fields"]
            for name in ([line] if isinstance(line, str) else line)
        ]
        values = [self._value(request, row, name) for name in names]
        filled = [one for one in values if one["text"] not in ("", units.NOTHING, None)]
        return {"filled": filled, "empty": [one["label"] for one in values if one not in filled]}

    def _value(self, request, row, name: str) -> dict:
        model_field, _attr, value = lookup_field(name, row, self)
        label = capfirst(str(label_for_field(name, self.model, self)))
        link = ""
        if isinstance(value, Model):
            options = value._meta
            seen = request.user.has_perm(f"{options.app_label}.view_{options.model_name}")
            has_page = getattr(self.admin_site._registry.get(type(value)), "record", None)
            link = record_url(type(value), value.pk) if seen and has_page else ""
        return {"label": label, "text": in_words(model_field, value), "url": link, "name": name}

    def _shown(self, row, name: str) -> str:
        if not name:
            return ""
        model_field, _attr, value = lookup_field(name, row, self)
        return in_words(model_field, value)

    def _badge(self, row, name: str) -> dict:
        _field, display, value = lookup_field(name, row, self)
        colours = getattr(display, "label", None)
        tone = colours[value] if isinstance(colours, dict) and value in colours else "default"
        return {"text": value, "tone": tone}


def _named(address: str, row) -> str:
    return format_html('<a href="{}">{}</a>', address, row)


def in_words(model_field, value) -> str:
    """Write the value of a field or of a display as a reader of the record sees it."""
    if value is None or value == "":
        return units.NOTHING
    if isinstance(model_field, WanField):
        return units.money_in_full(value)
    if model_field is not None and model_field.name.endswith("_m2"):
        return units.area(value)
    if model_field is None or isinstance(value, Model):
        return value
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, date):
        return str(value) if not hasattr(value, "hour") else f"{value:%Y-%m-%d %H:%M}"
    return display_for_field(value, model_field, units.NOTHING)


def stages(row) -> list[dict]:
    """Return the stages of ``row`` in their order, each with the day on which it was reached."""
    if not isinstance(row, Staged):
        return []
    days = dict(row.stage_changes.order_by("on", "at").values_list("to_stage", "on"))
    here = row.STAGES.index(row.stage) if row.stage in row.STAGES else len(row.STAGES)
    found = []
    for place, stage in enumerate(row.STAGES):
        state = "done" if place < here else "now" if place == here else "ahead"
        on = days.get(stage) if place <= here else None
        since = (today() - on).days if on and state == "now" else None
        found.append({"label": type(row).Stage(stage).label, "state": state, "on": on})
        found[-1]["days"] = since
    return found


def missing(row) -> dict | None:
    """Return what the row lacks for its next stage; None where no stage follows."""
    if not isinstance(row, Staged) or row.next_stage is None:
        return None
    stage = type(row).Stage(row.next_stage).label
    return {"stage": stage, "lacks": row.missing_for(row.next_stage)}


def _section(target, item: Related, request, row, keys: list) -> dict:
    """Return the newest rows of a kind with their number and sum, in one query."""
    rows = target.get_queryset(request).filter(**{f"{item.path}__in": keys})
    rows = rows.select_related(*(target.list_select_related or ()))
    extra = {"record_count": Window(Count("*"))}
    if item.total:
        extra["record_total"] = Window(Sum(item.total))
    found = list(rows.annotate(**extra)[:ROWS])
    query = {f"{item.path}__id__in" if item.keys else f"{item.path}__id__exact": _listed(keys)}
    options = item.model._meta
    address = f"admin:{options.app_label}_{options.model_name}"
    rows_url = f"{reverse(f'{address}_changelist')}?{urlencode(query)}"
    add = ""
    if item.add and target.has_add_permission(request):
        add = f"{reverse(f'{address}_add')}?{urlencode({item.add: row.pk})}"
    return {
        "title": capfirst(str(item.title or options.verbose_name_plural)),
        "count": found[0].record_count if found else 0,
        "total": units.money(found[0].record_total) if item.total and found else "",
        "rows": [_row(target, item, one) for one in found],
        "url": rows_url if len(keys) <= NAMED else "",
        "add": add,
        "rest": found[0].record_count - len(found) if found else 0,
    }


def _listed(keys: list) -> str:
    return ",".join(map(str, keys))


def _row(target, item: Related, one) -> dict:
    values = []
    for name in item.columns:
        model_field, _attr, value = lookup_field(name, one, target)
        values.append(in_words(model_field, value))
    return {"text": str(one), "url": record_url(type(one), one.pk), "values": values}
