"""State changes of many rows: the questions once, each row by itself, and what became of each."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from zone.admin.clashes import clash_error
from zone.admin.once import digest_of, token
from zone.admin.state import StateAction, StateForm
from zone.database.plans import with_rows
from zone.models import SentForm, ZoneSetting
from zone.navigation import record_url

CHOSEN = "chosen"
NAMED = 5  # of the chosen rows, above the questions
PREFIX = "many_"


class ManyRowsAdmin:
    """For admin classes: state actions that name a permission as ``many`` take chosen rows."""

    def many_actions(self, request) -> list[StateAction]:
        return [a for a in self.state_actions if a.many and request.user.has_perm(a.many)]

    def get_actions(self, request):
        found = super().get_actions(request)
        if self.actions is None or "_popup" in request.GET:
            return found
        for action in self.many_actions(request):
            name = PREFIX + action.name
            found[name] = (partial(ask, action=action), name, str(action.label))
        return found

    def get_custom_urls(self):
        urls = []
        for action in (action for action in self.state_actions if action.many):
            name, path = many_url(action, self.model), f"many/{action.name}/"
            urls.append((path, name, partial(answered, action)))
            urls.append((f"{path}<slug:digest>/", f"{name}_done", partial(outcome, action)))
        return (*super().get_custom_urls(), *urls)


def many_url(action: StateAction, model) -> str:
    return f"{action.url_name(model)}_many"


def ask(model_admin, request: HttpRequest, rows: QuerySet, *, action) -> HttpResponse | None:
    """Show the questions for the rows that were chosen in a list."""
    most = most_at_once()
    keys = list(rows.order_by().values_list("pk", flat=True)[: most + 1])
    if len(keys) > most:
        refusal = _("At most %(most)s rows at once; please narrow the list down by its filters.")
        messages.warning(request, refusal % {"most": most})
        return None
    form = action.form(row=None, user=request.user)
    return _questions(model_admin, action, request, keys, form)


def answered(action: StateAction, request: HttpRequest, *, model_admin) -> HttpResponse:
    """Carry out what the form of ``ask`` posted; a fault in its answers stays on the form."""
    if not request.user.has_perm(action.many):
        raise PermissionDenied
    keys = chosen_keys(request)
    if not keys or len(keys) > most_at_once():
        messages.warning(request, _("Please choose rows in the list first."))
        return redirect(_list_url(model_admin))
    form = action.form(request.POST, request.FILES, row=None, user=request.user)
    if not form.is_valid():
        return _questions(model_admin, action, request, keys, form)
    sent = digest_of(request)
    with transaction.atomic():
        if SentForm.take(sent):
            found = carry_out(model_admin, action, request, keys, form)
            SentForm.objects.filter(pk=sent).update(outcome=found)
        else:
            messages.info(request, _("This was done already; nothing was done twice."))
    return redirect(f"admin:{many_url(action, model_admin.model)}_done", sent)


def carry_out(model_admin, action: StateAction, request, keys: list, form: StateForm) -> dict:
    """Do for each row what its model's method allows; return what became of them."""
    rows = with_rows(model_admin.get_queryset(request), many=True).filter(pk__in=keys)
    # In one order, so that of two who take the same rows one waits for the other.
    found = sorted(rows, key=lambda row: row.pk)
    refused = []
    for row in found:
        name = str(row)
        if why := _refusal(action, form, row):
            refused.append([str(row.pk), name, why])
    return {
        "by": str(request.user.pk),
        "done": len(found) - len(refused),
        "refused": refused,
        "gone": len(keys) - len(found),
        "back": _query_of(request),
    }


def _refusal(action: StateAction, form: StateForm, row) -> str:
    """Make the change of one row in a savepoint of its own; return why not, or nothing."""
    if not action.allowed(row, form.user):
        words = _("Not open to you, or no longer possible as the row stands.")
        return action.refusal(row, form.user) or words
    try:
        with transaction.atomic():
            form.of(row).apply()
    except ValidationError as refusal:
        return " ".join(refusal.messages)
    except DatabaseError as error:
        if (clash := clash_error(error, row)) is None:
            raise
        return " ".join(clash.messages)
    return ""


def outcome(action: StateAction, request: HttpRequest, digest: str, *, model_admin) -> HttpResponse:
    """Show to whoever did it what became of the rows."""
    found = SentForm.objects.filter(pk=digest).values_list("outcome", flat=True).first()
    if not found or found["by"] != str(request.user.pk):
        raise Http404
    refused = [
        {"url": record_url(model_admin.model, key), "name": name, "why": why}
        for key, name, why in found["refused"]
    ]
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("%(action)s: what became of the rows") % {"action": action.label},
        "opts": model_admin.opts,
        "action": action,
        "done": found["done"],
        "gone": found["gone"],
        "refused": refused,
        "back": _list_url(model_admin) + found["back"],
    }
    return TemplateResponse(request, "zone/many_done.html", context)


def _questions(model_admin, action, request, keys: list, form: forms.Form) -> TemplateResponse:
    form.once = token(request)
    rows = with_rows(model_admin.get_queryset(request), many=True).filter(pk__in=keys[:NAMED])
    number = ngettext("%(number)d row chosen", "%(number)d rows chosen", len(keys))
    number %= {"number": len(keys)}
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("%(action)s: %(row)s") % {"action": action.label, "row": number},
        "opts": model_admin.opts,
        "row": number,
        "names": [str(row) for row in rows],
        "more": len(keys) - len(keys[:NAMED]),
        "form": form,
        "action": action,
        "explanation": _(
            "Each row is done by itself: what is possible is done, and for every other one you "
            "are told why not."
        ),
        "post_to": reverse(f"admin:{many_url(action, model_admin.model)}") + _query_of(request),
        "hidden": {CHOSEN: ",".join(map(str, keys))},
        "back": _list_url(model_admin) + _query_of(request),
    }
    return TemplateResponse(request, "zone/state_form.html", context)


def chosen_keys(request: HttpRequest) -> list[UUID]:
    """Return the keys that the form carries; nothing where one is none."""
    try:
        return [UUID(key) for key in request.POST.get(CHOSEN, "").split(",") if key]
    except ValueError:
        return []


def most_at_once() -> int:
    return int(ZoneSetting.values()[ZoneSetting.Key.ROWS_AT_ONCE])


def _query_of(request: HttpRequest) -> str:
    query = request.META.get("QUERY_STRING", "")
    return f"?{query}" if query else ""


def _list_url(model_admin) -> str:
    return reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist")
