"""The admin's part of the trail: what it writes, and the timeline of a row."""

from __future__ import annotations

from copy import copy

from django.apps import apps
from django.contrib.admin.utils import NestedObjects, unquote
from django.core.exceptions import PermissionDenied
from django.db import models, router, transaction
from django.db.models import Q
from django.http import Http404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from zone.audit.timeline import lines
from zone.models import ApiClient, Appointment, AuditEntry, Row, User
from zone.models.audit import contents, differences, name_of, written_fields
from zone.navigation import record_url

LATEST, PAGE = 10, 50
MOST = 2**63 - 1
Action = AuditEntry.Action


class TrailMixin:
    """For admin classes: every save and deletion writes the trail, and each row shows its own.

    It takes the place of Django's LogEntry: there is one trail.
    """

    change_form_outer_after_template = "zone/timeline.html"

    def get_object(self, request, object_id, from_field=None):
        row = super().get_object(request, object_id, from_field)
        if row is not None and request.method == "POST":
            request.row_before = copy(row)  # the form is about to change the row itself
        return row

    def construct_change_message(self, request, form, formsets, add=False):
        """Return what the trail will say of this save: ``[(action, row, changes)]``."""
        if not hasattr(form, "instance"):
            return []
        row = form.instance
        made = made_of(row) if add else edited(getattr(request, "row_before", row), row)
        return [*made, *(line for formset in formsets or () for line in _of_inline(formset))]

    def save_related(self, request, form, formsets, change):
        """Record deleted rows before saving, which clears their primary keys."""
        for formset in formsets:
            for inline in () if writes_itself(formset.model) else formset.deleted_forms:
                if not inline.instance._state.adding:
                    self._record(request, removed(inline.instance))
        super().save_related(request, form, formsets, change)

    def log_addition(self, request, obj, message):
        self._record(request, message)

    def log_change(self, request, obj, message):
        self._record(request, message)

    def log_deletions(self, request, queryset):
        """Write a line for each deleted row, those deleted by cascade too."""
        collector = NestedObjects(using=router.db_for_write(self.model))
        collector.collect(queryset)
        for model, rows in collector.data.items():
            if issubclass(model, Row):
                for row in rows:
                    self._record(request, removed(row))

    def response_action(self, request, queryset):
        # One transaction for the action and its lines of the trail.
        with transaction.atomic():
            return super().response_action(request, queryset)

    @staticmethod
    def _record(request, found):
        for action, row, changes in found:
            AuditEntry.objects.record(action, by=request.user, of=row, changes=changes)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None and self.change_form_outer_after_template:
            entries = list(self._story(request, obj)[: LATEST + 1])
            context["timeline"] = self._lines(request, entries[:LATEST], obj)
            if len(entries) > LATEST:
                context["timeline_all"] = self._history_url(obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def history_view(self, request, object_id, extra_context=None):
        """Show the timeline of a row, page by page."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        entries = self._story(request, row)
        before = request.GET.get("before", "")
        if before.isdecimal() and int(before) <= MOST:
            entries = entries.filter(pk__lt=int(before))
        entries = list(entries[: PAGE + 1])
        context = {
            **self.admin_site.each_context(request),
            "title": _("History: %(row)s") % {"row": row},
            "opts": self.opts,
            "row": name_of(row),
            "back": record_url(self.model, row.pk),
            "timeline": self._lines(request, entries[:PAGE], row),
            "older": entries[PAGE - 1].pk if len(entries) > PAGE else None,
            "later": bool(before),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "zone/history.html", context)

    @staticmethod
    def _story(request, row):
        """Return the trail of ``row``, with those parts whose kind the person may open."""
        kinds = [
            model._meta.label_lower
            for model in apps.get_models()
            if request.user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")
        ]
        return AuditEntry.objects.timeline(row).filter(
            Q(model__in=kinds) | Q(model=row._meta.label_lower, object_id=str(row.pk))
        )

    @staticmethod
    def _lines(request, entries, row):
        watches = request.user.has_perm("zone.view_auditentry")
        return lines(entries, of=row, with_address=watches)

    def _history_url(self, row) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_history", args=[row.pk])


def made_of(row: models.Model) -> list[tuple]:
    changes = {name: ["", value] for name, value in contents(row).items()}
    return [(action_of(Action.CREATED, row, changes), row, changes)]


def edited(before: models.Model, after: models.Model) -> list[tuple]:
    """Return the line of a change; a save that changes nothing has none."""
    changes = differences(before, after, written_fields(after._meta.model))
    return [(action_of(Action.CHANGED, after, changes), after, changes)] if changes else []


def removed(row: models.Model) -> list[tuple]:
    changes = {name: [value, ""] for name, value in contents(row).items()}
    return [(action_of(Action.DELETED, row, changes), row, changes)]


def _of_inline(formset) -> list[tuple]:
    """Return the lines of an inline's new and changed rows, shown in its parent's timeline."""
    if writes_itself(formset.model):
        return []
    forms = {form.instance.pk: form for form in formset.initial_forms}
    found = [line for row in formset.new_objects for line in made_of(row)]
    for row, _names in formset.changed_objects:
        found += edited(_as_opened(forms[row.pk]), row)
    return found


def writes_itself(model: type[models.Model]) -> bool:
    """Whether the methods of ``model`` write its lines, at whatever door."""
    return getattr(model, "WRITES_TRAIL", False)


def _as_opened(form) -> models.Model:
    """Return the row as it was when the form was opened."""
    before = copy(form.instance)
    for field in before._meta.concrete_fields:
        if field.name in form.initial:
            setattr(before, field.attname, field.to_python(form.initial[field.name]))
    return before


def action_of(action: str, row: models.Model, changes: dict) -> str:
    """Return the action's own name where rights come, go or change."""
    own = {User: {"is_superuser", "is_active"}, ApiClient: {"sources"}}
    if own.get(type(row), set()) & changes.keys():
        return Action.RIGHTS if action == Action.CHANGED else action
    if not isinstance(row, Appointment):
        return action
    if action == Action.CHANGED:
        ended = changes.get("ends_on", ["", ""])[1] and changes.keys() == {"ends_on"}
        return Action.ENDED if ended else Action.RIGHTS
    return Action.APPOINTED if action == Action.CREATED else Action.ENDED
