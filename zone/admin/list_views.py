"""What stands above a list: saved views, columns of choice, what it is filtered by."""

from __future__ import annotations

import re

from django.contrib.admin.views.main import ORDER_VAR
from django.db.models import Q
from django.http import QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from zone.admin.scope import LookedUpFilter, ScopedRelatedFilter
from zone.models import SavedView
from zone.models.saved_views import COLUMNS, VIEW

OWN = (COLUMNS, VIEW)  # of the parameters of a list those that filter nothing
WHOLE = {VIEW: "all"}  # the list itself, where another view opens first
ORDER = re.compile(r"[-.\d]{1,60}")


class ViewedAdmin:
    """For admin classes: their lists have views, and columns chosen among those declared.

    ``optional_columns`` are shown on demand beside ``list_display``; ``list_total`` names the
    amount that is summed up over a list.
    """

    optional_columns: tuple[str, ...] = ()
    list_total = ""
    columns_parameter = COLUMNS

    def get_list_display(self, request):
        return self.chosen_columns(request.GET) or super().get_list_display(request)

    def chosen_columns(self, query: QueryDict) -> list[str]:
        """Return the columns that the address names, as far as they are declared."""
        known = (*self.list_display, *self.optional_columns)
        named = dict.fromkeys(".".join(query.getlist(COLUMNS)).split("."))
        return [name for name in named if name in known]

    def get_list_display_links(self, request, list_display):
        links = super().get_list_display_links(request, list_display)
        return [name for name in links if name in list_display] or list(list_display)[:1]

    def get_list_filter(self, request):
        return [self._looked_up(request, entry) for entry in super().get_list_filter(request)]

    def _looked_up(self, request, entry):
        """Replace a filter that looks rows up by one that lists them where that would be a 403."""
        is_pair = isinstance(entry, (tuple, list)) and entry[1] is LookedUpFilter
        closed = is_pair and not self.may_look_up(request, entry[0])
        return (entry[0], ScopedRelatedFilter) if closed else entry

    def changelist_view(self, request, extra_context=None):
        if request.method != "GET" or "_popup" in request.GET:
            return super().changelist_view(request, extra_context)
        views = list(self.saved_views(request.user))
        first = next((v for v in views if v.is_default and v.owner_id == request.user.pk), None)
        if first and not request.GET:
            return redirect(address_of(first))
        extra = {"views": views, "whole": "?view=all" if first else "?"}
        extra |= {"here": self.kept(request.GET)}
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    def saved_views(self, user):
        views = SavedView.objects.visible_to(user).exclude(~Q(owner=user), shared_with="")
        return views.filter(model=self.opts.label_lower)

    def kept(self, query: QueryDict) -> str:
        """Return what a view keeps of an address: what this list lets filter, order and columns.

        Words that were searched for are not kept: they may be a person's number.
        """
        found = QueryDict(mutable=True)
        for name, values in sorted(query.lists()):
            if name not in OWN and all(self.lookup_allowed(name, value) for value in values):
                found.setlist(name, values)
        if ORDER.fullmatch(query.get(ORDER_VAR, "")):
            found[ORDER_VAR] = query[ORDER_VAR]
        if columns := self.chosen_columns(query):
            found[COLUMNS] = ".".join(columns)
        return found.urlencode()


def address_of(view: SavedView) -> str:
    rows = reverse(f"admin:{view.model.replace('.', '_')}_changelist")
    return f"{rows}?{view.query or 'view=all'}"
