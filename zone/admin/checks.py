"""System checks of admin classes: each shows the rows of ``visible_to`` only."""

from django.contrib import admin
from django.core.checks import Error, register

from zone.access.row_access import SCOPE_CHECK, RowQuerySet
from zone.admin.base import HistoryInline, ScopedModelAdmin, ZoneInline


@register(SCOPE_CHECK)
def every_admin_is_scoped(app_configs, **kwargs):
    """Every registered class, its inlines and its model answer to ``visible_to``."""
    problems = []
    for model, model_admin in admin.site._registry.items():
        if not isinstance(model_admin, ScopedModelAdmin):
            problems.append(_error("E001", model, "its admin class is no ScopedModelAdmin"))
        if not _has_rule(model):
            problems.append(_error("E002", model, "neither BELONGS_TO nor within() says who sees"))
        if model_admin.list_editable:
            problems.append(_error("E003", model, "list_editable saves without a version"))
        if model_admin.raw_id_fields:
            problems.append(_error("E004", model, "raw_id_fields show the name of any row"))
        for inline in _inlines(model_admin):
            if not issubclass(inline, (HistoryInline, ZoneInline)):
                problems.append(_error("E005", model, f"the inline {inline.__name__} is unscoped"))
    return problems


def _has_rule(model) -> bool:
    rows = model._default_manager.all()
    if not isinstance(rows, RowQuerySet):
        return False
    return type(rows).within is not RowQuerySet.within or bool(model.BELONGS_TO)


def _inlines(model_admin) -> list[type]:
    """Return the inlines declared on the class, and those of its module used by get_inlines."""
    module = __import__(type(model_admin).__module__, fromlist=["*"])
    used = {
        found
        for found in vars(module).values()
        if isinstance(found, type)
        and issubclass(found, admin.options.InlineModelAdmin)
        and found.model is not None
    }
    return [*model_admin.inlines, *sorted(used, key=lambda inline: inline.__name__)]


def _error(number: str, model, words: str) -> Error:
    return Error(
        f"{model._meta.label}: {words}.",
        hint="Build it on ScopedModelAdmin and ZoneInline of zone.admin.base.",
        obj=model,
        id=f"zone.{number}",
    )
