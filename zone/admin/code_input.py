"""A box for a standard code: chosen by its name, its pinyin or the code itself."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminTextInputWidget

from zone import identifiers
from zone.codes.lists import LISTS


class CodeInput(UnfoldAdminTextInputWidget):
    """Shows a code with its name; ``zone/codes.js`` looks up while somebody types.

    Without the script a code or a whole name is understood as well.
    """

    template_name = "zone/code_input.html"

    class Media:
        js = ("zone/codes.js",)
        css = {"all": ("zone/codes.css",)}

    def __init__(self, kind: str, attrs=None):
        self.kind = kind
        super().__init__({"autocomplete": "off", **(attrs or {})})

    def format_value(self, value):
        return LISTS[self.kind]().label(value) if value else value

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        words = {"industry": _("Name, code or pinyin"), "region": _("Province, city or county")}
        context["widget"]["attrs"] |= {
            "data-codes": reverse("codes", args=[self.kind]),
            "data-none": _("Nothing found"),
            "placeholder": words[self.kind],
        }
        context["widget"]["attrs"].pop("maxlength", None)
        context["path"] = LISTS[self.kind]().name(value) if value else ""
        return context


def code_of(kind: str):
    """Return how a form reads what stands in such a box."""
    return lambda text: identifiers.compact(LISTS[kind]().code_of(text))
