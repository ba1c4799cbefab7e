from django import forms
from django.apps import apps
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from zone.admin.autocomplete import KnowingForm
from zone.admin.base import ScopedModelAdmin, display
from zone.admin.list_views import ViewedAdmin, address_of
from zone.admin.scope import right
from zone.models import SavedView


def admin_of(label: str) -> ViewedAdmin | None:
    """Return the admin class of a list; None for what has none."""
    try:
        return admin.site._registry.get(apps.get_model(label))
    except (LookupError, ValueError):
        return None


class SavedViewForm(KnowingForm):
    """Of the query string it keeps what the list itself would take."""

    class Meta:
        widgets = {"model": forms.HiddenInput, "query": forms.HiddenInput}

    def clean_model(self):
        label = self.cleaned_data["model"]
        listed = admin_of(label)
        if listed is None or not self.user.has_perm(right("view", listed.opts)):
            raise ValidationError(_("There is no such list for you."), code="list")
        return listed.opts.label_lower

    def clean(self):
        data = super().clean()
        if "query" in data and "model" in data:
            data["query"] = admin_of(data["model"]).kept(QueryDict(data["query"].lstrip("?")))
        if self.instance._state.adding:
            self.instance.owner = self.user
        return data


@admin.register(SavedView)
class SavedViewAdmin(ScopedModelAdmin):
    form = SavedViewForm
    list_display = ("name", "display_list", "shared_with", "is_default", "owner")
    list_filter = ("shared_with",)
    list_select_related = ("owner",)
    lookups = ("model",)
    search_fields = ("name",)
    sortable_by = ()

    def get_fields(self, request, obj=None):
        shared = ("shared_with",) if request.user.has_perm("zone.share_savedview") else ()
        names = ("name", *shared, "is_default")
        return (*names, "display_open") if obj else (*names, "model", "query")

    def get_readonly_fields(self, request, obj=None):
        return (*super().get_readonly_fields(request, obj), *(("display_open",) if obj else ()))

    def response_add(self, request, obj, post_url_continue=None):
        super().response_add(request, obj, post_url_continue)
        return redirect(address_of(obj))

    def response_change(self, request, obj):
        super().response_change(request, obj)
        return redirect(address_of(obj))

    @display(description=_("list"))
    def display_list(self, view):
        listed = admin_of(view.model)
        return listed.opts.verbose_name_plural if listed else view.model

    @display(description=_("opens"))
    def display_open(self, view):
        if admin_of(view.model) is None:
            return "—"
        name = self.display_list(view)
        return format_html('<a class="zone-link" href="{}">{}</a>', address_of(view), name)
