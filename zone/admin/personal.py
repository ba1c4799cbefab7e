"""Personal fields in the admin: no look-up reaches them, no log names the person."""

from __future__ import annotations

from django.core.exceptions import FieldDoesNotExist


def reaches_personal(model, lookup: str) -> bool:
    """Whether a look-up such as ``contacts__phone__startswith`` passes a ``PERSONAL`` field."""
    for name in lookup.split("__"):
        if name in getattr(model, "PERSONAL", ()):
            return True
        try:
            field = model._meta.get_field(name)
        except FieldDoesNotExist:
            return False
        if not field.is_relation:
            return False
        model = field.related_model
    return False


class PersonalDataMixin:
    """For every admin class: a masked number cannot be found out digit by digit.

    Django's own log keeps ``str(row)``; a row with an ``audit_name`` goes by that instead, for
    nothing could take a person's name out of the log again.
    """

    def lookup_allowed(self, lookup, value, request):
        if reaches_personal(self.model, lookup):
            return False
        return super().lookup_allowed(lookup, value, request)

    def construct_change_message(self, request, form, formsets, add=False):
        message = super().construct_change_message(request, form, formsets, add)
        names = {}
        for formset in formsets or ():
            if hasattr(formset.model, "audit_name"):
                changed = [row for row, _fields in formset.changed_objects]
                rows = [*formset.new_objects, *changed, *formset.deleted_objects]
                names |= {str(row): row.audit_name() for row in rows}
        for part in (part for line in message for part in line.values()):
            if part.get("object") in names:
                part["object"] = names[part["object"]]
        return message

    def log_addition(self, request, obj, message):
        return _nameless(super().log_addition(request, obj, message), obj)

    def log_change(self, request, obj, message):
        return _nameless(super().log_change(request, obj, message), obj)

    def log_deletions(self, request, queryset):
        rows = list(queryset)
        entries = super().log_deletions(request, rows) or []
        return [_nameless(entry, row) for entry, row in zip(entries, rows, strict=False)]


def _nameless(entry, row):
    if entry is not None and hasattr(row, "audit_name"):
        entry.object_repr = row.audit_name()[:200]
        entry.save(update_fields=["object_repr"])
    return entry
