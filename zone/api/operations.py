"""The operations that every resource has, as they are published."""

from __future__ import annotations

from django.db import models
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django_filters import BaseInFilter

from zone.access.api_scopes import DELETE, READ, WRITE
from zone.api import examples
from zone.api.documenting import Answer, Operation, parameter, query
from zone.api.filters import TruthFilter
from zone.api.paging import LONGEST, USUAL
from zone.api.resources import RESOURCES, Resource
from zone.api.shapes import DATE, MOMENT, UUID, action_name, bounds, ref


def named(resource: Resource, act: str) -> str:
    """Return the operationId: ``leads_list``."""
    return f"{resource.name.replace('-', '_')}_{act.replace('-', '_')}"


def basics(resource: Resource, act: str, scope: str) -> dict:
    about = {"more": resource.about} if resource.about else {}
    scope = f"{resource.name}:{scope}"
    return {"name": named(resource, act), "tag": resource.name, "scope": scope, **about}


def words(resource: Resource) -> dict:
    return {"kind": resource.model._meta.verbose_name}


def of_list(view) -> Operation:
    resource = view.resource
    body, shown = ref(f"{resource.title}Page"), examples.page(resource)
    return Operation(
        **basics(resource, "list", READ),
        about=_("Read the rows: %(kind)s") % words(resource),
        parameters=(*paging(resource), *filters(resource)),
        answers={200: Answer(_("A page of rows."), body, shown, ("Link",))},
    )


def paging(resource: Resource) -> list[dict]:
    orders = {"type": "string", "enum": list(resource.orders), "default": "id"}
    limit = {"type": "integer", "minimum": 1, "maximum": LONGEST, "default": USUAL}
    return [
        query("cursor", {"type": "string", "minLength": 1}, _("next_cursor of the page before.")),
        query("limit", limit, _("How many rows at most.")),
        query("order", orders, _("In which order; - is downwards.")),
        query(
            "external",
            {"type": "string", "pattern": "^[^:]+:[\\s\\S]+$"},
            _("Only the row that another system calls so: `<source>:<external_id>`."),
        ),
        query(
            "count",
            {"type": "string", "enum": ["estimate"]},
            _("Also estimate how many rows there are."),
        ),
    ]


def filters(resource: Resource) -> list[dict]:
    found = resource.filterset.base_filters
    return [query(name, *filter_shape(resource, one)) for name, one in found.items()]


def filter_shape(resource: Resource, one) -> tuple[dict, str]:
    """Return what a filter takes, and what it does."""
    field = field_at(resource.model, one.field_name)
    name = one.field_name.replace("__", ".")
    if isinstance(one, TruthFilter):
        return {"type": "boolean"}, _("Only rows whose %s is empty, or not.") % name
    if isinstance(one, BaseInFilter):
        shape = {"type": "array", "items": plain_shape(field), "minItems": 1}
        return shape, _("Only rows whose %s is one of these.") % name
    says = {
        "exact": _("Only rows whose %s is this."),
        "gte": _("Only rows whose %s is this or more."),
        "lte": _("Only rows whose %s is this or less."),
        "lt": _("Only rows whose %s is less."),
    }
    return plain_shape(field), says[one.lookup_expr] % name


def field_at(model: type[models.Model], path: str) -> models.Field:
    first, _lines, rest = path.partition("__")
    field = model._meta.get_field(first)
    return field_at(field.related_model, rest) if rest else field


def plain_shape(field: models.Field) -> dict:
    if field.is_relation:
        return UUID
    if isinstance(field, models.BooleanField):
        return {"type": "boolean"}
    if isinstance(field, models.DateTimeField):
        return MOMENT
    if isinstance(field, models.DateField):
        return DATE
    if isinstance(field, (models.IntegerField, models.DecimalField)):
        return {"type": "integer" if isinstance(field, models.IntegerField) else "number"}
    codes = {"enum": [code for code in bounds(field)["enum"] if code]} if field.choices else {}
    return {"type": "string", "minLength": 1} | codes


def of_detail(view) -> Operation:
    resource = view.resource
    row = Answer(_("The row."), ref(resource.title), examples.row(resource), ("ETag",))
    return Operation(
        **basics(resource, "read", READ),
        about=_("Read one row: %(kind)s") % words(resource),
        parameters=(parameter("IfNoneMatch"),),
        answers={200: row, 304: Answer(_("It still has the version that is known."))},
        refusals=(404,),
    )


def of_create(view) -> Operation:
    resource = view.resource
    headers = ("ETag", "Location", "Idempotency-Replayed")
    row = Answer(_("The new row."), ref(resource.title), examples.row(resource), headers)
    return Operation(
        **basics(resource, "create", WRITE),
        about=_("Make a row: %(kind)s") % words(resource),
        parameters=(parameter("IdempotencyKey"),),
        body=ref(f"{resource.title}Write"),
        example=examples.new_row(resource),
        answers={201: row},
        refusals=(409, 422),
    )


def of_change(view) -> Operation:
    resource = view.resource
    shown = examples.row(resource) | resource.change
    row = Answer(_("The row as it is now."), ref(resource.title), shown, ("ETag",))
    return Operation(
        **basics(resource, "change", WRITE),
        about=_("Change a row: %(kind)s") % words(resource),
        parameters=(parameter("IfMatch"),),
        body=ref(f"{resource.title}Change"),
        example=resource.change,
        answers={200: row},
        refusals=(404, 409, 412, 422, 428),
    )


def of_delete(view) -> Operation:
    return Operation(
        **basics(view.resource, "delete", DELETE),
        about=_("Delete a row: %(kind)s") % words(view.resource),
        parameters=(parameter("IfMatch"),),
        answers={204: Answer(_("The row is gone."))},
        refusals=(404, 409, 412, 428),
    )


def of_action(view) -> Operation:
    resource, action = view.resource, view.resource.actions[view.action]
    status, answer = action_answer(view)
    found = basics(resource, view.action, action.act) | {"more": str(action.about)}
    if action.needs:
        found["more"] += "\n\n" + _("Needs `%s` too.") % action.needs
    return Operation(
        **found,
        about=format_lazy("{kind}: {action}", action=view.action, **words(resource)),
        parameters=(parameter("IdempotencyKey"), parameter("IfMatchOptional")),
        body=ref(action_name(resource, view.action)),
        body_optional=not action.needed,
        example=action.example,
        answers={status: answer},
        refusals=(404, 409, 412, 422),
    )


def action_answer(view) -> tuple[int, Answer]:
    action = view.resource.actions[view.action]
    headers = ("ETag", "Idempotency-Replayed")
    shown = RESOURCES[action.result] if action.result else view.resource
    row = examples.row(shown)
    if action.result:
        about, row = _("The row that was made."), row | {"external_refs": [], "version": 1}
        return 201, Answer(about, ref(shown.title), row, (*headers, "Location"))
    return 200, Answer(_("The row as it is now."), ref(shown.title), row, headers)
