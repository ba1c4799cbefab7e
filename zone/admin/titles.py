"""What the heading of a page says: which list, or what is done to which row."""

from __future__ import annotations

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from zone.navigation import entry_at


class TitledAdmin:
    """For admin classes: no two of their pages have the same heading."""

    def changelist_view(self, request, extra_context=None):
        title = {} if "_popup" in request.GET else {"title": self._list_title(request)}
        return super().changelist_view(request, {**title, **(extra_context or {})})

    def _list_title(self, request) -> str:
        """Return what the sidebar calls a list with a choice of rows, else the kind of row."""
        entry = entry_at(request.get_full_path())
        if entry and entry.menu.query:
            return capfirst(entry.title)
        return capfirst(_("list of %(rows)s") % {"rows": self.opts.verbose_name_plural})

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            may_change = self.has_change_permission(request, obj)
            title = _("Edit: %(row)s") if may_change else _("View: %(row)s")
            context |= {"title": title % {"row": obj}, "subtitle": ""}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def render_delete_form(self, request, context):
        if not context["protected"] and not context["perms_lacking"]:
            context["title"] = _("Delete: %(row)s") % {"row": context["object"]}
        return super().render_delete_form(request, context)
