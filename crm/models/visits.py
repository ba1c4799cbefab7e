from __future__ import annotations

from datetime import date

from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from crm.models.leads import Lead
from zone.access.row_access import RowQuerySet
from zone.calendar import not_in_future, today
from zone.feed.synced import Synced
from zone.fields import LineField, NoteField
from zone.identifiers import no_personal_number
from zone.models.base import Row, exactly_one


class VisitQuerySet(RowQuerySet):
    def within(self, access):
        """Return those of what the person sees, and the own ones: they count in one's month."""
        if access.everything:
            return self
        owners = {
            name: Visit._meta.get_field(name).related_model.objects.reached(access)
            for name in Visit.BELONGS_TO
        }
        return self.opened(access, Q(by=access.user), by=owners)

    def paid_by(self, first: date, last: date) -> dict:
        """Return ``{person's id: (visits received, visits made)}`` between two days."""
        rows = self.filter(happened_on__gte=first, happened_on__lte=last).order_by()
        counted = {
            kind: Count("pk", filter=Q(kind=kind)) for kind in (Visit.Kind.RECEIVED, "VISITED")
        }
        rows = rows.exclude(by=None).values("by").annotate(**counted)
        return {row["by"]: (row["RECEIVED"], row["VISITED"]) for row in rows}


class Visit(Row):
    """A visit to an investor, or of an investor to the zone."""

    SYNC = Synced(15, "visits")
    BELONGS_TO = ("lead", "enterprise")

    class Kind(models.TextChoices):
        VISITED = "VISITED", _("we visited them")
        RECEIVED = "RECEIVED", _("they visited us")

    lead = models.ForeignKey(
        "crm.Lead", models.CASCADE, null=True, blank=True, verbose_name=_("lead")
    )
    enterprise = models.ForeignKey(
        "crm.Enterprise", models.CASCADE, null=True, blank=True, verbose_name=_("enterprise")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    happened_on = models.DateField(_("day of the visit"), default=today, validators=[not_in_future])
    place = LineField(_("place"), max_length=100, blank=True, validators=[no_personal_number])
    hosts = LineField(_("hosts"), max_length=100, blank=True, validators=[no_personal_number])
    spaces = models.ManyToManyField(
        "zone.Space", blank=True, related_name="+", verbose_name=_("spaces shown")
    )
    guests = LineField(
        _("who came"), max_length=200, blank=True, default="", validators=[no_personal_number]
    )
    by = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="visits",
        verbose_name=_("counted for"),
        help_text=_("In whose month it counts; empty: whoever enters it."),
    )
    visitors = models.PositiveSmallIntegerField(_("visitors"), validators=[MinValueValidator(1)])
    summary = NoteField(_("what was discussed"), max_length=1000, validators=[no_personal_number])

    objects = VisitQuerySet.as_manager()

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        default_related_name = "visits"
        ordering = ("-happened_on", "id")
        indexes = [models.Index(fields=["-happened_on", "id"], name="visit_date")]
        constraints = [
            exactly_one("visit_one_owner", lead=_("lead"), enterprise=_("enterprise")),
            models.CheckConstraint(condition=models.Q(visitors__gte=1), name="visit_visitors"),
        ]

    def __str__(self):
        return f"{self.happened_on} {self.get_kind_display()}"

    @transaction.atomic
    def save(self, *args, **kwargs):
        before = type(self)._base_manager.filter(pk=self.pk).values_list("lead", flat=True).first()
        super().save(*args, **kwargs)
        Lead.objects.refresh_contacts({before, self.lead_id} - {None})

    @transaction.atomic
    def delete(self, *args, **kwargs):
        done = super().delete(*args, **kwargs)
        Lead.objects.refresh_contacts({self.lead_id} - {None})
        return done

    @classmethod
    def after_writing(cls, rows):
        """Keep the days of contact of the leads."""
        Lead.objects.refresh_contacts({row.lead_id for row in rows} - {None})
