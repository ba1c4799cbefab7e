"""From a lead to a project: the lead stays as it was, read-only, linked both ways."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from crm.crediting import shares
from crm.models import Lead
from projects.models import Credit, Project, StageChange
from zone.calendar import today
from zone.models import AuditEntry


@transaction.atomic
def convert(
    lead: Lead, *, by, name: str = "", park=None, on: date | None = None, **fields
) -> Project:
    """Turn a screened, open lead into a project and return it.

    Enterprise, chain and amounts come from the lead; ``fields`` overrides them. The lead's
    owner, or ``by`` for one from the pool, handles the project and gets the whole credit
    but for what a transfer or a decided conflict gave to another. Raises
    ``ValidationError`` when the lead is closed, not screened, or already converted; of two
    who convert at once one wins.
    """
    on = on or today()
    lead.mark_converted(by=by, on=on)
    project = Project(
        **{
            "name": name or lead.title,
            "enterprise": lead.enterprise,
            "chain": lead.chain,
            "park": park,
            "total_investment_wan": lead.planned_investment_wan,
            "fixed_asset_investment_wan": lead.planned_fixed_asset_wan,
            "handler": lead.owner or by,
            "entered_by": by,
            "is_demo": lead.is_demo,
            **fields,
        },
        lead=lead,
    )
    project.full_clean()
    project.save(force_insert=True)
    AuditEntry.objects.record_made(project, by=by)
    StageChange.objects.create(
        project=project,
        from_stage="",
        to_stage=project.stage,
        from_status="",
        to_status=project.status,
        by=by,
        on=on,
        is_demo=project.is_demo,
    )
    for person, share in shares(lead, project.handler).items():
        credit = Credit.objects.create(
            project=project, specialist=person, share=share, is_demo=project.is_demo
        )
        AuditEntry.objects.record_made(credit, by=by)
    return project
