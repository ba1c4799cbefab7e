from django.utils.translation import gettext_lazy as _

from crm.models import FollowUp
from zone.api.examples import known_id
from zone.api.resources import Resource, register


@register
class FollowUps(Resource):
    model = FollowUp
    create_only = ("lead", "project", "kind", "happened_on", "summary", "next_step", "next_on")
    create_only += ("no_next", "result", "participants")
    fields = (*create_only, "by")
    set_later = ("by",)
    filters = {
        "lead": ("exact",),
        "project": ("exact",),
        "kind": ("exact", "in"),
        "happened_on": ("gte", "lte"),
    }
    about = _(
        "What was said and agreed; it stays as it was written. For a project, or, with a key that "
        "also has `leads:write`, for an open lead."
    )
    example = {
        "lead": known_id("leads"),
        "project": None,
        "kind": "CALL",
        "happened_on": "2025-03-04",
        "summary": "介绍了园区供电条件，对方要资料",
        "next_step": "寄出园区资料",
        "next_on": "2025-03-10",
        "no_next": False,
        "result": "PROGRESS",
        "participants": "示例企业总经理",
        "by": "api-oa",
    }

    def create(self, row, by):
        row.by = by
        super().create(row, by)

    def create_all(self, rows, by):
        for row in rows:
            row.by = by
        super().create_all(rows, by)
