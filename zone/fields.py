"""Fields that take what people paste: full-width digits, 1,234.50, blanks inside codes."""

from decimal import Decimal

from django import forms
from django.core.validators import MinValueValidator
from django.db import models

from zone import identifiers


class NormalisedText(forms.CharField):
    """Text that is normalised before its length is judged."""

    def __init__(self, *, normalise, longest=None, **kwargs):
        self.normalise, self.longest = normalise, longest
        kwargs.pop("max_length", None)
        super().__init__(**kwargs)

    def to_python(self, value):
        return self.normalise(super().to_python(value) or "") or self.empty_value


class CodeField(models.CharField):
    """A code kept in its normal form, whoever writes it."""

    normalise = staticmethod(identifiers.compact)

    def to_python(self, value):
        value = super().to_python(value)
        return self.normalise(value) if isinstance(value, str) else value

    def get_prep_value(self, value):
        return super().get_prep_value(self.to_python(value))

    def formfield(self, **kwargs):
        defaults = {"form_class": NormalisedText, "normalise": self.normalise}
        return super().formfield(**{**defaults, **kwargs})


class NameField(CodeField):
    """A name with half-width letters and no blanks around; its length is judged as kept."""

    normalise = staticmethod(identifiers.half_width)


class PhoneField(CodeField):
    """A telephone number without blanks and country code."""

    normalise = staticmethod(identifiers.compact_phone)


class PlainNumber(forms.DecimalField):
    """A decimal that may come with full-width digits and thousands separators."""

    def to_python(self, value):
        if isinstance(value, str):
            value = identifiers.half_width(value).replace(",", "").replace("、", "")
        return super().to_python(value)

    def prepare_value(self, value):
        """Show 5700, not 5700.0000."""
        if isinstance(value, Decimal):
            return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"
        return value


class QuantityField(models.DecimalField):
    """A decimal whose input shows the other usual unit beside it."""

    unit = ""

    def formfield(self, **kwargs):
        field = super().formfield(**{"form_class": PlainNumber, **kwargs})
        # type=number would refuse what PlainNumber accepts, so the input is text.
        field.widget.input_type = "text"
        field.widget.attrs.update({"inputmode": "decimal", "data-unit": self.unit})
        for bound in ("step", "min", "max"):
            field.widget.attrs.pop(bound, None)
        return field


class WanField(QuantityField):
    """An amount of money in 万元."""

    unit = "wan"

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("max_digits", 16)
        kwargs.setdefault("decimal_places", 4)
        super().__init__(*args, **kwargs)


class AreaField(QuantityField):
    """An area in ㎡."""

    unit = "m2"

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("max_digits", 14)
        kwargs.setdefault("decimal_places", 2)
        kwargs.setdefault("validators", [MinValueValidator(Decimal(0))])
        super().__init__(*args, **kwargs)
