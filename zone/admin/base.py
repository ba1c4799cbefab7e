"""The base of every admin class: scoped rows, quick lists, state changes as pages."""

from __future__ import annotations

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from zone.admin.state import StateAction, perform

__all__ = ["HistoryInline", "ZoneAdmin", "ZoneInline", "display"]


class ZoneAdmin(ModelAdmin):
    """An admin class that shows what its user may see and never writes a state by itself."""

    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = False
    warn_unsaved_form = True
    change_form_outer_before_template = "zone/state_bar.html"
    state_actions: tuple[StateAction, ...] = ()

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        return rows.visible_to(request.user) if hasattr(rows, "visible_to") else rows

    def has_change_permission(self, request, obj=None):
        allowed = super().has_change_permission(request, obj)
        if obj is not None and hasattr(obj, "can_change"):
            return allowed and obj.can_change(request.user)
        return allowed

    def has_delete_permission(self, request, obj=None):
        # What has been counted, signed or converted is history; it is closed, not deleted.
        allowed = super().has_delete_permission(request, obj)
        if obj is not None and hasattr(obj, "can_change"):
            return allowed and obj.can_change(request.user)
        return allowed

    def get_object(self, request, object_id, from_field=None):
        try:
            return super().get_object(request, object_id, from_field)
        except (ValidationError, ValueError, FieldDoesNotExist):
            return None

    def get_custom_urls(self):
        return tuple(
            (
                f"<uuid:object_id>/{action.name}/",
                action.url_name(self.model),
                self._state_view(action),
            )
            for action in self.state_actions
        )

    def _state_view(self, action: StateAction):
        def view(request: HttpRequest, object_id, model_admin=None) -> TemplateResponse:
            row = self.get_object(request, str(object_id))
            if row is None:
                raise Http404
            return perform(self, action, request, row)

        return view

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        extra_context = dict(extra_context or {})
        if object_id and self.state_actions:
            extra_context["state_admin"] = self
        return super().changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            context["state_links"] = self.state_links(request, obj)
            context["state_notes"] = self.state_notes(obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def state_links(self, request, obj) -> list[dict]:
        """Return the state changes this person may make on ``obj`` now."""
        return [
            {
                "label": action.label,
                "primary": action.primary,
                "url": reverse(f"admin:{action.url_name(self.model)}", args=[obj.pk]),
            }
            for action in self.state_actions
            if action.allowed(obj, request.user)
        ]

    def state_notes(self, obj) -> list[dict]:
        """Return what a reader of the form should know first: {text, url?}."""
        return []


class ZoneInline(TabularInline):
    extra = 0
    tab = False

    def has_change_permission(self, request, obj=None):
        allowed = super().has_change_permission(request, obj)
        return allowed and (not hasattr(obj, "can_change") or obj.can_change(request.user))

    has_add_permission = has_change_permission


class HistoryInline(TabularInline):
    """History is read, never written, in the admin."""

    extra = 0
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
