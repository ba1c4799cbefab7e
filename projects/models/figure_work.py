"""Who worked on the figure that an agreement makes: nobody of them recognises it."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, CharField, Exists, OuterRef, Q, Value, When
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext_lazy as _

from crm.models import LeadStageChange
from projects.models.projects import Credit
from zone.models import AuditEntry, User

# What decides what an agreement counts for, beside the agreement itself.
PROJECT_FIELDS = ("enterprise", "chain", "park", "handler")
PROJECT_FIELDS += ("total_investment_wan", "fixed_asset_investment_wan")
# From the lead they become the project's (``projects.signing``).
LEAD_FIELDS = ("enterprise", "chain", "planned_investment_wan", "planned_fixed_asset_wan")
ENTERPRISE_FIELDS = ("origin_region",)  # an investor entirely from the city does not count
WRITTEN = (AuditEntry.Action.CREATED, AuditEntry.Action.CHANGED, AuditEntry.Action.DELETED)


class Work(models.TextChoices):
    """What bars a person from recognising a figure, in words that follow the name."""

    HANDLED = "HANDLED", _("handled this agreement or its project")
    AGREEMENT = "AGREEMENT", _("entered or changed this agreement")
    PROJECT = "PROJECT", _("entered or changed its project's amount, chain or enterprise")
    CREDITS = "CREDITS", _("set the credits of its project or has a share in them")
    LEAD = "LEAD", _("entered or changed the amount, chain or enterprise of its lead")
    ENTERPRISE = "ENTERPRISE", _("entered or changed the region of origin of its enterprise")


def work_of(user) -> Case:
    """Return the expression for what ``user`` did to an agreement's figure, empty when nothing.

    The trail tells it: every door writes a line. Lines may be removed after half a year, and a
    project may wait longer for its agreement: who handled and entered it stands in columns, who
    registered its lead in the lead's history.
    Whoever answers for another system answers for what that one wrote.
    """
    hands = User.objects.filter(Q(pk=user.pk) | Q(api_client__owner=user)).values("pk")
    lines = AuditEntry.objects.filter(by__in=hands, action__in=WRITTEN).order_by()

    def wrote(model: str, key: str, *names: str) -> Exists:
        found = lines.filter(model=model, object_id=Cast(OuterRef(key), CharField()))
        # References of other systems are written without changes.
        return Exists(
            found.filter(changes__has_any_keys=names) if names else found.exclude(changes={})
        )

    project = Concat(Value("projects.project:"), Cast(OuterRef("project"), CharField()))
    # Only lines with a parent are in the index.
    credited = lines.filter(model="projects.credit", parent=project).exclude(parent="")
    shares = Credit.objects.filter(project=OuterRef("project"), specialist=user)
    lead = LeadStageChange.objects.filter(lead=OuterRef("project__lead"), from_stage="")
    registered = lead.filter(by__in=hands).order_by()
    did = {
        Work.HANDLED: Q(handled_by=user) | Q(project__handler=user),
        Work.AGREEMENT: Q(entered_by__in=hands) | Q(wrote("projects.agreement", "pk")),
        Work.PROJECT: Q(project__entered_by__in=hands)
        | Q(wrote("projects.project", "project", *PROJECT_FIELDS)),
        Work.CREDITS: Q(Exists(credited)) | Q(Exists(shares)),
        Work.LEAD: Q(Exists(registered)) | Q(wrote("crm.lead", "project__lead", *LEAD_FIELDS)),
        Work.ENTERPRISE: Q(wrote("crm.enterprise", "project__enterprise", *ENTERPRISE_FIELDS)),
    }
    cases = [When(done, then=Value(name.value)) for name, done in did.items()]
    return Case(*cases, default=Value(""), output_field=CharField())


def barred(who, work: str) -> ValidationError:
    return ValidationError(
        _(
            "%(who)s %(work)s; please ask a colleague who has not worked on any of it to "
            "recognise the agreement."
        ),
        code="own",
        params={"who": who, "work": Work(work).label},
    )
