"""State changes in the admin: a page that says what will happen, then one model method."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from zone.admin.clashes import clash_error
from zone.admin.inputs import DayWidget
from zone.admin.once import token
from zone.admin.opened import gone, mark, no_longer
from zone.calendar import today
from zone.fields import ProseInput
from zone.identifiers import no_personal_number
from zone.navigation import record_url


@dataclass(frozen=True)
class StateAction:
    """One state change: its button, its form, the model's ``can_…`` and what it calls."""

    name: str
    label: str
    form: type[StateForm]
    can: str
    done: str
    primary: bool = False
    explain: Callable | None = None
    secret_note: str = ""
    why_not: str = ""  # the model's method that says in words why somebody may not
    icon: str = ""
    is_sheet: bool = False  # asked over the record, without leaving it
    many: str = ""  # the permission of those who may do it for many chosen rows at once
    gone: str = ""  # what is said where the row has left reach meanwhile, and
    gone_to: str = ""  # with which query the list is opened then

    def url_name(self, model) -> str:
        return f"{model._meta.app_label}_{model._meta.model_name}_{self.name}"

    def allowed(self, obj, user) -> bool:
        return getattr(obj, self.can)(user)

    def refusal(self, obj, user) -> str:
        return getattr(obj, self.why_not)(user) if self.why_not else ""


class StateForm(forms.Form):
    """The questions of a state change; ``apply`` calls the model's method.

    ``row`` is None while they are asked once for many rows.
    """

    once = ""  # the token of the page, by which it is sent a single time
    opened = ""  # the mark of the page, that it was once within reach
    folded: tuple[str, ...] = ()  # the last fields, asked for only when wanted
    secret = ""  # what ``apply`` made, to be shown once and kept nowhere

    def __init__(self, *args, row, user, **kwargs):
        self.row, self.user = row, user
        super().__init__(*args, **kwargs)

    def of(self, row) -> StateForm:
        """Return the form for one of many rows, answered as this one."""
        form = copy(self)
        form.row = row
        return form

    def apply(self):
        """Make the change and return a row to go to, or None for the same one."""
        raise NotImplementedError


class DatedForm(StateForm):
    on = forms.DateField(label=_("date"), initial=today, widget=DayWidget())

    def clean_on(self):
        if self.cleaned_data["on"] > today():
            raise ValidationError(_("The date cannot lie in the future."))
        return self.cleaned_data["on"]


class StageForm(DatedForm):
    """Asks for the new stage, proposing the next one; ``stages`` are those to choose from."""

    stages: Iterable = ()
    to = forms.ChoiceField(label=_("new stage"), widget=UnfoldAdminSelectWidget)
    reason = ProseInput(
        label=_("reason"),
        max_length=500,
        required=False,
        validators=[no_personal_number],
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Needed only when you skip a stage or go back."),
    )
    field_order = ("to", "on", "reason")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        others = [stage for stage in self.stages if not self.row or stage != self.row.stage]
        choices = [(stage.value, stage.label) for stage in others]
        if self.row is None:
            choices.insert(0, ("", _("the next stage of each")))
            self.fields["to"].required = False
        else:
            self.initial["to"] = self.row.next_stage
        self.fields["to"].choices = choices

    def apply(self):
        self.row.advance(by=self.user, **self.cleaned_data)


class ReasonForm(StateForm):
    reason = ProseInput(
        label=_("reason"),
        max_length=500,
        validators=[no_personal_number],
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )


def perform(model_admin, action: StateAction, request: HttpRequest, row) -> TemplateResponse:
    """Show the form of ``action`` on GET, do it on POST; a refusal stays on the form."""
    if not action.allowed(row, request.user):
        return no_longer(request, action, row, _change_url(row))
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    form = action.form(*data, row=row, user=request.user)
    form.once = token(request)
    form.opened = mark(request.user, type(row), row.pk, action.name)
    if form.is_valid():
        try:
            with transaction.atomic():
                target = form.apply() or row
        except ValidationError as refusal:
            _show(refusal, form)
        except DatabaseError as error:
            if (clash := clash_error(error, row)) is None:
                raise
            form.add_error(None, clash)
        else:
            if form.secret:
                return _show_once(model_admin, action, request, target, form.secret)
            messages.success(request, action.done % {"row": target})
            return redirect(_way_on(model_admin, request, row, target))
        if not model_admin.get_queryset(request).filter(pk=row.pk).exists():
            return gone(model_admin, request, row.pk, action)
    return TemplateResponse(
        request,
        "zone/state_form.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _title(action, row),
            "opts": model_admin.opts,
            "row": row,
            "form": form,
            "action": action,
            "explanation": action.explain(row) if action.explain else "",
            "back": _change_url(row),
        },
    )


def _show_once(model_admin, action, request, row, secret: str) -> TemplateResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _title(action, row),
        "opts": model_admin.opts,
        "row": row,
        "secret": secret,
        "note": action.secret_note,
        "back": _change_url(row),
    }
    response = TemplateResponse(request, "zone/secret.html", context)
    add_never_cache_headers(response)
    return response


def _title(action: StateAction, row) -> str:
    return _("%(action)s: %(row)s") % {"action": action.label, "row": row}


def _way_on(model_admin, request, row, target) -> str:
    """Return where a done act leads: the row, or the list where it has left reach by it."""
    if target is row and not model_admin.get_queryset(request).filter(pk=row.pk).exists():
        options = row._meta
        return reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
    return _change_url(target)


def _change_url(row) -> str:
    return record_url(type(row), row.pk)


def _show(refusal: ValidationError, form: forms.Form):
    """Put each error beside its field, or above the form when it has none there."""
    if not hasattr(refusal, "error_dict"):
        form.add_error(None, refusal)
        return
    for name, errors in refusal.error_dict.items():
        if name in form.fields:
            form.add_error(name, errors)
            continue
        label = _field_label(form.row, name)
        for message in ValidationError(errors).messages:
            form.add_error(None, f"{label}：{message}" if label else message)


def _field_label(row, name: str) -> str:
    names = {field.name: field.verbose_name for field in row._meta.fields}
    return str(names.get(name, ""))
