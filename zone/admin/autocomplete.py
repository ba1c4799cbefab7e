"""Autocompletes that already know the label of the row they point at.

Django asks the database once per autocomplete for the chosen row's label, so an inline of 30
rows asks 30 times; here the label comes from the instance, loaded with ``select_related``.
"""

from __future__ import annotations

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db.models import Model, Q

from zone.database.plans import with_rows


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
    """Hands the instance's related rows to its choices, and lets them stay as they are.

    Whoever may edit a row need not reach its handler, and what stays is not looked up again.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if names_one(field):
                self._offer_current(name, field)

    def _offer_current(self, name: str, field: forms.ModelChoiceField):
        current = self._current(name)
        widget = getattr(field.widget, "widget", field.widget)
        if isinstance(widget, KnownAutocomplete):
            widget.known = current
        elif current is not None:
            rows = field.queryset
            field.queryset = rows.model._default_manager.filter(
                Q(pk__in=rows.order_by().values("pk")) | Q(pk=current.pk)
            )

    def _current(self, name: str) -> Model | None:
        return None if self.instance._state.adding else getattr(self.instance, name, None)

    def _clean_fields(self):
        for name, field in self.fields.items():
            if names_one(field):
                current = self.instance if name == self._meta.model._meta.pk.name else None
                keep(field, current or self._current(name))
        super()._clean_fields()


def names_one(field: forms.Field) -> bool:
    several = isinstance(field, forms.ModelMultipleChoiceField)
    return isinstance(field, forms.ModelChoiceField) and not several


def keep(field: forms.ModelChoiceField, current: Model | None):
    """Let the field take its row ``current`` from memory where that is what was posted."""
    look_up = field.to_python
    if current is not None and current.pk is not None:
        key = str(current.pk)
        field.to_python = lambda value: current if str(value) == key else look_up(value)


class KnownAutocompleteMixin:
    """For admin classes and inlines: such autocompletes."""

    form = KnowingForm

    def get_object(self, request, object_id, from_field=None):
        """Return the row with all that it points at."""
        field = self.opts.get_field(from_field) if from_field else self.opts.pk
        keys = [key.name for key in self.opts.concrete_fields if key.many_to_one]
        rows = with_rows(self.get_queryset(request), many=True).select_related(*keys)
        return rows.filter(**{field.name: field.to_python(object_id)}).first()

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
