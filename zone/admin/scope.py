"""Row access in the admin: every way to a row goes through ``visible_to(user)``.

Each method closes a way that Django leaves open; tests/probe/test_probe.py tries them all.
"""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.utils import NestedObjects
from django.contrib.auth import get_permission_codename
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models, router
from django.db.models.constants import LOOKUP_SEP
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

# What may follow a permitted path in a query string.
COMPARISONS = frozenset(
    ("", "exact", "in", "gt", "gte", "lt", "lte", "isnull", "year", "month", "day")
)


def right(action: str, opts) -> str:
    """Return the permission to ``action`` on the model of ``opts``."""
    return f"{opts.app_label}.{get_permission_codename(action, opts)}"


class ScopedRelatedFilter(admin.RelatedFieldListFilter):
    """Offers only rows within reach as choices."""

    def field_choices(self, field, request, model_admin):
        rows = field.remote_field.model._default_manager.visible_to(request.user)
        ordering = self.field_admin_ordering(field, request, model_admin)
        return [(row.pk, str(row)) for row in (rows.order_by(*ordering) if ordering else rows)]


class LookedUpFilter(admin.FieldListFilter):
    """Looks rows within reach up by their names: for what is too many to be listed."""

    template = "zone/look_up_filter.html"

    def __init__(self, field, request, params, model, model_admin, field_path):
        self.lookup_kwarg = f"{field_path}__id__exact"
        super().__init__(field, request, params, model, model_admin, field_path)
        names = {"app_label": model._meta.app_label, "model_name": model._meta.model_name}
        self.source = urlencode(names | {"field_name": field.name})
        self.chosen = self._row(field, request) if self.lookup_kwarg in self.used_parameters else ""

    def _row(self, field, request):
        rows = field.remote_field.model._default_manager.visible_to(request.user)
        try:
            return rows.filter(pk=self.used_parameters[self.lookup_kwarg][-1]).first() or "—"
        except (ValidationError, ValueError):
            return "—"

    def has_output(self):
        return True

    def expected_parameters(self):
        return [self.lookup_kwarg]

    def choices(self, changelist):
        whole = changelist.get_query_string(remove=[self.lookup_kwarg])
        yield {"selected": not self.chosen, "query_string": whole, "display": _("All")}
        if self.chosen:
            here = changelist.get_query_string()
            yield {"selected": True, "query_string": here, "display": self.chosen}


class ScopedRows:
    """For admin classes and inlines: the rows, and the rows one may point at, within reach."""

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user, "view")

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        self._within_reach(db_field, request, kwargs)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        self._within_reach(db_field, request, kwargs)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def _within_reach(self, db_field, request, kwargs):
        # What is out of reach can be neither offered nor posted.
        rows = kwargs.get("queryset", db_field.remote_field.model._default_manager.all())
        if hasattr(rows, "visible_to"):
            rows = rows.visible_to(request.user, right("add", self.opts))
        if role := getattr(self.model, "HOLDERS", {}).get(db_field.name):
            rows = rows.holding(role)
        kwargs["queryset"] = rows

    def has_right(self, request, action: str, obj) -> bool:
        """Whether a post that gives the right reaches ``obj``, the row or an inline's parent."""
        return obj is None or request.user.has_perm(right(action, self.opts), obj)


class ScopedDoors(ScopedRows):
    """For admin classes: lookups, filters and deletions within reach.

    ``lookups`` names the further paths that an address may filter by, beside the list's
    own filters and its date hierarchy.
    """

    lookups: tuple[str, ...] = ()

    def get_list_filter(self, request):
        return [self._scoped(entry) for entry in super().get_list_filter(request)]

    def _scoped(self, entry):
        if isinstance(entry, str) and _is_relation(self.model, entry):
            return entry, ScopedRelatedFilter
        return entry

    def lookup_allowed(self, lookup, value, request=None):
        """Allow what this class declares and nothing else, so no value can be guessed."""
        paths = {self.date_hierarchy, *self.lookups, "id", "pk"}
        for entry in self.list_filter:
            name = entry[0] if isinstance(entry, (tuple, list)) else entry
            # A filter that is no field answers to its own parameter and checks it itself.
            own = getattr(name, "parameter_name", None)
            paths |= {own} if own else {name, f"{name}__id", f"{name}__pk"}
        path, _separator, comparison = lookup.rpartition(LOOKUP_SEP)
        return lookup in paths or (path in paths and comparison in COMPARISONS)

    def get_deleted_objects(self, objs, request):
        """Refuse a deletion that would take along what this person cannot see; name none of it."""
        hidden = self._beyond_reach(objs, request.user)
        if not hidden:
            return super().get_deleted_objects(objs, request)
        refusal = ngettext(
            "%(count)s related row is beyond your reach; please ask the office.",
            "%(count)s related rows are beyond your reach; please ask the office.",
            hidden,
        )
        return [str(row) for row in objs], {}, set(), [refusal % {"count": hidden}]

    def _beyond_reach(self, objs, user) -> int:
        collector = NestedObjects(using=router.db_for_write(self.model))
        collector.collect(objs)
        found = {model: {row.pk for row in rows} for model, rows in collector.model_objs.items()}
        for row in collector.protected:
            found.setdefault(type(row), set()).add(row.pk)
        return sum(
            len(keys) - model._default_manager.visible_to(user).filter(pk__in=keys).count()
            for model, keys in found.items()
            if hasattr(model._default_manager.all(), "visible_to")
        )


def _is_relation(model: type[models.Model], path: str) -> bool:
    field = None
    for name in path.split(LOOKUP_SEP):
        try:
            field = model._meta.get_field(name)
        except FieldDoesNotExist:
            return False
        model = field.related_model or model
    return bool(field and field.is_relation)
