"""The base of every admin class: scoped rows, quick lists, state changes as pages."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import FieldDoesNotExist, PermissionDenied, ValidationError
from django.db import DataError, connection
from django.http import HttpRequest
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from zone import identifiers
from zone.access.row_access import is_open
from zone.admin.autocomplete import KnownAutocompleteMixin
from zone.admin.clashes import ClashAwareAdmin
from zone.admin.guarded import GuardedAdmin, GuardedInline
from zone.admin.inputs import OurInputs
from zone.admin.list_views import ViewedAdmin
from zone.admin.many import ManyRowsAdmin
from zone.admin.once import SavedOnceAdmin
from zone.admin.opened import OpenedPagesAdmin, action_url, gone
from zone.admin.paging import CappedPaginator, ScopedChangeList, page_of
from zone.admin.records import RecordAdmin
from zone.admin.scope import ScopedDoors, ScopedRows
from zone.admin.sorting import SortedByPinyin
from zone.admin.state import StateAction, perform
from zone.admin.tables import TableAdmin
from zone.admin.titles import TitledAdmin
from zone.admin.trail import TrailMixin
from zone.admin.versions import VersionedAdmin, VersionedInline
from zone.database.plans import with_rows
from zone.database.search import search
from zone.navigation import record_url

__all__ = ["Colours", "HistoryInline", "ScopedModelAdmin", "ZoneInline", "display", "is_open"]
__all__ += ["searched"]
SLUGS = ("/urlify.", "/prepopulate.", "/xregexp.")  # 48 KB on the wire
LONGEST_SEARCH = 200  # characters; no name is longer


class Colours(dict):
    """Colours by translated label, found in whichever language the page is drawn.

    A plain dict hashes a lazy label once, in the language of that moment.
    """

    def __contains__(self, label):
        return any(str(known) == str(label) for known in self)

    def __getitem__(self, label):
        return next(colour for known, colour in self.items() if str(known) == str(label))


def searched(term: str) -> str:
    """Return what the database can look for: each word of a search is a condition of its own."""
    return identifiers.visible(term)[:LONGEST_SEARCH]


class ScopedModelAdmin(
    TitledAdmin,
    OpenedPagesAdmin,
    ClashAwareAdmin,
    SavedOnceAdmin,
    RecordAdmin,
    ManyRowsAdmin,
    ViewedAdmin,
    ScopedDoors,
    SortedByPinyin,
    VersionedAdmin,
    GuardedAdmin,
    TrailMixin,
    KnownAutocompleteMixin,
    OurInputs,
    TableAdmin,
    ModelAdmin,
):
    """An admin class that shows what its user may see and never writes a state by itself."""

    list_per_page = 50
    paginator = CappedPaginator
    show_full_result_count = False
    list_filter_submit = False
    warn_unsaved_form = True
    change_form_outer_before_template = "zone/state_bar.html"
    state_actions: tuple[StateAction, ...] = ()
    # What the second line of a row found in the search of everything shows; None: it finds none.
    in_search: tuple[str, ...] | None = None

    @property
    def media(self):
        """Return Django's scripts without those that make slugs: no field is one."""
        media = super().media
        scripts = [path for path in media._js if not any(name in path for name in SLUGS)]
        return forms.Media(css=media._css, js=scripts)

    @classmethod
    def add_action(cls, action: StateAction, position: int):
        """Add a state change to the rows of a lower app; its button stands at ``position``."""
        actions = list(cls.state_actions)
        actions.insert(position, action)
        cls.state_actions = tuple(actions)

    def has_change_permission(self, request, obj=None):
        may = super().has_change_permission(request, obj) and self.has_right(request, "change", obj)
        return may and is_open(obj, request.user)

    def has_delete_permission(self, request, obj=None):
        # What has been counted, signed or converted is history; it is closed, not deleted.
        may = super().has_delete_permission(request, obj) and self.has_right(request, "delete", obj)
        return may and is_open(obj, request.user)

    def get_readonly_fields(self, request, obj=None):
        fields = super().get_readonly_fields(request, obj)
        return (*fields, *getattr(self.model, "WRITE_ONCE", ())) if obj else fields

    def get_object(self, request, object_id, from_field=None):
        """Return the row, locked while a form is being saved.

        A form writes every column: without the lock it would write back a state that a
        colleague's recognition or claim has changed in the meantime.
        """
        try:
            if request.method == "POST" and connection.in_atomic_block:
                rows = self.model._base_manager.select_for_update().filter(pk=object_id)
                list(rows.values_list("pk"))
            return super().get_object(request, object_id, from_field)
        except (ValidationError, ValueError, FieldDoesNotExist):
            return None

    def get_search_results(self, request, queryset, search_term):
        """Search, for lists and autocompletes, with what the labels of the rows need."""
        if self.list_select_related and not queryset.query.select_related:
            queryset = queryset.select_related(*self.list_select_related)
        return search(queryset, self.get_search_fields(request), searched(search_term)), False

    def get_paginator(self, request, queryset, *args, **kwargs):
        paginator = super().get_paginator(request, queryset, *args, **kwargs)
        paginator.asked = page_of(request)
        paginator.total_of = self.list_total
        if SEARCH_VAR not in request.GET:  # what is searched for shows no periods
            paginator.period = self.date_hierarchy
        return paginator

    def get_changelist(self, request, **kwargs):
        return ScopedChangeList

    def formfield_for_choice_field(self, db_field, request, **kwargs):
        # Unfold preselects the first choice; what has no default is to be chosen.
        if not db_field.blank and not db_field.has_default() and "choices" not in kwargs:
            blank = [("", _("Select value"))]
            kwargs["choices"] = db_field.get_choices(include_blank=True, blank_choice=blank)
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def changelist_view(self, request, extra_context=None):
        """Open the list; a query string that cannot be read leads to the whole list."""
        try:
            return super().changelist_view(request, extra_context)
        except (DataError, OverflowError, ValidationError, ValueError):
            messages.warning(request, _("This filter could not be read; here is the whole list."))
            return redirect(request.path)

    def get_custom_urls(self):
        actions = (
            (
                f"<uuid:object_id>/{action.name}/",
                action.url_name(self.model),
                self._state_view(action),
            )
            for action in self.state_actions
        )
        return (*self.table_urls(), *super().get_custom_urls(), *actions)

    def _state_view(self, action: StateAction):
        def view(request: HttpRequest, object_id, model_admin=None) -> TemplateResponse:
            row = self.get_object(request, str(object_id))
            if row is None:
                return gone(self, request, object_id, action)
            if not self.has_view_permission(request, row):
                raise PermissionDenied
            back = record_url(self.model, row.pk)
            return self.once(request, lambda: perform(self, action, request, row), back)

        return view

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        extra_context = dict(extra_context or {})
        if object_id and self.state_actions:
            extra_context["state_admin"] = self
        return super().changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            context["state_links"] = self.state_links(request, obj)
            context["state_notes"] = self.state_notes(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def state_links(self, request, obj) -> list[dict]:
        """Return the state changes this person may make on ``obj`` now."""
        return [
            {
                "name": action.name,
                "label": action.label,
                "primary": action.primary,
                "icon": action.icon,
                "is_sheet": action.is_sheet,
                "url": action_url(action, obj, request.user),
            }
            for action in self.state_actions
            if action.allowed(obj, request.user)
        ]

    def state_notes(self, request, obj) -> list[dict]:
        """Return what a reader of the form should know first: {text, url?}."""
        return []


class ZoneInline(
    ScopedRows, VersionedInline, GuardedInline, KnownAutocompleteMixin, OurInputs, TabularInline
):
    extra = 0
    hide_title = True

    def get_queryset(self, request):
        """Load what the rows point at with the rows, for their labels and autocompletes."""
        keys = [field.name for field in self.model._meta.fields if field.many_to_one]
        rows = super().get_queryset(request).select_related(*keys)
        return with_rows(rows, many=True)  # found by their parent, and each looked at by itself

    def has_change_permission(self, request, obj=None):
        may = super().has_change_permission(request, obj) and self.has_right(request, "change", obj)
        return may and is_open(obj, request.user)

    def has_add_permission(self, request, obj=None):
        may = super().has_add_permission(request, obj) and self.has_right(request, "add", obj)
        return may and is_open(obj, request.user)

    def has_delete_permission(self, request, obj=None):
        may = super().has_delete_permission(request, obj) and self.has_right(request, "delete", obj)
        return may and is_open(obj, request.user)


class HistoryInline(TabularInline):
    """History is read, never written, in the admin."""

    extra = 0
    hide_title = True
    max_num = 0
    can_delete = False
    ordering = ("-at",)

    def has_view_permission(self, request, obj=None):
        return True

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("by")
