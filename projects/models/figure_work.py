"""Four-eyes rule: whoever worked on an agreement's figure does not recognise it."""

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
PROJECT_FIELDS = ("enterprise", "chain", "handler")
PROJECT_FIELDS += ("total_investment_wan", "fixed_asset_investment_wan")
# From the lead they become the project's (``projects.signing``).
LEAD_FIELDS = ("enterprise", "chain", "planned_investment_wan", "planned_fixed_asset_wan")
WRITTEN = (AuditEntry.Action.CREATED, AuditEntry.Action.CHANGED, AuditEntry.Action.DELETED)


class Work(models.TextChoices):
    """What bars a person from recognising a figure, in words that follow the name."""

    HANDLED = "HANDLED", _("handled this agreement or its project")
    AGREEMENT = "AGREEMENT", _("entered or changed this agreement")
    PROJECT = "PROJECT", _("entered or changed its project's amount, chain or enterprise")
    CREDITS = "CREDITS", _("set the credits of its project or has a share in them")
    LEAD = "LEAD", _("entered or changed the amount, chain or enterprise of its lead")


def work_of(user) -> Case:
    """Return the expression for what ``user`` did to an agreement's figure, empty when nothing.

    The trail tells it: every door writes a line. Lines may be removed after half a year, and a
    project may wait longer for its agreement: who handled and entered it stands in columns, who
    registered its lead in the lead's history.
    Another system, whoever answers for it and what else that person answers for are one.
    """
    hands = hands_of(user)
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
    shares = Credit.objects.filter(project=OuterRef("project"), specialist__in=hands)
    lead = LeadStageChange.objects.filter(lead=OuterRef("project__lead"), from_stage="")
    registered = lead.filter(by__in=hands).order_by()
    did = {
        Work.HANDLED: Q(handled_by__in=hands) | Q(project__handler__in=hands),
        Work.AGREEMENT: Q(entered_by__in=hands) | Q(wrote("projects.agreement", "pk")),
        Work.PROJECT: Q(project__entered_by__in=hands)
        | Q(wrote("projects.project", "project", *PROJECT_FIELDS)),
        Work.CREDITS: Q(Exists(credited)) | Q(Exists(shares)),
        Work.LEAD: Q(Exists(registered)) | Q(wrote("crm.lead", "project__lead", *LEAD_FIELDS)),
    }
    cases = [When(done, then=Value(name.value)) for name, done in did.items()]
    return Case(*cases, default=Value(""), output_field=CharField())


def hands_of(user) -> models.QuerySet:
    """Return the accounts through which whoever stands behind ``user`` may have written."""
    person = user.api_client.owner_id if user.is_service else user.pk
    through = Q(pk=person) | Q(api_client__owner=person) if person else Q()
    return User.objects.filter(Q(pk=user.pk) | through).values("pk")


def barred(who, work: str) -> ValidationError:
    return ValidationError(
        _(
            "%(who)s %(work)s; please ask a colleague who has not worked on any of it to "
            "recognise the agreement."
        ),
        code="own",
        params={"who": who, "work": Work(work).label},
    )
