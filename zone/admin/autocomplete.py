"""Autocompletes that already know the label of the row they point at.

Django asks the database once per autocomplete for the chosen row's label, so an inline of 30
rows asks 30 times; here the label comes from the instance, loaded with ``select_related``.
"""

from __future__ import annotations

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect


class KnownAutocomplete(AutocompleteSelect):
    known = None

    def optgroups(self, name, value, attr=None):
        if self.known is None or value != [str(self.known.pk)]:
            return super().optgroups(name, value, attr)
        options = [] if self.is_required else [self.create_option(name, "", "", False, 0)]
        chosen = self.create_option(name, str(self.known.pk), str(self.known), True, len(options))
        return [(None, [*options, chosen], 0)]


class KnowingForm(forms.ModelForm):
    """Hands the instance's related rows to its autocompletes."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            widget = getattr(field.widget, "widget", field.widget)
            if isinstance(widget, KnownAutocomplete):
                widget.known = getattr(self.instance, name, None)


class KnownAutocompleteMixin:
    """For admin classes and inlines: use them for every name in ``autocomplete_fields``."""

    form = KnowingForm

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", KnownAutocomplete(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
