"""The page that reveals: it asks what for, then shows the numbers once."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from crm.models import Contact, Lead
from crm.revealing import Purpose, Revealed, Spent, reveal
from zone.fields import LineInput
from zone.identifiers import no_personal_number
from zone.navigation import record_url

TICKET = TimestampSigner(salt="crm.reveal")
OPEN_FOR = timedelta(minutes=30)
SCHEMES = {"phone": "tel:", "email": "mailto:"}


class RevealForm(forms.Form):
    purpose = forms.ChoiceField(
        label=_("purpose"),
        choices=[("", _("Select value")), *Purpose.choices],
        widget=UnfoldAdminSelectWidget,
    )
    note = LineInput(
        label=_("note"),
        max_length=200,
        required=False,
        validators=[no_personal_number],
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Needed only for another purpose."),
    )


def reveal_page(model_admin, request: HttpRequest, contact: Contact) -> HttpResponse:
    """Ask for the purpose on GET; show the numbers on the answer to one POST, and never again.

    Each form carries a ticket that its POST uses up: a reload, or the form sent twice, leads
    back to the question.
    """
    if not contact.can_reveal(request.user):
        raise PermissionDenied
    form = RevealForm(request.POST or None)
    try:
        ticket = _open(request, contact) if request.method == "POST" else ""
        revealed = _try(form, contact, request.user, ticket) if form.is_valid() else None
    except (BadSignature, Spent):
        messages.warning(request, _("The numbers are shown once; please say again what for."))
        return redirect(request.get_full_path())
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Reveal contact data"),
        "opts": model_admin.opts,
        "contact": contact,
        "form": form,
        "back": _back(request, contact),
    }
    if revealed:
        context |= {"revealed": revealed, "lines": _lines(revealed)}
    else:
        context["ticket"] = _issue(request, contact)
    name = "crm/revealed.html" if revealed else "crm/reveal.html"
    response = TemplateResponse(request, name, context)
    add_never_cache_headers(response)
    return response


def _try(form: RevealForm, contact: Contact, user, ticket: str) -> Revealed | None:
    try:
        return reveal(contact, by=user, ticket=ticket, **form.cleaned_data)
    except ValidationError as refusal:
        form.add_error(None, refusal)
        return None


def _issue(request: HttpRequest, contact: Contact) -> str:
    return TICKET.sign_object([str(request.user.pk), str(contact.pk), secrets.token_urlsafe(12)])


def _open(request: HttpRequest, contact: Contact) -> str:
    """Return what makes the ticket posted unique; one for others or grown old is none."""
    ticket = TICKET.unsign_object(request.POST.get("ticket", ""), max_age=OPEN_FOR)
    if ticket[:2] != [str(request.user.pk), str(contact.pk)]:
        raise BadSignature
    return ticket[2]


def _lines(revealed: Revealed) -> list[dict]:
    """Return each number with its label and, for a tap on the phone, its link."""
    return [
        {
            "label": Contact._meta.get_field(name).verbose_name,
            "text": text,
            "href": f"{SCHEMES[name]}{text}" if name in SCHEMES else "",
        }
        for name, text in revealed.numbers.items()
    ]


def _back(request: HttpRequest, contact: Contact) -> str:
    """Return to the lead one came from, if it is in reach and this is its contact."""
    try:
        leads = Lead.objects.visible_to(request.user).filter(contact=contact)
        if lead := leads.filter(pk=request.GET["lead"]).first():
            return record_url(type(lead), lead.pk)
    except (KeyError, ValidationError, ValueError):
        pass
    return record_url(type(contact), contact.pk)
