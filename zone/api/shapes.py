"""What goes over the wire, as JSON Schema: derived from the resources and their models' fields.

``ref("Lead")`` stands for a shape by its name; whatever an operation refers to is put into the
published schema. Resources give theirs by themselves (``Lead``, ``LeadWrite``, ``LeadChange``,
``LeadPage`` and one for each action); any other one is declared where it is used, by ``named``.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.contrib.postgres.fields import RangeField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext as _

from zone.api.resources import CODED, RESOURCES, Column, Resource
from zone.fields import PersonalField
from zone.models import ExternalRef

UUID = {"type": "string", "format": "uuid"}
DATE = {"type": "string", "format": "date"}
MOMENT = {"type": "string", "format": "date-time"}
CURSOR = {"type": ["string", "null"]}
UNITS = {"_wan": "10,000 CNY", "_m2": "m²", "_m": "m", "_kva": "kVA"}
KINDS = (
    (models.BooleanField, "boolean"),
    (models.IntegerField, "integer"),
    (models.Field, "string"),
)
MOST_ROWS = 500  # of a batch
NAMED: dict[str, Callable[[], dict]] = {}


def ref(name: str) -> dict:
    return {"$ref": f"#/components/schemas/{name}"}


def named(name: str):
    """Declare the shape of this name; used as a decorator of what returns it."""

    def keep(shape: Callable[[], dict]):
        NAMED[name] = shape
        return shape

    return keep


def shape_named(name: str) -> dict:
    """Return the shape that ``ref(name)`` stands for."""
    if name in NAMED:
        return NAMED[name]()
    for resource in RESOURCES.values():
        if name in (kinds := shapes_of(resource)):
            return kinds[name]()
    raise LookupError(f"No shape has the name {name}; declare it with @named({name!r}).")


def shapes_of(resource: Resource) -> dict[str, Callable[[], dict]]:
    title = resource.title
    found = {
        title: lambda: read_shape(resource),
        f"{title}Page": lambda: page_shape(resource),
        f"{title}Write": lambda: write_shape(resource),
        f"{title}Change": lambda: change_shape(resource),
    }
    if resource.writable:
        found[f"{title}Batch"] = lambda: batch_shape(resource)
    for name in resource.actions:
        found[action_name(resource, name)] = lambda name=name: action_shape(resource, name)
    return found


def action_name(resource: Resource, action: str) -> str:
    return f"{resource.title}{action.title().replace('-', '')}"


def object_schema(properties: dict, required=(), **more) -> dict:
    """Return the shape of an object; ``required`` are the names that always stand in it."""
    names = [name for name in properties if name in set(required)]
    return {"type": "object", "properties": properties, "required": names, **more}


def array_schema(shape: dict, **more) -> dict:
    return {"type": "array", "items": shape, **more}


def nullable(shape: dict) -> dict:
    """Return the shape of a value that may be null too."""
    if "type" not in shape:
        return {**shape, "anyOf": [*shape["anyOf"], {"type": "null"}]}
    kinds = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
    more = {"enum": [*shape["enum"], None]} if "enum" in shape else {}
    return {**shape, "type": [*kinds, "null"], **more}


# Reading


def read_shape(resource: Resource) -> dict:
    """Return the shape of a row as the interface shows it; every value always stands there."""
    fields = {column.name: column_shape(resource, column) for column in resource.columns}
    for name, _pairs in resource.choices:
        label = _("“%s” in words, in the language asked for.") % name
        fields[f"{name}_label"] = {"type": "string", "description": label}
    if "period" in fields:
        fields |= days_shape(fields.pop("period"))
    fields["external_refs"] = array_schema(ref("ExternalReference"))
    about = str(resource.model._meta.verbose_name)
    return object_schema(fields, fields, title=about, **described(resource))


def described(resource: Resource) -> dict:
    words = resource.about
    return {"description": str(words)} if words else {}


def days_shape(period: dict) -> dict:
    first, last = _("The first day."), _("The last day, which is included; null: open.")
    return {
        "starts_on": {**nullable(DATE), "title": period["title"], "description": first},
        "ends_on": {**nullable(DATE), "title": period["title"], "description": last},
    }


def column_shape(resource: Resource, column: Column) -> dict:
    if column.name == "version":
        about = _("Rises with every change; the ETag of the row.")
        return {"type": "integer", "minimum": 1, "description": about}
    field = resource.model._meta.get_field(column.name)
    shape = reference_shape(field) if field.is_relation else value_shape(field)
    if isinstance(field, models.DecimalField):
        shape = {"type": "string", "pattern": decimal_pattern(field)}
    return labelled(field, nullable(shape) if field.null else shape)


def labelled(field: models.Field, shape: dict) -> dict:
    """Add what a person reads of the field: its name, its help, its unit and its codes."""
    words = [str(field.help_text)] if field.help_text else []
    words += [shape["description"]] if "description" in shape else []
    found = {**shape, "title": str(field.verbose_name)}
    if choices := field.flatchoices:
        labels = {code: str(label) for code, label in choices}
        words.append("\n".join(f"* `{code}`: {label}" for code, label in labels.items()))
        found["x-labels"] = labels
    unit = next((unit for end, unit in UNITS.items() if field.name.endswith(end)), "")
    if unit:
        found["x-unit"] = unit
    if isinstance(field, PersonalField):
        found["x-personal"] = True
        words.append(_("Masked without the scope `pii:read`."))
    return found | ({"description": "\n\n".join(words)} if words else {})


def reference_shape(field: models.Field) -> dict:
    to = field.related_model._meta
    if to.label_lower in CODED:
        about = _("The code of the row (%s).") % to.verbose_name
        return {"type": "string", "maxLength": 40, "description": about}
    if to.label_lower == "zone.user":
        about = _("The user name of a person.")
        return {"type": "string", "maxLength": 150, "description": about}
    return {**UUID, "description": _("The id of the row (%s).") % to.verbose_name}


def value_shape(field: models.Field) -> dict:
    if isinstance(field, RangeField):
        return {"type": "object"}
    if isinstance(field, models.UUIDField):
        return UUID
    if isinstance(field, models.DateField):  # also the base of DateTimeField
        return MOMENT if isinstance(field, models.DateTimeField) else DATE
    kind = next(name for kind, name in KINDS if isinstance(field, kind))
    return {"type": kind, **bounds(field)}


def bounds(field: models.Field) -> dict:
    if field.choices:
        codes = [code for code, _label in field.flatchoices]
        return {"enum": [*codes, *([""] if field.blank and "" not in codes else [])]}
    if isinstance(field, models.IntegerField):
        return limits(field)
    return {"maxLength": field.max_length} if field.max_length else {}


def limits(field: models.Field) -> dict:
    found = {}
    for validator in field.validators:
        limit = getattr(validator, "limit_value", None)
        if isinstance(validator, MinValueValidator):
            found["minimum"] = max(limit, found.get("minimum", limit))
        elif isinstance(validator, MaxValueValidator):
            found["maximum"] = min(limit, found.get("maximum", limit))
    return found


def is_signed(field: models.DecimalField) -> bool:
    return limits(field).get("minimum", -1) < 0


def decimal_pattern(field: models.DecimalField) -> str:
    sign = "-?" if is_signed(field) else ""
    whole = field.max_digits - field.decimal_places
    return rf"^{sign}[0-9]{{1,{whole}}}(\.[0-9]{{1,{field.decimal_places}}})?$"


def page_shape(resource: Resource) -> dict:
    fields = {
        "data": array_schema(ref(resource.title)),
        "next_cursor": {**CURSOR, "description": _("For `?cursor=`; null on the last page.")},
        "has_more": {"type": "boolean"},
        "estimated_count": {
            "type": "integer",
            "minimum": 0,
            "description": _("What the planner expects in all; only with `?count=estimate`."),
        },
    }
    return object_schema(fields, ("data", "next_cursor", "has_more"))


# Writing


def write_shape(resource: Resource) -> dict:
    """Return the shape of a body that makes a row; unknown names are refused."""
    names = [*resource.create_only, *resource.writable]
    fields = {name: write_field_shape(resource, name) for name in names}
    readers = resource.create_values | resource.component_values
    fields |= {name: reader.shape() for name, reader in readers.items()}
    return closed(fields, [name for name in names if is_needed(resource, name)], resource.needed)


def change_shape(resource: Resource) -> dict:
    """Return the shape of a body that changes a row: what is not named stays as it is."""
    fields = {name: write_field_shape(resource, name) for name in resource.writable}
    fields |= {name: reader.shape() for name, reader in resource.component_values.items()}
    return closed(fields)


def action_shape(resource: Resource, name: str) -> dict:
    action = resource.actions[name]
    fields = {name: reader.shape() for name, reader in action.fields.items()}
    return object_schema(fields, action.needed, additionalProperties=False)


def batch_shape(resource: Resource) -> dict:
    """Return the shape of a batch; what a new row needs, only a new row needs."""
    data = write_shape(resource)
    needed = ", ".join(data["required"])
    fields = {name: shape for name, shape in data["properties"].items() if name != "external_refs"}
    id_over_there = external_reference()["properties"]
    item = {
        "ref": {"type": ["string", "null"], "description": _("Comes back with the result.")},
        "external_id": id_over_there["external_id"],
        "version": {
            "type": ["integer", "null"],
            "description": _("The version that was read; refused when the row has another one."),
        },
        "data": object_schema(fields, description=_("The row; a new one needs: %s.") % needed),
    }
    items = array_schema(object_schema(item, ("external_id", "data"), additionalProperties=False))
    about = _("partial writes what may be written, atomic all or nothing.")
    batch = {
        "source": {**id_over_there["source"], "description": _("One of your sources; see `me`.")},
        "mode": {"enum": ["partial", "atomic"], "default": "partial", "description": about},
        "items": {**items, "minItems": 1, "maxItems": MOST_ROWS},
    }
    return object_schema(batch, ("source", "items"), additionalProperties=False)


def closed(fields: dict, *required) -> dict:
    about = _("Replaces those of your own sources, at most 20; those of other systems stay.")
    fields["external_refs"] = array_schema(ref("ExternalReference"), description=about)
    needed = [name for names in required for name in names]
    return object_schema(fields, needed, additionalProperties=False)


def is_needed(resource: Resource, name: str) -> bool:
    field = resource.model._meta.get_field(name)
    return not (field.null or field.blank or field.has_default())


def write_field_shape(resource: Resource, name: str) -> dict:
    field = resource.model._meta.get_field(name)
    shape = write_reference_shape(field) if field.is_relation else write_value_shape(field)
    return labelled(field, nullable(shape) if field.null else shape)


def write_reference_shape(field: models.Field) -> dict:
    shape = reference_shape(field)
    if shape.get("format") != "uuid":
        return shape
    other = _("An id, or what another system calls the row.")
    return {"anyOf": [UUID, ref("ExternalReference")], "description": other}


def write_value_shape(field: models.Field) -> dict:
    if isinstance(field, models.DecimalField):
        about = _("Written as text, so that no digit is lost; whole numbers also as numbers.")
        pattern = {"pattern": decimal_pattern(field), "description": about}
        return {"type": ["string", "integer"], **pattern, **integer_limits(field)}
    shape = value_shape(field)
    if shape["type"] == "string" and not (field.blank or "enum" in shape or "format" in shape):
        shape = {**shape, "minLength": 1}
    return shape


def integer_limits(field: models.DecimalField) -> dict:
    most = 10 ** (field.max_digits - field.decimal_places) - 1
    return {"minimum": -most if is_signed(field) else 0, "maximum": most}


# What several operations share


@named("ExternalReference")
def external_reference() -> dict:
    names = ("source", "external_id")
    fields = {
        name: {
            "type": "string",
            "minLength": 1,
            "maxLength": ExternalRef._meta.get_field(name).max_length,
        }
        for name in names
    }
    about = _("What another system calls the row: the system, and the id over there.")
    return object_schema(fields, names, description=about, additionalProperties=False)


@named("Problem")
def problem() -> dict:
    own, more = problem_fields()
    own["request_id"] = {"type": "string", "description": _("Name it when you ask us.")}
    return object_schema(own | more, own, description=_("A refusal, as RFC 9457 says."))


@named("RowProblem")
def row_problem() -> dict:
    own, more = problem_fields()
    for name in ("scope", "bootstrap", "results", "line"):
        del more[name]
    return object_schema(own | more, own, description=_("Why a row of a batch is refused."))


@named("BatchResults")
def batch_results() -> dict:
    fields = {"results": array_schema(ref("BatchResult"))}
    return object_schema(fields, fields)


@named("BatchResult")
def batch_result() -> dict:
    text = {"type": ["string", "null"]}
    statuses = [200, 201, 204, 403, 404, 409, 412, 422, 424]
    about = _("201 made, 200 changed, 204 as it was, 424 not done because another row failed.")
    fields = {
        "index": {"type": "integer", "minimum": 0},
        "ref": text,
        "external_id": text,
        "status": {"enum": statuses, "description": about},
        "id": {**UUID, "type": ["string", "null"]},
        "version": {"type": ["integer", "null"]},
    }
    return object_schema(fields | {"problem": ref("RowProblem")}, fields)


def problem_fields() -> tuple[dict, dict]:
    """Return what every problem says, and what some say besides."""
    fields = {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer", "enum": [s.value for s in HTTPStatus if s >= 400]},
        "code": {"type": "string", "description": _("For programs; it does not change.")},
        "detail": {"type": "string", "description": _("What is wrong, and the cure.")},
        "errors": array_schema(ref("ProblemError")),
    }
    whose = {"owner": {"type": ["string", "null"]}, "registered_on": DATE}
    more = {
        "scope": {"type": "string", "description": _("The scope that the key lacks.")},
        "etag": {"type": "string", "description": _("The ETag of the row as it is now.")},
        "bootstrap": {"type": "string", "format": "uri", "description": _("Begin anew here.")},
        "results": array_schema(ref("BatchResult"), description=_("Of an atomic batch: each row.")),
        "line": {"type": "integer", "description": _("The line of the upload.")},
        "duplicate_of": object_schema(
            whose, whose, description=_("By whom the enterprise is courted, and since when.")
        ),
    }
    return fields, more


@named("ProblemError")
def problem_error() -> dict:
    where = _("A JSON pointer into the body, or ?name of a parameter; empty: the whole body.")
    names = ("pointer", "code", "detail")
    fields = {name: {"type": "string"} for name in names}
    fields["pointer"]["description"] = where
    return object_schema(fields, names)
