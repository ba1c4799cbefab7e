"""Reading a form of the admin as a browser would send it back.

Works on answers of Django's test client that keep their context (``setup_test_environment``).
"""

from __future__ import annotations

import re
from html import unescape


def fields(response) -> dict:
    """Return every input of the page's form, its inlines and its hidden version."""
    context = response.context
    forms = [context["adminform"].form]
    forms += [form for inline in context["inline_admin_formsets"] for form in inline.formset]
    data = {}
    for bound in (bound for form in forms for bound in form):
        value = bound.field.prepare_value(bound.value())
        if value is not None and value is not False:
            data[bound.html_name] = value
    for inline in context["inline_admin_formsets"]:
        management = inline.formset.management_form
        data |= {bound.html_name: bound.value() for bound in management}
    return data | carried(response)


def carried(response) -> dict:
    """Return the hidden fields that say which version the page was drawn from, and for whom."""
    found = re.findall(r'name="(seen|_opened)" value="([^"]+)"', response.text)
    return {name: unescape(value) for name, value in found}
