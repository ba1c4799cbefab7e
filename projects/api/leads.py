"""``POST leads/{id}/convert``, added to the resource of the lower app."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from projects.signing import convert
from zone.api import values
from zone.api.resources import Action, register_action
from zone.models import Park


def convert_lead(lead, by, *, handler=None, total_investment_wan=None, park=None, **given):
    """Turn the lead into a project; one from the pool needs somebody who handles it."""
    if lead.owner is None and handler is None:
        raise ValidationError({"handler": _("Name who handles the project.")})
    given |= {"handler": handler} if handler else {}
    given |= {"total_investment_wan": total_investment_wan} if total_investment_wan else {}
    return convert(lead, by=by, park=park, **given)


@values.shaped(type="string", description=_("The code of a park."))
def park_of(code) -> Park:
    if park := Park.objects.filter(code=values.text(code)).first():
        return park
    raise ValidationError(_("There is no park of this code."), code="not_found")


register_action(
    "leads",
    "convert",
    Action(
        convert_lead,
        {
            "name": values.line,
            "on": values.day,
            "park": park_of,
            "handler": values.person,
            "total_investment_wan": values.amount,
        },
        result="projects",
        needs="projects:write",
        about=_("Turn a screened lead into a project, once; the answer is the project."),
        example={
            "name": "正极材料项目",
            "on": "2025-03-20",
            "park": "park-a",
            "handler": "specialist",
        },
    ),
)
