from __future__ import annotations

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from zone.admin.base import ScopedModelAdmin, display
from zone.models.group_bots import GroupBot
from zone.models.notice_channels import Digest
from zone.navigation import Menu


class GroupBotForm(forms.ModelForm):
    """Takes a new address, and shows none: whoever knows it writes to the group."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        field = self.fields.get("url")
        if field is not None and not self.instance._state.adding:
            words = _("Set for %(host)s; empty keeps it.")
            field.required, field.help_text = False, words % {"host": self.instance.host}
            self.initial["url"] = ""

    def clean_url(self):
        return self.cleaned_data["url"] or self.instance.url


@admin.register(GroupBot)
class GroupBotAdmin(ScopedModelAdmin):
    menu = Menu("system", "smart_toy", 95)
    form = GroupBotForm
    list_display = ("name", "kind", "display_host", "is_disabled", "display_last")
    search_fields = ("name", "~sort_key")
    fields = ("name", "kind", "url", "is_disabled")

    def get_queryset(self, request):
        last = Digest.objects.filter(bot=OuterRef("pk")).exclude(ended_at=None, fault="")
        last = last.order_by("-on", "-ended_at")
        found = {name: Subquery(last.values(name)[:1]) for name in ("ended_at", "fault")}
        return (
            super()
            .get_queryset(request)
            .annotate(last_at=found["ended_at"], last_fault=found["fault"])
        )

    @display(description=_("address"))
    def display_host(self, bot):
        return bot.host

    @display(description=_("last digest"))
    def display_last(self, bot):
        if bot.last_fault:
            return _("failed: %(fault)s") % {"fault": bot.last_fault}
        return bot.last_at or "—"
