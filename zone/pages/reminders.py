"""How I am reminded, and my calendar: two cards of the account page."""

from __future__ import annotations

from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminEmailInputWidget

from zone.models.calendar_tokens import CalendarToken
from zone.models.group_bots import GroupBot
from zone.models.notice_channels import NoticeChannel

Channel = NoticeChannel.Channel


class ReminderForm(forms.Form):
    """Offers what is set up: e-mail where there is a server for it, and the office's bots."""

    by = forms.ChoiceField(label=gettext_lazy("morning digest"), widget=forms.RadioSelect)
    email = forms.EmailField(
        label=gettext_lazy("e-mail address"),
        required=False,
        max_length=254,
        widget=UnfoldAdminEmailInputWidget,
    )

    def __init__(self, person, *data):
        self.person, self.chosen = person, NoticeChannel.of(person)
        self.bots = {str(bot.pk): bot for bot in GroupBot.objects.offered()}
        now = str(self.chosen.bot_id) if self.chosen.bot_id else self.chosen.channel
        super().__init__(*data, initial={"by": now, "email": person.email})
        choices = [(Channel.IN_APP.value, Channel.IN_APP.label)]
        if settings.EMAIL_HOST:
            choices.append((Channel.EMAIL.value, Channel.EMAIL.label))
        else:
            del self.fields["email"]
        self.fields["by"].choices = [*choices, *((key, str(bot)) for key, bot in self.bots.items())]

    def clean(self):
        data = super().clean()
        if data.get("by") == Channel.EMAIL and not data.get("email"):
            self.add_error("email", _("Please give the address."))
        return data

    @transaction.atomic
    def save(self):
        chosen, email = self.cleaned_data["by"], self.cleaned_data.get("email", "")
        if "email" in self.fields and email != self.person.email:
            self.person.email = email
            self.person.save(update_fields=["email"])
        bot = self.bots.get(chosen)
        self.chosen.choose(Channel.BOT if bot else chosen, bot)


@admin.site.admin_view
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    form = ReminderForm(request.user, request.POST)
    if form.is_valid():
        form.save()
        messages.success(request, _("Your choice is saved."))
    else:
        messages.error(request, " ".join(error for each in form.errors.values() for error in each))
    return redirect(f"{reverse('account')}#reminders")


@never_cache
@admin.site.admin_view
@require_POST
def calendar(request: HttpRequest) -> HttpResponse:
    """Make a new address of the calendar and show it this once, or close the old one."""
    if "revoke" in request.POST:
        CalendarToken.revoke(request.user)
        messages.success(request, _("The calendar's address is void."))
        return redirect("account")
    query = urlencode({"token": CalendarToken.issue(request.user)})
    context = {
        **admin.site.each_context(request),
        "title": _("Calendar"),
        "row": _("Address of my calendar"),
        "secret": request.build_absolute_uri(f"{reverse('calendar_feed')}?{query}"),
        "note": _(
            "Subscribe to this address in the calendar of your phone or computer. Whoever knows it "
            "reads your next follow-ups and visits; pass it on to nobody."
        ),
        "back": reverse("account"),
    }
    return TemplateResponse(request, "zone/secret.html", context)
