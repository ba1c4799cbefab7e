"""Strict filters: a value that cannot be used is refused, never ignored.

django-filter passes over ``owner__isnull=perhaps``, takes days in the formats of the person's
language, and tells by its refusal whether a row out of reach exists.
"""

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_filters import BaseInFilter, ChoiceFilter, Filter, UUIDFilter
from django_filters.rest_framework import FilterSet

from zone.api import values

WORDS = {"true": True, "false": False}


class DayField(forms.Field):
    def to_python(self, value):
        return values.day(value) if value else None


class MomentField(forms.Field):
    def to_python(self, value):
        return values.timestamp(value) if value else None


class TruthField(forms.Field):
    def to_python(self, value):
        if value and value not in WORDS:
            raise ValidationError(_("true or false is needed here."), code="type")
        return WORDS.get(value)


class DayFilter(Filter):
    field_class = DayField


class MomentFilter(Filter):
    field_class = MomentField


class TruthFilter(Filter):
    field_class = TruthField


class WholeNumberFilter(Filter):
    field_class = forms.IntegerField


class CodesFilter(BaseInFilter, ChoiceFilter):
    """Several codes; django-filter would take any word for one of them."""


class StrictFilters(FilterSet):
    """Of a resource: what it does not know it refuses."""

    FILTER_DEFAULTS = FilterSet.FILTER_DEFAULTS | {
        models.BooleanField: {"filter_class": TruthFilter},
        models.DateTimeField: {"filter_class": MomentFilter},
        models.DateField: {"filter_class": DayFilter},
        models.PositiveSmallIntegerField: {"filter_class": WholeNumberFilter},
        models.ForeignKey: {"filter_class": UUIDFilter},
        models.OneToOneField: {"filter_class": UUIDFilter},
    }

    @classmethod
    def filter_for_lookup(cls, field, lookup_type):
        if lookup_type == "in" and field.choices:
            return CodesFilter, {"choices": field.flatchoices}
        return super().filter_for_lookup(field, lookup_type)
