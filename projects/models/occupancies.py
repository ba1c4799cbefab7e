from __future__ import annotations

from datetime import date, timedelta

from django.contrib.admin import display
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from projects.models.projects import Project
from zone.access.row_access import RowQuerySet, row_access
from zone.calendar import today
from zone.feed.synced import Synced
from zone.fields import LineField
from zone.identifiers import no_personal_number
from zone.models.base import Row


class OccupancyQuerySet(RowQuerySet):
    def within(self, access):
        """Return those of own parks, of led chains, and of projects within reach."""
        if access.everything:
            return self
        enterprises = Occupancy._meta.get_field("enterprise").related_model.objects
        spaces = Occupancy._meta.get_field("space").related_model.objects
        return self.opened(
            access,
            by={
                "space": spaces.filter(park__in=access.parks),
                "enterprise": enterprises.filter(chain__in=access.led_chains),
                "project": Project.objects.reached(access),
            },
        )

    def current(self, on: date | None = None):
        return self.filter(period__contains=on or today())


class Occupancy(Row):
    """An enterprise in a space, from one day to another; no space is given twice."""

    SYNC = Synced(
        13,
        "occupancies",
        paths=("space__park", "enterprise__chain", "project__chain", "project__park"),
    )

    class Kind(models.TextChoices):
        LEASE = "LEASE", _("lease")
        SALE = "SALE", _("sale")
        TEAM = "TEAM", _("research team")

    space = models.ForeignKey(
        "zone.Space", models.PROTECT, related_name="occupancies", verbose_name=_("space")
    )
    enterprise = models.ForeignKey(
        "crm.Enterprise",
        models.PROTECT,
        related_name="occupancies",
        verbose_name=_("enterprise"),
    )
    project = models.ForeignKey(
        "projects.Project",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="occupancies",
        verbose_name=_("project"),
    )
    period = DateRangeField(_("period"), help_text=_("The last day is the day of moving out."))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.LEASE)
    note = LineField(
        _("note"), max_length=200, blank=True, default="", validators=[no_personal_number]
    )

    objects = OccupancyQuerySet.as_manager()

    class Meta:
        verbose_name = _("occupancy")
        verbose_name_plural = _("occupancies")
        ordering = ("-created_at", "id")
        indexes = [models.Index(fields=["-created_at", "id"], name="occupancy_created")]
        constraints = [
            ExclusionConstraint(
                name="occupancy_no_overlap",
                expressions=[
                    ("space", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                violation_error_message=_(
                    "This space is already occupied in that period; please choose other dates "
                    "or another space."
                ),
            ),
            models.CheckConstraint(
                condition=Q(period__isempty=False, period__startswith__isnull=False),
                name="occupancy_has_start",
                violation_error_message=_("An occupancy has a first day, before its end."),
            ),
        ]

    def __str__(self):
        return f"{self.enterprise} · {self.space}"

    @classmethod
    def set_derived_fields(cls, rows: list[Occupancy]):
        """Lock the spaces, so that of two who take one at once the second is told that it is taken.

        Left to the exclusion constraint alone, PostgreSQL may end one of them as a deadlock.
        """
        spaces = cls._meta.get_field("space").related_model._base_manager
        wanted = spaces.filter(pk__in={row.space_id for row in rows}).order_by("pk")
        list(wanted.select_for_update(no_key=True).values_list("pk"))

    @transaction.atomic
    def save(self, *args, **kwargs):
        self.set_derived_fields([self])
        super().save(*args, **kwargs)

    def can_change(self, user) -> bool:
        """Whoever runs the park books its spaces; who follows a project only reads them."""
        access = row_access(user, "projects.change_occupancy")
        return access.everything or self.space.park_id in access.parks

    def clean(self):
        state = self.space.state if self.space_id else None
        if state in ("MAINTENANCE", "NOT_FOR_LEASE") and self._takes_more():
            raise ValidationError(
                {"space": _("This space is in maintenance or not for lease; choose another.")}
            )
        strayed = self.project and self.project.enterprise_id != self.enterprise_id
        if strayed and self.has_changed("project", "enterprise"):
            raise ValidationError({"project": _("This project belongs to another enterprise.")})

    def _takes_more(self) -> bool:
        """Whether the space is taken anew, or for days beyond those it was given for."""
        if self._state.adding or not self.period:
            return self.has_changed("space")
        given = Occupancy._base_manager.filter(pk=self.pk, space=self.space_id)
        return not given.filter(period__contains=self.period).exists()

    @property
    @display(description=_("first day"))
    def starts_on(self) -> date | None:
        return self.period.lower if self.period else None

    @property
    @display(description=_("last day"))
    def ends_on(self) -> date | None:
        """Return the last day, which is included; the range itself ends the day after."""
        upper = self.period.upper if self.period else None
        return upper - timedelta(days=1) if upper else None
