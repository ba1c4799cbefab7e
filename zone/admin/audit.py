from __future__ import annotations

import ipaddress
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.http import Http404
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RangeDateFilter

from zone.admin.base import ScopedModelAdmin, display, searched
from zone.admin.inputs import DayWidget
from zone.audit.details import details
from zone.audit.timeline import kind_name, moves, part_name, subject
from zone.calendar import SHANGHAI, today
from zone.database.folding import holds
from zone.files.export import MOST_ROWS, csv_file, filter_words
from zone.models import AuditEntry, User
from zone.navigation import Menu
from zone.units import NOTHING


class DaysForm(forms.Form):
    def __init__(self, name: str, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for end, label in (("from", _("first day")), ("to", _("last day"))):
            widget = DayWidget({"aria-label": label, "placeholder": label})
            self.fields[f"{name}_{end}"] = forms.DateField(required=False, widget=widget)


class DaysFilter(RangeDateFilter):
    """From one day to another, both included, in the zone's own time."""

    form_class = DaysForm

    def queryset(self, request, queryset):
        first = self._day("from")
        last = self._day("to")
        if first:
            queryset = queryset.filter(at__gte=_start(first))
        return queryset.filter(at__lt=_start(last + timedelta(days=1))) if last else queryset

    def _day(self, end: str) -> date | None:
        value = self.used_parameters.get(f"{self.parameter_name}_{end}")
        try:
            return forms.DateField(required=False).clean(value)
        except ValidationError as error:
            raise IncorrectLookupParameters(error) from error


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


class PersonFilter(DropdownFilter):
    title = _("person")
    parameter_name = "person"

    def lookups(self, request, model_admin):
        people = User.objects.order_by("username")
        return [(str(person.pk), f"{person} · {person.username}") for person in people]

    def queryset(self, request, queryset):
        return queryset.filter(by=self.value()) if self.value() else queryset


class KindFilter(DropdownFilter):
    title = _("kind of row")
    parameter_name = "kind"

    def lookups(self, request, model_admin):
        ours = [apps.get_app_config(app).get_models() for app in ("zone", "crm", "projects")]
        labels = [model._meta.label_lower for models in ours for model in models]
        return [(label, kind_name(label)) for label in labels]

    def queryset(self, request, queryset):
        return queryset.filter(model=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ScopedModelAdmin):
    """The auditor's desk: reads everything, changes nothing."""

    menu = Menu("system", "history", 100, title=_("Audit trail"))
    list_display = (
        "display_at",
        "action",
        "display_who",
        "display_row",
        "display_changes",
        "door",
        "address",
        "why",
    )
    list_filter = (
        ("at", DaysFilter),
        ("action", ChoicesDropdownFilter),
        PersonFilter,
        "door",
        KindFilter,
    )
    list_filter_submit = True
    lookups = ("at_from", "at_to", "object_id")
    show_facets = admin.ShowFacets.NEVER  # each would be a count of the whole trail
    search_fields = ("object_name",)
    search_help_text = _("Name of a row or a person, or an address")
    ordering = ("-id",)
    sortable_by = ()
    actions = None
    exportable = False  # by its own means, below
    list_before_template = "zone/export_bar.html"
    most_exported = MOST_ROWS
    change_form_outer_after_template = None
    fieldsets = (
        (None, {"fields": ("display_at", "action", "display_row_link", "object_id", "why")}),
        (_("Who and from where"), {"fields": ("display_who", "door", "address")}),
        (_("What"), {"fields": ("display_moves", "display_detail")}),
        (_("Seal"), {"fields": ("display_seal",)}),
    )

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def history_view(self, request, object_id, extra_context=None):
        raise Http404  # a line has no history: it is one

    def get_readonly_fields(self, request, obj=None):
        return [name for _title, options in self.fieldsets for name in options["fields"]]

    def render_change_form(self, request, context, *args, **kwargs):
        context["show_history"] = False
        return super().render_change_form(request, context, *args, **kwargs)

    def get_search_results(self, request, queryset, search_term):
        """Search row names by their index, people by who they are, addresses as a whole."""
        for word in searched(search_term).split():
            people = User.objects.filter(holds("display_name", word) | holds("username", word))
            found = holds("object_name", word) | Q(by__in=list(people.values_list("pk", flat=True)))
            if address := _address(word):
                found |= Q(address=address)
            queryset = queryset.filter(found)
        return queryset, False

    def get_custom_urls(self):
        return (("export/", "zone_auditentry_export", self.export),)

    def export(self, request, model_admin=None):
        """Send the filtered list as CSV and write who took how much of what."""
        if request.method != "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        try:
            entries = self.get_changelist_instance(request).get_queryset(request)[:MOST_ROWS]
        except (IncorrectLookupParameters, ValidationError):
            return redirect("admin:zone_auditentry_changelist")
        rows = [self._cells(entry) for entry in entries]
        AuditEntry.objects.record(
            AuditEntry.Action.EXPORTED,
            by=request.user,
            what="zone.auditentry",
            filter=filter_words(request.GET),
            rows=len(rows),
        )
        names = ("at", "action", "by_name", "door", "address", "object_name", "changes")
        headings = [self.opts.get_field(name).verbose_name for name in (*names, "why")]
        return csv_file(f"audit-{today():%Y%m%d}", headings, rows)

    def _cells(self, entry: AuditEntry) -> list:
        return [
            self.display_at(entry),
            entry.get_action_display(),
            self.display_who(entry),
            entry.get_door_display(),
            entry.address or "",
            subject(entry),
            _short(entry, None),
            entry.why,
        ]

    @display(description=_("at"), ordering="id")
    def display_at(self, entry):
        return entry.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")

    @display(description=_("person"))
    def display_who(self, entry):
        return entry.by_name or entry.detail.get("account") or _("the system")

    @display(description=_("row"))
    def display_row(self, entry):
        return subject(entry) or NOTHING

    @display(description=_("before and after"))
    def display_changes(self, entry):
        return _short(entry, 40) or NOTHING

    @display(description=_("row"))
    def display_row_link(self, entry):
        if not entry.object_id:
            return NOTHING
        query = urlencode({"kind": entry.model, "object_id": entry.object_id})
        url = f"{reverse('admin:zone_auditentry_changelist')}?{query}"
        return format_html(
            '{} · <a class="zone-link" href="{}">{}</a>',
            part_name(entry),
            url,
            _("all lines of this row"),
        )

    @display(description=_("before and after"))
    def display_moves(self, entry):
        found = moves(entry, None)
        return render_to_string("zone/moves.html", {"moves": found}) if found else NOTHING

    @display(description=_("detail"))
    def display_detail(self, entry):
        found = details(entry)
        return render_to_string("zone/detail.html", {"rows": found}) if found else NOTHING

    @display(description=_("position and hash in the chain"))
    def display_seal(self, entry):
        link = getattr(entry, "link", None)
        if link is None:
            return NOTHING
        words = f"{link.day} · {link.position} · {link.hash}"
        return format_html('<span class="zone-hash">{}</span>', words)


def _short(entry: AuditEntry, shown: int | None) -> str:
    found = moves(entry, shown)
    kept = found if shown is None else found[:3]
    text = "; ".join(f"{move.label}: {move.before} → {move.after}" for move in kept)
    return f"{text} …" if len(kept) < len(found) else text


def _address(word: str) -> str | None:
    try:
        return str(ipaddress.ip_address(word))
    except ValueError:
        return None
