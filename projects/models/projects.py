from __future__ import annotations

from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from crm.models.followed_up import FollowedUp
from projects import stage_requirements
from projects.models.handling import Handled
from projects.models.numbers import ProjectNumber
from zone import identifiers
from zone.access.row_access import RowQuerySet
from zone.calendar import today
from zone.feed.synced import Synced
from zone.fields import (
    CodeField,
    LineField,
    PinyinKeyField,
    ProseField,
    WanField,
    bounded,
    not_negative,
    trigram_index,
)
from zone.identifiers import no_personal_number
from zone.models.base import Change, Row
from zone.models.staged import Staged


class ProjectQuerySet(RowQuerySet):
    def within(self, access):
        """Return the projects that ``access`` opens.

        Those handled, served, or shared in by credit; those of led chains and of own parks,
        whether planned there or already moved in.
        """
        if access.everything:
            return self
        user = access.user
        occupancies = Project._meta.get_field("occupancies").related_model.objects
        return self.opened(
            access,
            Q(handler=user),
            Q(service_agent=user),
            Q(chain__in=access.led_chains),
            Q(park__in=access.parks),
            by={
                "occupancies": occupancies.filter(space__park__in=access.parks),
                "credits": Credit.objects.filter(specialist=user),
            },
        )

    def active(self):
        return self.filter(status=Project.Status.ACTIVE)


class Project(FollowedUp, Handled, Staged, Row):
    """An investment project, from the reserve to full production."""

    SYNC = Synced(10, "projects", paths=("chain", "park"))
    HOLDERS = {"service_agent": "SERVICE_AGENT"}

    class Stage(models.TextChoices):
        RESERVED = "RESERVED", _("in reserve")
        SIGNED = "SIGNED", _("signed")
        LANDED = "LANDED", _("landed")
        STARTED = "STARTED", _("construction started")
        BUILDING = "BUILDING", _("under construction")
        PRODUCING = "PRODUCING", _("producing")
        AT_CAPACITY = "AT_CAPACITY", _("at capacity")

    STAGES = tuple(Stage)
    REQUIREMENTS = stage_requirements.REQUIREMENTS

    class Status(models.TextChoices):
        ACTIVE = "ACTIVE", _("going ahead")
        SUSPENDED = "SUSPENDED", _("suspended")
        TERMINATED = "TERMINATED", _("terminated")

    class KeyLevel(models.TextChoices):
        NONE = "NONE", _("not a key project")
        ZONE = "ZONE", _("key project of the zone")
        CITY = "CITY", _("key project of the city")
        PROVINCE = "PROVINCE", _("key project of the province")

    code = LineField(
        _("number"),
        max_length=20,
        unique=True,
        editable=False,
        help_text=_("Given by the system, such as CZGX-2025-0001."),
    )
    name = LineField(_("name"), max_length=150, validators=[no_personal_number])
    sort_key = PinyinKeyField()
    enterprise = models.ForeignKey(
        "crm.Enterprise",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="projects",
        verbose_name=_("enterprise"),
    )
    chain = models.ForeignKey(
        "zone.IndustryChain",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="projects",
        verbose_name=_("industry chain"),
        db_index=False,
    )
    park = models.ForeignKey(
        "zone.Park",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="projects",
        verbose_name=_("park"),
    )
    stage = models.CharField(
        _("stage"), max_length=12, choices=Stage, default=Stage.RESERVED, editable=False
    )
    status = models.CharField(
        _("status"), max_length=12, choices=Status, default=Status.ACTIVE, editable=False
    )
    total_investment_wan = WanField(
        _("total investment (10,000 yuan)"),
        null=True,
        blank=True,
        validators=[not_negative],
    )
    fixed_asset_investment_wan = WanField(
        _("of which fixed assets (10,000 yuan)"),
        null=True,
        blank=True,
        validators=[not_negative],
    )
    project_code = CodeField(
        _("national project code"),
        max_length=24,
        null=True,
        blank=True,
        unique=True,
        validators=[identifiers.check_project_code],
        help_text=_("20 digits in five groups, given by the online approval platform."),
        error_messages={"unique": _("Another project already has this national code.")},
    )
    key_level = models.CharField(
        _("key project"), max_length=10, choices=KeyLevel, default=KeyLevel.NONE
    )
    lead = models.OneToOneField(
        "crm.Lead",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="project",
        verbose_name=_("lead"),
    )
    handler = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="handled_projects",
        verbose_name=_("handled by"),
    )
    service_agent = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="served_projects",
        verbose_name=_("service agent"),
        help_text=_("Runs the errands of this project and sees it."),
    )
    entered_by = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="entered_projects",
        verbose_name=_("entered by"),
    )
    planned_start_on = models.DateField(_("planned start of construction"), null=True, blank=True)
    content = ProseField(
        _("what is built"), blank=True, default="", validators=[no_personal_number]
    )
    published_status = LineField(
        _("status as published"),
        max_length=200,
        blank=True,
        default="",
        validators=[no_personal_number],
    )
    source = LineField(
        _("source of the record"),
        max_length=100,
        blank=True,
        default="",
        validators=[no_personal_number],
    )

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        ordering = ("-created_at", "id")
        indexes = [
            models.Index(fields=["-created_at", "id"], name="project_created"),
            models.Index(fields=["stage", "status"], name="project_stage"),
            models.Index(fields=["chain", "stage"], name="project_chain_stage"),
            models.Index(fields=["total_investment_wan"], name="project_investment"),
            models.Index(fields=["sort_key", "id"], name="project_sort_key"),
            trigram_index("code", name="projects_project_code_trgm"),
            trigram_index("name", name="projects_project_name_trgm"),
            trigram_index("sort_key", name="projects_project_pinyin"),
        ]
        constraints = [
            bounded("total_investment_wan", "fixed_asset_investment_wan", name="project_bounded"),
            models.CheckConstraint(
                condition=Q(fixed_asset_investment_wan=None)
                | Q(total_investment_wan=None)
                | Q(fixed_asset_investment_wan__lte=F("total_investment_wan")),
                name="project_fixed_within_total",
                violation_error_message=_("The fixed assets cannot exceed the total investment."),
            ),
            models.CheckConstraint(
                condition=Q(total_investment_wan=None) | Q(total_investment_wan__gt=0),
                name="project_investment_positive",
                violation_error_message=_("The total investment must be more than 0."),
            ),
        ]
        permissions = [
            ("advance_project", _("Can advance projects")),
            ("terminate_project", _("Can suspend, resume and terminate projects")),
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        with transaction.atomic():
            self.set_derived_fields([self])
            super().save(*args, **kwargs)

    @classmethod
    def set_derived_fields(cls, rows):
        """Give each new project the year's next number; the lock makes writers take turns."""
        unnumbered = [row for row in rows if not row.code]
        if not unnumbered:
            return
        year = today().year
        prefix = f"CZGX-{year}-"
        # Codes that were brought along, as those of the demo data, are given as well. A longer
        # number is a larger one: 10000 follows 9999.
        codes = cls.objects.filter(code__startswith=prefix).order_by(Length("code"), "code")
        brought = (codes.values_list("code", flat=True).last() or "0").removeprefix(prefix)
        first = ProjectNumber.take(year, len(unnumbered), after=int(brought))
        for number, row in enumerate(unnumbered, first):
            row.code = f"{prefix}{number:04d}"

    def can_follow_up(self, user) -> bool:
        return user.has_perm("crm.add_followup", self)

    def can_attach(self, user) -> bool:
        return user.has_perm("projects.add_attachment", self)

    def can_advance(self, user) -> bool:
        active = self.status == self.Status.ACTIVE and self.next_stage is not None
        return active and user.has_perm("projects.advance_project", self)

    def can_terminate(self, user) -> bool:
        alive = self.status != self.Status.TERMINATED
        return alive and user.has_perm("projects.terminate_project", self)

    def refuse_stage(self, target):
        is_a_step = target in self.STAGES and target != self.stage
        if self.status != self.Status.ACTIVE or not is_a_step:
            raise ValidationError(
                _("This project is “%(status)s” at “%(stage)s”; it cannot be moved there."),
                code="stage",
                params={
                    "status": self.get_status_display(),
                    "stage": self.get_stage_display(),
                },
            )

    @transaction.atomic
    def set_status(self, status: str, *, by, reason: str, on: date | None = None):
        """Suspend, resume or terminate; a terminated project stays in its year's count."""
        self.lock()
        if self.status in (status, self.Status.TERMINATED):
            raise ValidationError(
                _("This project is already “%(status)s”."),
                code="status",
                params={"status": self.get_status_display()},
            )
        if not reason:
            raise ValidationError({"reason": _("Please say why.")}, code="reason")
        self.move(self.stage_changes, by=by, on=on, reason=reason, status=status)

    set_status.alters_data = True

    def move(self, history, **given):
        """Keep stage and status in each line: either is read together with the other."""
        super().move(history, **{"stage": self.stage, "status": self.status} | given)


class StageChange(Change):
    """A change of a project's stage or status."""

    SUBJECT = "project"

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="stage_changes", verbose_name=_("project")
    )
    from_stage = models.CharField(
        _("stage before"), max_length=12, choices=Project.Stage, blank=True
    )
    to_stage = models.CharField(_("stage after"), max_length=12, choices=Project.Stage)
    from_status = models.CharField(
        _("status before"), max_length=12, choices=Project.Status, blank=True
    )
    to_status = models.CharField(_("status after"), max_length=12, choices=Project.Status)

    class Meta(Change.Meta):
        verbose_name = _("stage change of a project")
        verbose_name_plural = _("stage changes of projects")

    def __str__(self):
        return f"{self.get_from_stage_display() or '—'} → {self.get_to_stage_display()}"

    def changes(self):
        pairs = {
            "stage": [self.from_stage, self.to_stage],
            "status": [self.from_status, self.to_status],
        }
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


class Credit(Row):
    """A specialist's share of a project's result."""

    SYNC = None
    BELONGS_TO = ("project",)

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="credits", verbose_name=_("project"), db_index=False
    )
    specialist = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        related_name="credits",
        verbose_name=_("promotion specialist"),
    )
    share = models.DecimalField(
        _("share (%)"), max_digits=5, decimal_places=2, validators=[MinValueValidator(0)]
    )

    class Meta:
        verbose_name = _("credit")
        verbose_name_plural = _("credits")
        ordering = ("project", "-share", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "specialist"],
                name="credit_once_per_specialist",
                violation_error_message=_("This specialist already has a share; please edit it."),
            ),
            models.CheckConstraint(
                condition=Q(share__gt=0, share__lte=100),
                name="credit_share_range",
                violation_error_message=_("A share is more than 0 and at most 100 per cent."),
            ),
        ]

    def __str__(self):
        return f"{self.specialist} {self.share.normalize():f}%"
