from django.utils.translation import gettext_lazy as _

from projects.models import Project
from zone.api import values
from zone.api.examples import known_id
from zone.api.resources import Action, Resource, register


@register
class Projects(Resource):
    model = Project
    fields = ("code", "name", "enterprise", "chain", "park", "stage", "status")
    fields += ("total_investment_wan", "fixed_asset_investment_wan", "project_code", "key_level")
    fields += ("lead", "handler", "service_agent", "planned_start_on", "content")
    fields += ("published_status", "source")
    writable = ("name", "chain", "park", "total_investment_wan", "fixed_asset_investment_wan")
    writable += ("project_code", "key_level", "handler", "service_agent", "planned_start_on")
    writable += ("content", "source")
    create_only = ("enterprise",)
    actions = {
        "advance": Action(
            lambda project, by, **given: project.advance(by=by, **given),
            {"to": values.one_of(Project.Stage), "on": values.day, "reason": values.reason},
            about=_("Move the project to its next stage; what is missing for it refuses."),
            example={"to": "SIGNED", "on": "2025-03-20"},
        )
    }
    example = {
        "code": "CZGX-2025-0001",
        "name": "正极材料项目",
        "enterprise": known_id("enterprises"),
        "chain": "new-energy",
        "park": "park-a",
        "stage": "RESERVED",
        "status": "ACTIVE",
        "total_investment_wan": "12500.5",
        "fixed_asset_investment_wan": "9000",
        "project_code": None,
        "key_level": "CITY",
        "lead": None,
        "handler": "specialist",
        "service_agent": None,
        "planned_start_on": "2025-09-01",
        "content": "年产 2 万吨正极材料",
        "published_status": "",
        "source": "OA",
    }
    change = {"key_level": "PROVINCE", "planned_start_on": "2025-10-01"}
    orders = ("id", "created_at", "-created_at")
    filters = {
        "code": ("exact", "in"),
        "project_code": ("exact", "in"),
        "enterprise": ("exact", "in"),
        "lead": ("exact", "in"),
        "chain__code": ("exact", "in"),
        "park__code": ("exact", "in"),
        "stage": ("exact", "in"),
        "status": ("exact", "in"),
        "key_level": ("exact", "in"),
    }
