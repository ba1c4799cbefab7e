from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from projects.models.projects import Project
from zone.calendar import today
from zone.feed.synced import Synced
from zone.fields import LineField, WanField, bounded
from zone.identifiers import no_personal_number
from zone.models.base import Row


class CapitalArrival(Row):
    """Money that arrived in a project; a correction is a negative row, never an overwrite."""

    SYNC = Synced(12, "capital-arrivals")

    class Origin(models.TextChoices):
        OUTSIDE_PROVINCE = "OUTSIDE_PROVINCE", _("from outside the province")
        OUTSIDE_CITY = "OUTSIDE_CITY", _("from the province outside the city")
        CITY = "CITY", _("from the city")
        FOREIGN = "FOREIGN", _("from abroad")

    class Use(models.TextChoices):
        FIXED_ASSETS = "FIXED_ASSETS", _("fixed assets")
        WORKING_CAPITAL = "WORKING_CAPITAL", _("working capital")

    BELONGS_TO = ("project",)

    project = models.ForeignKey(
        Project, models.PROTECT, related_name="arrivals", verbose_name=_("project")
    )
    arrived_on = models.DateField(_("arrived on"))
    amount_wan = WanField(
        _("amount (10,000 yuan)"),
        help_text=_("To correct an entry, add a negative one."),
    )
    origin = models.CharField(_("origin"), max_length=16, choices=Origin)
    use = models.CharField(_("use"), max_length=16, choices=Use, default=Use.FIXED_ASSETS)
    note = LineField(
        _("note"), max_length=200, blank=True, default="", validators=[no_personal_number]
    )

    class Meta:
        verbose_name = _("capital arrival")
        verbose_name_plural = _("capital arrivals")
        ordering = ("-arrived_on", "id")
        indexes = [models.Index(fields=["-arrived_on", "id"], name="arrival_date")]
        constraints = [
            bounded("amount_wan", name="arrival_amount_bounded"),
            models.CheckConstraint(
                condition=~Q(amount_wan=0),
                name="arrival_not_zero",
                violation_error_message=_("The amount cannot be 0."),
            ),
        ]

    def __str__(self):
        return f"{self.project} {self.arrived_on}"

    def clean(self):
        if self.arrived_on and self.arrived_on > today():
            raise ValidationError({"arrived_on": _("The date cannot lie in the future.")})
