"""Pages whose row has left somebody's reach, or its state, since they were opened.

A page carries, signed for its reader, that the row was within reach and the action on offer. Who
sends it back too late is told so and led to the list. An id without such a mark stays unknown.
"""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

FIELD = "_opened"

GONE = _(
    "This record is no longer within your reach: somebody else took it over, moved or deleted it "
    "in the meantime. Nothing was saved."
)
NO_LONGER = _(
    "“%(action)s” is no longer possible here: the record was changed in the meantime. Please look "
    "at it as it stands now."
)
READ_ONLY = _(
    "Nothing was saved: in the meantime this record came to be read-only for you. What you typed "
    "is kept as a draft."
)


def mark(user, model, pk, action: str = "") -> str:
    """Return what a page carries that shows ``user`` this row, or offers an action on it."""
    return _signer(user, model, pk, action).sign("")


def was_opened(request: HttpRequest, model, pk, action: str = "") -> bool:
    """Whether the request comes from such a page, opened within the longest session."""
    carried = request.POST.get(FIELD) or request.GET.get(FIELD) or ""
    try:
        _signer(request.user, model, pk, action).unsign(carried, settings.SESSION_LONGEST)
    except signing.BadSignature:
        return False
    return True


def _signer(user, model, pk, action: str) -> signing.TimestampSigner:
    subject = f"{user.pk}:{model._meta.label_lower}:{pk}:{action}"
    return signing.TimestampSigner(salt=f"zone.admin.opened:{subject}")


def action_url(action, row, user) -> str:
    """Return the address of a state action's page as it stands on a page of its row."""
    address = reverse(f"admin:{action.url_name(type(row))}", args=[row.pk])
    return f"{address}?{urlencode({FIELD: mark(user, type(row), row.pk, action.name)})}"


def gone(model_admin, request: HttpRequest, pk, action=None) -> HttpResponse:
    """Lead to the list with a word of what happened; 404 to who never had the row before them."""
    if not was_opened(request, model_admin.model, pk, action.name if action else ""):
        raise Http404
    messages.warning(request, (action and action.gone) or GONE)
    options = model_admin.opts
    rows = reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
    return _unsaved(rows + (action.gone_to if action else ""))


def no_longer(request: HttpRequest, action, row, address: str) -> HttpResponse:
    """Lead back to the row where the action has just become impossible; else refuse it."""
    if not was_opened(request, type(row), row.pk, action.name):
        raise PermissionDenied(action.refusal(row, request.user))
    words = NO_LONGER % {"action": action.label}
    messages.warning(request, action.refusal(row, request.user) or words)
    return _unsaved(address)


def _unsaved(address: str) -> HttpResponse:
    response = redirect(address)
    response.keeps_draft = True  # of what was typed and not saved
    return response


class OpenedPagesAdmin:
    """For admin classes: forms whose row is gone, or closed, by the time they are sent."""

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except PermissionDenied:
            if object_id is None or not was_opened(request, self.model, object_id):
                raise
            messages.warning(request, READ_ONLY)
            return _unsaved(request.path)

    def _get_obj_does_not_exist_redirect(self, request, opts, object_id):
        try:
            return gone(self, request, object_id)
        except Http404:
            response = super()._get_obj_does_not_exist_redirect(request, opts, object_id)
            response.keeps_draft = True
            return response

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None and self.has_change_permission(request, obj):
            context["opened"] = mark(request.user, self.model, obj.pk)
        return super().render_change_form(request, context, add, change, form_url, obj)
