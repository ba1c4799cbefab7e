"""Fields that take what people paste: full-width digits, 1,234.50, 1.2亿, blanks inside codes."""

import re
from collections.abc import Iterable
from decimal import Decimal

from django import forms
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, validate_email
from django.db import models
from django.db.models.functions import Upper
from django.db.models.query_utils import DeferredAttribute
from django.utils.translation import gettext_lazy as _

from zone import identifiers, units
from zone.database import pinyin
from zone.database.folding import Folded
from zone.privacy import masking
from zone.privacy.masking import Masked

FOUR_DIGITS = re.compile(r"\d{4}", re.ASCII)


class LineInput(forms.CharField):
    """One line of text, without the characters nobody sees."""

    read = staticmethod(identifiers.one_line)

    def to_python(self, value):
        return self.read(super().to_python(value) or "") or self.empty_value


class ProseInput(LineInput):
    """A text of several lines, without the characters nobody sees."""

    read = staticmethod(identifiers.several_lines)


class NormalisedText(LineInput):
    """Text that is normalised before its length is judged."""

    def __init__(self, *, normalise, longest=None, **kwargs):
        self.normalise, self.longest = normalise, longest
        kwargs.pop("max_length", None)
        super().__init__(**kwargs)

    def to_python(self, value):
        return self.normalise(super().to_python(value) or "") or self.empty_value


class MaskedText(NormalisedText):
    """A personal text: what is stored is shown masked, and its mask sent back keeps it."""

    stored = ""

    def get_bound_field(self, form, field_name):
        initial = form.get_initial_for_field(self, field_name)
        self.stored = initial if isinstance(initial, Masked) else ""
        return super().get_bound_field(form, field_name)

    def is_untouched(self, value) -> bool:
        return bool(self.stored) and (value or "").strip() == str(self.stored)

    def has_changed(self, initial, data):
        return not self.is_untouched(data) and super().has_changed(initial, data)

    def clean(self, value):
        if self.is_untouched(value):
            return self.stored
        if "*" in identifiers.half_width(value or ""):
            raise ValidationError(
                _("Please enter it in full, without *; or leave it as it was to keep it."),
                code="masked",
            )
        return super().clean(value)


class NormalisedField:
    """A text kept in its normal form, whoever writes it; ``read`` refuses what has none."""

    normalise = staticmethod(identifiers.line)
    read = staticmethod(identifiers.one_line)
    form_class = LineInput

    def to_python(self, value):
        value = super().to_python(value)
        return self.normalise(self.read(value)) if isinstance(value, str) else value

    def pre_save(self, model_instance, add):
        """Return the value as it is kept, and leave it so in the row."""
        value = super().pre_save(model_instance, add)
        kept = self._readable(value)
        if kept != value:
            setattr(model_instance, self.attname, kept)
        return kept

    def get_db_prep_save(self, value, connection):
        return super().get_db_prep_save(self._readable(value), connection)

    def get_prep_value(self, value):
        # Look-ups come here too: what no row can hold finds none.
        value = models.Field.get_prep_value(self, value)
        if value is None:
            return None
        return self.normalise(value if isinstance(value, str) else str(value))

    def formfield(self, **kwargs):
        return super().formfield(**{"form_class": self.form_class, **kwargs})

    def _readable(self, value):
        if not isinstance(value, str):
            return value
        try:
            return self.to_python(value)
        except ValidationError as refusal:
            raise ValidationError({self.name: refusal}) from refusal


class LineField(NormalisedField, models.CharField):
    """One line of text."""


class NoteField(NormalisedField, models.CharField):
    """A text of several lines and limited length."""

    normalise = staticmethod(identifiers.prose)
    read = staticmethod(identifiers.several_lines)
    form_class = ProseInput


class ProseField(NormalisedField, models.TextField):
    """A text of several lines."""

    normalise = staticmethod(identifiers.prose)
    read = staticmethod(identifiers.several_lines)
    form_class = ProseInput


class CodeField(LineField):
    """A code kept in its normal form, whoever writes it."""

    normalise = staticmethod(identifiers.compact)

    def formfield(self, **kwargs):
        kwargs = {"form_class": NormalisedText, **kwargs}
        if issubclass(kwargs["form_class"], NormalisedText):
            kwargs.setdefault("normalise", self.normalise)
        return super().formfield(**kwargs)


class NameField(CodeField):
    """A name with half-width letters and no blanks around; its length is judged as kept."""

    normalise = staticmethod(identifiers.half_width)


class RegisteredNameField(CodeField):
    """The name of a company as it is registered, with its full-width brackets."""

    normalise = staticmethod(identifiers.registered_name)


class SourceField(CodeField):
    """The name under which another system gives its ids, the same for all its spellings."""

    normalise = staticmethod(identifiers.source_code)


class MaskedAttribute(DeferredAttribute):
    """Makes whatever is put into a personal field print itself masked from then on."""

    def __set__(self, instance, value):
        instance.__dict__[self.field.attname] = self.field.masked(value)


class PersonalField(CodeField):
    """A text about a person: stored as it is, shown masked, kept out of look-ups."""

    descriptor_class = MaskedAttribute
    normalise = staticmethod(identifiers.half_width)
    mask = staticmethod(masking.mask_wechat)

    def masked(self, value):
        if not value or not isinstance(value, str) or isinstance(value, Masked):
            return value
        return Masked(value, self.mask)

    def from_db_value(self, value, expression, connection):
        return self.masked(value)

    def get_prep_value(self, value):
        value = super().get_prep_value(value)
        return value.plain if isinstance(value, Masked) else value

    def formfield(self, **kwargs):
        field = super().formfield(**{"form_class": MaskedText, **kwargs})
        field.widget.attrs["autocomplete"] = "off"
        return field


class PhoneField(PersonalField):
    """A telephone number without blanks and country code."""

    normalise = staticmethod(identifiers.compact_phone)
    mask = staticmethod(masking.mask_phone)
    default_validators = [identifiers.check_phone]


class WeChatField(PersonalField):
    """A WeChat name."""

    default_validators = [identifiers.no_identity_number]


class MailField(PersonalField):
    """An e-mail address."""

    mask = staticmethod(masking.mask_email)
    default_validators = [validate_email, identifiers.no_identity_number]


class DerivedField(models.CharField):
    """A text made from the field ``of``, however the row is written."""

    derive = staticmethod(str)

    def __init__(self, *args, of: str, **kwargs):
        self.of = of
        super().__init__(*args, **{"editable": False, **kwargs})

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {"of": self.of, **kwargs}

    def pre_save(self, model_instance, add):
        value = self.derive(getattr(model_instance, self.of))
        setattr(model_instance, self.attname, value)
        return value


class PhoneKeyField(DerivedField):
    """The keyed hash of a telephone number."""

    derive = staticmethod(masking.phone_key)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"of": "phone", "max_length": 64, **kwargs})


class PhoneEndKeyField(PhoneKeyField):
    """The keyed hash of the last four digits of a telephone number."""

    derive = staticmethod(masking.phone_end_key)

    def searched(self, word: str) -> str | None:
        return masking.ending_key(word) if FOUR_DIGITS.fullmatch(word) else None


class PinyinKeyField(DerivedField):
    """What a name is sorted by, and found by in pinyin (``zone.database.pinyin``)."""

    derive = staticmethod(pinyin.key)

    def __init__(self, *args, **kwargs):
        longest = {"max_length": pinyin.LONGEST_KEY, "blank": True, "default": ""}
        super().__init__(*args, **{"of": "name", **longest, **kwargs})

    def searched(self, word: str) -> str:
        return pinyin.part_of_key(word)


class PersonKeyField(PinyinKeyField):
    """The same of a person's name."""

    derive = staticmethod(pinyin.key_of_person)


def derived_from(model: type[models.Model], names: Iterable[str]) -> set[str]:
    """Return the names of the fields that are made from one of ``names``."""
    return {field.name for field in model._meta.fields if getattr(field, "of", None) in names}


def pinyin_key_of(model: type[models.Model], name: str) -> PinyinKeyField | None:
    """Return the field that the text field ``name`` is sorted by, if it has one."""
    keys = (field for field in model._meta.fields if isinstance(field, PinyinKeyField))
    return next((field for field in keys if field.of == name), None)


class PlainNumber(forms.DecimalField):
    """A number of some ``unit`` as people write it; ``units.read`` says how."""

    widget = forms.TextInput  # type=number would refuse what is understood here

    def __init__(self, *, unit: str = "", **kwargs):
        self.unit = unit
        super().__init__(**kwargs)

    def widget_attrs(self, widget):
        return {**super().widget_attrs(widget), "inputmode": "decimal", "data-unit": self.unit}

    def to_python(self, value):
        return super().to_python(units.read(value, self.unit) if isinstance(value, str) else value)

    def prepare_value(self, value):
        """Show 5700, not 5700.0000."""
        if isinstance(value, Decimal):
            return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"
        return value


class QuantityField(models.DecimalField):
    """A decimal of some ``unit``; a text is read as people write it, wherever it comes from."""

    unit = ""

    def to_python(self, value):
        return super().to_python(units.read(value, self.unit) if isinstance(value, str) else value)

    def formfield(self, **kwargs):
        return super().formfield(**{"form_class": PlainNumber, "unit": self.unit, **kwargs})


above_zero = MinValueValidator(Decimal("0.0001"), _("The amount must be more than 0."))
not_negative = MinValueValidator(Decimal(0), _("The amount cannot be negative."))
TOO_MUCH = _("More than 1万亿元 is no single amount; please check the unit.")


class WanField(QuantityField):
    """An amount of money in 万元; ``bounded`` holds its outermost bounds in the database."""

    unit = "wan"
    default_validators = [
        MinValueValidator(-units.MOST_WAN, TOO_MUCH),
        MaxValueValidator(units.MOST_WAN, TOO_MUCH),
    ]

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("max_digits", 16)
        kwargs.setdefault("decimal_places", 4)
        super().__init__(*args, **kwargs)


def bounded(*names: str, name: str) -> models.CheckConstraint:
    """Return the constraint of a model with the amounts ``names``: none beyond its bounds."""
    bounds = (-units.MOST_WAN, units.MOST_WAN)
    condition = models.Q(*((f"{each}__range", bounds) for each in names))
    return models.CheckConstraint(condition=condition, name=name, violation_error_message=TOO_MUCH)


class AreaField(QuantityField):
    """An area in ㎡."""

    unit = "m2"

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("max_digits", 14)
        kwargs.setdefault("decimal_places", 2)
        kwargs.setdefault("validators", [MinValueValidator(Decimal(0))])
        super().__init__(*args, **kwargs)


def trigram_index(field: str, name: str) -> GinIndex:
    """Return the index that serves ``holds``, which compares in upper case."""
    return GinIndex(OpClass(Upper(Folded(field)), name="gin_trgm_ops"), name=name)
