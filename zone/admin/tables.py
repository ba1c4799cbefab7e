"""Tables in and out of a list: its export as filtered, the template, the upload of a file."""

from __future__ import annotations

from collections.abc import Iterator

from django import forms
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminFileFieldWidget

from zone.calendar import today
from zone.files import workbooks
from zone.files.export import MOST_ROWS, filter_words
from zone.files.sheets import ACCEPT
from zone.importing import tables
from zone.importing.nouns import Importable, noun_of
from zone.importing.running import AT_ONCE, take_in
from zone.models import AuditEntry

Action = AuditEntry.Action


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("file"),
        allow_empty_file=True,  # the reader says it better
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ACCEPT}),
        help_text=_(".xlsx or .csv (UTF-8 or GBK). Nothing is written before you have seen it."),
    )


class TableAdmin:
    """For admin classes: every list can be exported, that of an importable noun imported too."""

    exportable = True

    def table_urls(self) -> list[tuple]:
        prefix = f"{self.opts.app_label}_{self.opts.model_name}"
        urls = [("import/", f"{prefix}_import", self.import_view)] if self.importable else []
        if self.importable:
            urls.append(("import/template/", f"{prefix}_template", self.template_view))
        if self.exportable:
            urls.append(("export/", f"{prefix}_export", self.export_view))
        return urls

    @property
    def importable(self) -> type[Importable] | None:
        return noun_of(self.model)

    def _noun(self, request: HttpRequest) -> Importable:
        if not self.importable.may_import(request.user):
            raise PermissionDenied
        return self.importable(request.user)

    def changelist_view(self, request, extra_context=None):
        kind = self.importable
        links = {
            "can_export": self.exportable and self.has_view_permission(request),
            "can_import": kind is not None and kind.may_import(request.user),
        }
        return super().changelist_view(request, {**links, **(extra_context or {})})

    # In

    def template_view(self, request: HttpRequest, model_admin=None) -> HttpResponse:
        noun = self._noun(request)
        name = _("Template %(noun)s") % {"noun": tables.title_of(noun)}
        return workbooks.download(tables.template(noun), name)

    def import_view(self, request: HttpRequest, model_admin=None) -> HttpResponse:
        """Take in a file and lead to its preview; what is wrong with it stands on the form."""
        noun = self._noun(request)
        posted = (request.POST, request.FILES) if request.method == "POST" else ()
        form = UploadForm(*posted)
        if form.is_valid():
            try:
                run = take_in(noun, form.cleaned_data["file"])
                return redirect("admin:zone_importrun_change", run.pk)
            except ValidationError as refusal:
                form.add_error("file", refusal)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Import: %(nouns)s") % {"nouns": self.opts.verbose_name_plural},
            "opts": self.opts,
            "form": form,
            "columns": [(tables.heading_of(c), tables.about(c)) for c in noun.offered()],
            "at_once": AT_ONCE,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "zone/imports/upload.html", context)

    # Out

    def export_view(self, request: HttpRequest, model_admin=None) -> HttpResponse:
        """Send the filtered list as a workbook and write who took how much of what."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return require_POST(self._export)(request)

    def _export(self, request: HttpRequest) -> HttpResponse:
        try:
            rows = list(self.get_changelist_instance(request).get_queryset(request)[:MOST_ROWS])
        except (IncorrectLookupParameters, ValidationError):
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        AuditEntry.objects.record(
            Action.EXPORTED,
            by=request.user,
            what=self.opts.label_lower,
            filter=filter_words(request.GET),
            rows=len(rows),
        )
        title = capfirst(str(self.opts.verbose_name_plural))
        return workbooks.download(self._table(request, title, rows), f"{title} {today():%Y%m%d}")

    def _table(self, request: HttpRequest, title: str, rows: list[models.Model]) -> bytes:
        if self.importable and self.importable.may_import(request.user):
            noun = self.importable(request.user)
            models.prefetch_related_objects(rows, *noun.select_related)
            noun.see(rows)
            return tables.exported(noun, rows)
        names = [name for name in self.get_list_display(request) if name != "action_checkbox"]
        headings = [capfirst(str(label_for_field(n, self.model, self))) for n in names]
        return workbooks.table(title, headings, (self._cells(names, row) for row in rows))

    def _cells(self, names: list[str], row: models.Model) -> Iterator:
        for name in names:
            field, _attribute, value = lookup_field(name, row, self)
            if field is not None and field.choices:
                value = dict(field.flatchoices).get(value, value)
            elif field is not None and field.is_relation:
                value = getattr(row, field.name)
            # A label is (key of its colour, text).
            yield value[1] if isinstance(value, tuple) else value
