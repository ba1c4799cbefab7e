"""One save for one form, however often its button is tapped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from uuid import uuid4

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from zone.models import SentForm

FIELD = "once"


class SavedOnceAdmin:
    """For admin classes: their forms carry a token, and the same post is saved a single time.

    Whoever goes back and enters something else into the same page posts something else.
    """

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        def save():
            return super(SavedOnceAdmin, self).changeform_view(
                request, object_id, form_url, extra_context
            )

        rows = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        return self.once(request, save, rows if object_id is None else request.get_full_path())

    def once(self, request: HttpRequest, save: Callable, elsewhere: str) -> HttpResponse:
        """Return the answer of ``save``, or lead to where it led when it was sent before."""
        if not (request.method == "POST" and request.POST.get(FIELD)):
            return save()
        with transaction.atomic():
            sent = digest_of(request)
            if not SentForm.take(sent):
                messages.info(request, _("This was saved already; nothing was entered twice."))
                return redirect(SentForm.objects.get(pk=sent).address or elsewhere)
            response = save()
            forms = SentForm.objects.filter(pk=sent)
            if is_saved(response):
                forms.update(address=response.get("Location", ""))
            else:
                forms.delete()
        return response

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context["once"] = token(request)
        return super().render_change_form(request, context, add, change, form_url, obj)


def token(request: HttpRequest) -> str:
    """Return what a form carries: the token that came with it, or a new one."""
    return request.POST.get(FIELD) or str(uuid4())


def digest_of(request: HttpRequest) -> str:
    """Return what stands for a post, whichever of the buttons sent it."""
    fields = [
        (name, values)
        for name, values in sorted(request.POST.lists())
        if not name.startswith(("_", "csrfmiddlewaretoken"))
    ]
    files = [(name, file.name, file.size) for name, file in sorted(request.FILES.items())]
    posted = (request.user.pk, request.path, fields, files)
    return hashlib.sha256(repr(posted).encode()).hexdigest()


def is_saved(response: HttpResponse) -> bool:
    """Whether the view saved: it leads on, closes its popup or shows what was made."""
    context = getattr(response, "context_data", None) or {}
    is_refused = {"adminform", "form"} & context.keys() or hasattr(response, "keeps_draft")
    return not is_refused
