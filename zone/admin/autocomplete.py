"""Autocompletes that already know the label of the row they point at.

Django asks the database once per autocomplete for the chosen row's label, so an inline of 30
rows asks 30 times; here the label comes from the instance, loaded with ``select_related``.
"""

from __future__ import annotations

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db.models import Q


class KnownAutocomplete(AutocompleteSelect):
    known = None

    def optgroups(self, name, value, attr=None):
        if self.known is None or value != [str(self.known.pk)]:
            return super().optgroups(name, [key for key in value if self._is_key(key)], attr)
        options = [] if self.is_required else [self.create_option(name, "", "", False, 0)]
        chosen = self.create_option(name, str(self.known.pk), str(self.known), True, len(options))
        return [(None, [*options, chosen], 0)]

    def _is_key(self, value) -> bool:
        """Whether ``value`` could be a row's key; an address may carry anything."""
        try:
            self.field.remote_field.model._meta.pk.to_python(value)
        except ValidationError:
            return False
        return True


class KnowingForm(forms.ModelForm):
    """Hands the instance's related rows to its autocompletes, and lets them stay as they are."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if isinstance(field, forms.ModelChoiceField):
                self._keep_current(name, field)
            widget = getattr(field.widget, "widget", field.widget)
            if isinstance(widget, KnownAutocomplete):
                widget.known = getattr(self.instance, name, None)

    def _keep_current(self, name: str, field: forms.ModelChoiceField):
        """Accept the value the row has: whoever may edit the row need not reach its handler."""
        current = self.initial.get(name)
        if self.instance._state.adding or current is None:
            return
        rows = field.queryset
        field.queryset = rows.model._default_manager.filter(
            Q(pk__in=rows.order_by().values("pk")) | Q(pk=current)
        )


class KnownAutocompleteMixin:
    """For admin classes and inlines: such autocompletes."""

    form = KnowingForm

    def get_autocomplete_fields(self, request):
        """Leave out what would answer 403: a plain choice of the rows in reach serves there."""
        names = super().get_autocomplete_fields(request)
        return [name for name in names if self.may_look_up(request, name)]

    def may_look_up(self, request, name: str) -> bool:
        related = self.opts.get_field(name).remote_field.model
        return self.admin_site.get_model_admin(related).has_view_permission(request)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", KnownAutocomplete(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
