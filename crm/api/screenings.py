"""Criteria and sheets; a sheet is written by ``POST leads/{id}/screen``."""

from decimal import Decimal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.models.screenings import Screening, ScreeningCriterion
from zone.api import values
from zone.api.examples import known_id
from zone.api.resources import Action, Resource, register, register_action

MOST = 200  # criteria on one sheet


@register
class ScreeningCriteria(Resource):
    model = ScreeningCriterion
    fields = ("name", "group", "max_points", "guidance", "chain", "is_active", "position")
    fields += ("source",)
    filters = {"chain__code": ("exact",), "is_active": ("exact",)}
    example = {"name": "产业类别", "group": "产业政策", "max_points": "10", "chain": None}
    example |= {"guidance": "鼓励类 10 分", "is_active": True, "position": 1, "source": "默认"}


@register
class Screenings(Resource):
    model = Screening
    fields = ("lead", "total_points", "full_points", "opinion", "result")
    fields += ("prepared_by", "decided_by", "decided_on")
    filters = {"lead": ("exact", "in"), "result": ("exact", "in"), "decided_on": ("gte", "lte")}
    example = {"lead": known_id("leads"), "total_points": "0", "full_points": "0"}
    example |= {"opinion": "符合产业方向", "result": "", "prepared_by": "specialist"}
    example |= {"decided_by": None, "decided_on": None}


@values.shaped(
    type="object",
    description=_("Points by the id of the criterion."),
    additionalProperties={"type": "string", "pattern": r"^[0-9]{1,4}(\.[0-9])?$"},
)
def points(value) -> dict[UUID, Decimal]:
    if not isinstance(value, dict) or len(value) > MOST:
        raise ValidationError(_("Points by the id of the criterion are needed here."), code="type")
    try:
        return {UUID(key): values.amount(number) for key, number in value.items()}
    except ValueError as mistake:
        raise ValidationError(_("Write the id of a criterion."), code="type") from mistake


@values.shaped(type="string", maxLength=2000)
def opinion(value) -> str:
    return Screening._meta.get_field("opinion").clean(values.text(value), None)


def screen(lead, by, **given):
    lead.screen(by=by, **given)


register_action(
    "leads",
    "screen",
    Action(
        screen,
        {
            "points": points,
            "opinion": opinion,
            "result": values.one_of(Screening.Result),
            "on": values.day,
        },
        about=_(
            "Fill in the screening sheet of the lead; with a `result` decide it. `PASS` moves a "
            "new lead to `SCREENED`, and asks for points of every criterion in use."
        ),
        example={
            "points": {known_id("screening-criteria"): "1"},
            "opinion": "符合产业方向，同意",
            "result": "PASS",
            "on": "2025-03-03",
        },
    ),
)
