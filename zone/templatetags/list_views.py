"""What a list is filtered by, how many rows that leaves, and what they come to."""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.contrib.admin.utils import label_for_field
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR, SEARCH_VAR, ChangeList
from django.template import Library
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from zone import units

register = Library()


@register.inclusion_tag("zone/list_state.html")
def list_state(cl: ChangeList) -> dict:
    total = getattr(cl.paginator, "total", None)
    return {
        "cl": cl,
        "chips": list(_chips(cl)),
        "total": None if total is None else units.money(total),
    }


def _chips(cl: ChangeList) -> Iterator[dict]:
    """Yield each filter that is in force, with the address of the list without it."""
    if cl.query:
        words = _("search: %(words)s") % {"words": cl.query}
        yield {"text": words, "href": cl.get_query_string(remove=[SEARCH_VAR])}
    for spec in cl.filter_specs:
        names = [name for name in spec.expected_parameters() if name in cl.filter_params]
        if names:
            words = f"{capfirst(spec.title)}：{_chosen(cl, spec, names)}"
            yield {"text": words, "href": cl.get_query_string(dict.fromkeys(names))}


def _chosen(cl: ChangeList, spec, names: list[str]) -> str:
    for choice in spec.choices(cl):
        if choice.get("selected") and "display" in choice:
            return str(choice["display"])
    return " ".join(value for name in names for value in cl.filter_params[name])


@register.inclusion_tag("zone/list_columns.html")
def list_columns(cl: ChangeList) -> dict:
    """Offer the columns of a list: those that are shown in their order, then the others."""
    shown = [name for name in cl.list_display if name != "action_checkbox"]
    declared = (*cl.model_admin.list_display, *cl.model_admin.optional_columns)
    others = [name for name in declared if name not in shown]
    # The order names columns by their places, which a choice of columns moves.
    parameter = cl.model_admin.columns_parameter
    left_out = (parameter, PAGE_VAR, ORDER_VAR)
    return {
        # zone/lists.js makes the boxes: the shown ones first, then what is not shown.
        "columns": json.dumps(
            [{name: _label(cl, name) for name in names} for names in (shown, others)],
            ensure_ascii=False,
            separators=(",", ":"),
        ),
        "params": [
            (name, value)
            for name, values in cl.filter_params.items()
            for value in values
            if name not in left_out
        ],
        "is_chosen": parameter in cl.filter_params,
        "reset": cl.get_query_string({parameter: None, ORDER_VAR: None}),
    }


def _label(cl: ChangeList, name: str) -> str:
    return str(capfirst(label_for_field(name, cl.model, cl.model_admin)))
