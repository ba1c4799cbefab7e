"""The inputs of every form of the admin: numbers that are understood, days that are tapped."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSingleDateWidget, UnfoldAdminTextInputWidget

from zone import units
from zone.admin.code_input import CodeInput, code_of
from zone.calendar import today
from zone.fields import PlainNumber, QuantityField
from zone.models import ZoneSetting


class QuantityWidget(UnfoldAdminTextInputWidget):
    """A number, beside it what it comes to in the other usual unit, below it what is asked."""

    template_name = "zone/quantity.html"
    asked: Decimal | None = None
    sure = ""

    def value_from_datadict(self, data, files, name):
        self.sure = data.get(f"{name}-sure", "")
        return super().value_from_datadict(data, files, name)

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        widget = context["widget"]
        unit = widget["attrs"].get("data-unit", "")
        known = json.loads(widget["attrs"].get("data-units", "{}")).values()
        sizes = {each: units.UNITS[each] for each in {unit, *known}}
        widget["attrs"]["data-reading"] = json.dumps([units.WRITTEN, sizes], ensure_ascii=False)
        widget["echo"] = units.echo(value, unit)
        if self.asked is not None:
            widget["asked"] = f"{self.asked:f}"
            widget["asked_words"] = units.money(self.asked)
            widget["is_sure"] = self.sure == widget["asked"]
        return context


class AskedNumber(PlainNumber):
    """Asks whether an amount outside the ``usual`` bounds is meant: those the office has set."""

    widget = QuantityWidget
    usual = (ZoneSetting.Key.USUAL_AMOUNT_LEAST_WAN, ZoneSetting.Key.USUAL_AMOUNT_MOST_WAN)
    before = None

    def get_bound_field(self, form, field_name):
        self.before = form.get_initial_for_field(self, field_name)
        return super().get_bound_field(form, field_name)

    def clean(self, value):
        number = super().clean(value)
        # Nought is no slip of the unit, and what is beyond all bounds the model refuses.
        is_amount = self.unit == "wan" and number and abs(number) <= units.MOST_WAN
        if is_amount and number != self.before:
            self._ask(number)
        return number

    def _ask(self, number: Decimal):
        values = ZoneSetting.values()
        least, most = (values[key] for key in self.usual)
        if least <= abs(number) <= most:
            return
        self.widget.asked = number
        if self.widget.sure != f"{number:f}":
            words = {"amount": number, "least": least, "most": most}
            raise ValidationError(
                _(
                    "%(amount)s is outside the usual %(least)s to %(most)s. Please check the unit; "
                    "if it is meant, tick it and save again."
                ),
                code="unusual",
                params={name: units.money(wan) for name, wan in words.items()},
            )


class UnitOfChoice:
    """Mixed into forms whose ``value`` is of a unit that ``UNITS`` gives for another field."""

    chooser = ""
    UNITS: dict[str, str] = {}
    help_text = ""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if (field := self.fields.get("value")) is None:
            return
        chosen = self[self.chooser].value() if self.chooser in self.fields else None
        field.unit = self.UNITS.get(chosen or getattr(self.instance, self.chooser), "")
        field.help_text = self.help_text or field.help_text
        field.widget.attrs |= {
            "data-unit": field.unit,
            "data-unit-of": self.add_prefix(self.chooser),
            "data-units": json.dumps(self.UNITS),
        }


class DayWidget(UnfoldAdminSingleDateWidget):
    """A day: the usual ones at one tap, a calendar that opens with the field.

    A ``coming`` day has other usual ones than a past one.
    """

    template_name = "zone/day.html"

    def __init__(self, attrs=None, format=None, coming: bool = False, usual: bool = True):
        self.coming, self.usual = coming, usual
        super().__init__({"inputmode": "none", **(attrs or {})}, format)

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        days = coming_days(today()) if self.coming else past_days(today())
        context["widget"]["days"] = days if self.usual else []
        return context

    @property
    def media(self):
        return forms.Media()  # zone/days.js is on every page


class ChipsWidget(forms.RadioSelect):
    """A choice of few, each at one tap."""

    template_name = "zone/chips.html"


def past_days(on: date) -> list[tuple]:
    return [(_("today"), on), (_("yesterday"), on - timedelta(days=1))]


def coming_days(on: date) -> list[tuple]:
    return [
        (_("tomorrow"), on + timedelta(days=1)),
        (_("in 3 days"), on + timedelta(days=3)),
        (_("next Monday"), on + timedelta(days=7 - on.weekday())),
        (_("in two weeks"), on + timedelta(days=14)),
    ]


class OurInputs:
    """For admin classes and inlines: these inputs, and numbers in words where they are read."""

    coming_dates: tuple[str, ...] = ()
    code_lists: dict[str, str] = {}  # of fields that keep a standard code: its list
    formfield_overrides = {
        models.DecimalField: {"form_class": PlainNumber, "widget": QuantityWidget},
        QuantityField: {"form_class": AskedNumber, "widget": QuantityWidget},
        models.DateField: {"widget": DayWidget},
    }

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name in self.coming_dates:
            kwargs["widget"] = DayWidget(coming=True)
        if kind := self.code_lists.get(db_field.name):
            kwargs |= {"widget": CodeInput(kind), "normalise": code_of(kind)}
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @property
    def readonly_preprocess_fields(self) -> dict:
        numbers = [field for field in self.opts.fields if isinstance(field, models.DecimalField)]
        return {field.name: partial(_in_words, field) for field in numbers}


def _in_words(field: models.DecimalField, contents: str) -> str:
    """Write what a form shows of a number that is only read: 4,200 万元, not 4200.0000."""
    try:
        number = Decimal(contents)
    except ArithmeticError:  # it is empty
        return contents
    return units.in_words(number, getattr(field, "unit", ""))
