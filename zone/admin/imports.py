"""Imports in the admin: the preview of every row, the decision on it, and the undoing."""

from __future__ import annotations

from django import forms
from django.apps import apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldBooleanSwitchWidget

from zone.admin.base import Colours, ScopedModelAdmin, display
from zone.admin.state import StateAction, StateForm
from zone.calendar import minute
from zone.files import workbooks
from zone.importing import tables
from zone.importing.nouns import nouns
from zone.importing.running import decide
from zone.importing.undoing import undo
from zone.models import AuditEntry, ImportLine, ImportRun
from zone.navigation import Menu

PER_PAGE = 50
RUN_COLOURS = Colours(
    {
        ImportRun.State.READY.label: "warning",
        ImportRun.State.DONE.label: "success",
        ImportRun.State.STOPPED.label: "danger",
        ImportRun.State.CHECKING.label: "info",
        ImportRun.State.WRITING.label: "info",
    }
)
TONES = {"NEW": "success", "CHANGED": "info", "DUPLICATE": "warning", "ERROR": "danger"}


class WriteForm(StateForm):
    """Writes the rows; a file that was written before is written again only if it is said."""

    mode = forms.ChoiceField(choices=ImportRun.Mode.choices, widget=forms.HiddenInput)
    again = forms.BooleanField(
        label=_("Import it once more"), required=False, widget=UnfoldBooleanSwitchWidget
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["mode"] = "GOOD" if self.row.refused else "ALL"
        self.before = written_before(self.row)
        if self.before is None:
            del self.fields["again"]

    def clean(self):
        data = super().clean()
        if self.before is not None and not data.get("again"):
            self.add_error("again", ValidationError(before_words(self.before), code="again"))
        return data

    def apply(self):
        decide(self.row, self.cleaned_data["mode"], by=self.user)


class DropForm(StateForm):
    def apply(self):
        self.row.drop(by=self.user)


class UndoForm(StateForm):
    def apply(self):
        undo(self.row, by=self.user)


def written_before(run: ImportRun) -> ImportRun | None:
    return ImportRun.objects.written_before(run).select_related("by").first()


def before_words(run: ImportRun) -> str:
    words = _("This file was imported on %(at)s by %(by)s.")
    return words % {"at": minute(run.finished_at), "by": run.by}


def counted(run: ImportRun) -> str:
    said = [
        f"{label} {run.counts[state]}" for state, label in LABELS.items() if state in run.counts
    ]
    return " · ".join(said)


LABELS = dict(ImportLine.State.choices)


@admin.register(ImportRun)
class ImportRunAdmin(ScopedModelAdmin):
    menu = Menu("workbench", "upload_file", 60)
    list_display = (
        "name",
        "display_kind",
        "display_state",
        "display_counts",
        "by",
        "created_at",
    )
    list_filter = ("state", "by")
    search_fields = ("name",)
    list_select_related = ("by",)
    sortable_by = ("created_at",)
    fields = ("name", "display_kind", "display_state", "by", "created_at")
    readonly_fields = fields
    state_actions = (
        StateAction(
            "write",
            _("Import"),
            WriteForm,
            "can_write",
            _("“%(row)s”: see below what was written."),
            primary=True,
            explain=lambda run: _("The rows are written as if you had typed them."),
        ),
        StateAction(
            "drop",
            _("Give up"),
            DropForm,
            "can_drop",
            _("“%(row)s” was given up; nothing was written."),
            explain=lambda run: _("Nothing is written, and the file is removed."),
        ),
        StateAction(
            "undo",
            _("Undo the import"),
            UndoForm,
            "can_undo",
            _("“%(row)s” was undone; see below what could not be."),
            explain=lambda run: (
                _(
                    "New rows are removed and former values restored, where nobody has changed "
                    "them since and nothing belongs to them. Possible until %(until)s."
                )
                % {"until": minute(run.undo_until)}
            ),
        ),
    )

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_custom_urls(self):
        return (
            *super().get_custom_urls(),
            ("<uuid:object_id>/state/", "zone_importrun_state", self.state_view),
            ("<uuid:object_id>/refused/", "zone_importrun_refused", self.refused_view),
        )

    def _run(self, request: HttpRequest, object_id) -> ImportRun:
        run = self.get_object(request, str(object_id))
        if run is None:
            raise Http404
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        return run

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """Show every row of the file with what it becomes, or has become."""
        run = self.get_object(request, object_id)
        if run is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        state = request.GET.get("state", "")
        lines = run.lines.order_by("number")
        if state in LABELS:
            lines = lines.filter(state=state)
        context = {
            **self.admin_site.each_context(request),
            "title": _("View: %(row)s") % {"row": run},
            "opts": self.opts,
            "run": run,
            "kind": self.display_kind(run),
            "state_links": self._links(request, run),
            "chips": self._chips(run, state),
            "page": Paginator(lines, PER_PAGE).get_page(request.GET.get("page")),
            "chosen": state,
            "before": self._before(request, run),
            "can_write": run.can_write(request.user),
            "may_take_refused": bool(run.file) and run.by_id == request.user.pk,
            "list_url": self._list_url(run),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        response = TemplateResponse(request, "zone/imports/run.html", context)
        add_never_cache_headers(response)
        return response

    def _links(self, request, run: ImportRun) -> list[dict]:
        # The decision has buttons of its own, each with what it means.
        return [link for link in self.state_links(request, run) if not link["primary"]]

    def _before(self, request, run: ImportRun) -> str:
        known = written_before(run) if run.can_write(request.user) else None
        return before_words(known) if known else ""

    def _chips(self, run: ImportRun, chosen: str) -> list[dict]:
        everything = {"label": _("all"), "query": "?", "number": run.rows, "on": not chosen}
        return [
            everything,
            *(
                {
                    "label": label,
                    "query": f"?state={state}",
                    "number": run.counts[state],
                    "on": state == chosen,
                    "tone": TONES.get(state, ""),
                }
                for state, label in LABELS.items()
                if state in run.counts
            ),
        ]

    def _list_url(self, run: ImportRun) -> str:
        if run.model not in nouns():
            return ""
        options = apps.get_model(run.model)._meta
        return reverse(f"admin:{options.app_label}_{options.model_name}_changelist")

    def state_view(self, request: HttpRequest, object_id, model_admin=None) -> JsonResponse:
        """Tell the page how far the worker is."""
        run = self._run(request, object_id)
        response = JsonResponse(
            {"at_work": run.is_at_work, "done": min(run.done, run.rows), "rows": run.rows}
        )
        add_never_cache_headers(response)
        return response

    def refused_view(self, request: HttpRequest, object_id, model_admin=None) -> HttpResponse:
        """Send the rows that were not written, to whoever brought them: numbers stand in them."""
        run = self._run(request, object_id)
        if run.by_id != request.user.pk or run.model not in nouns():
            raise PermissionDenied
        if not run.file:
            raise Http404
        AuditEntry.objects.record(
            AuditEntry.Action.DOWNLOADED, by=request.user, of=run, rows=run.refused
        )
        name = _("Refused rows of %(file)s") % {"file": run.name.rpartition(".")[0]}
        return workbooks.download(tables.refused(run, nouns()[run.model](request.user)), name)

    @display(description=_("kind of row"), ordering="model")
    def display_kind(self, run):
        if run.model not in nouns():
            return run.model
        return capfirst(nouns()[run.model].model._meta.verbose_name)

    @display(description=_("state"), ordering="state", label=RUN_COLOURS)
    def display_state(self, run):
        return run.get_state_display()

    @display(description=_("rows"))
    def display_counts(self, run):
        return counted(run) or run.rows
