from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.leads import Lead
from zone.models.base import Change, ChangeQuerySet

AUTOMATIC = Q(by=None, to_owner=None, from_owner__isnull=False)


class OwnerChangeQuerySet(ChangeQuerySet):
    def returned_since(self, moment: datetime):
        """Return what the jobs took from its owners since ``moment``.

        To be told to the owner before, ``from_owner``, and to the leaders of the lead's chain.
        """
        rows = self.filter(AUTOMATIC, at__gt=moment).order_by("at", "id")
        return rows.select_related("lead__chain", "from_owner")


class LeadStageChange(Change):
    """A change of a lead's stage."""

    SUBJECT = "lead"

    lead = models.ForeignKey(
        Lead, models.CASCADE, related_name="stage_changes", verbose_name=_("lead")
    )
    from_stage = models.CharField(_("stage before"), max_length=12, choices=Lead.Stage, blank=True)
    to_stage = models.CharField(_("stage after"), max_length=12, choices=Lead.Stage)

    class Meta(Change.Meta):
        verbose_name = _("stage change of a lead")
        verbose_name_plural = _("stage changes of leads")

    def __str__(self):
        return f"{self.get_from_stage_display() or '—'} → {self.get_to_stage_display()}"

    def changes(self):
        return {"stage": [self.from_stage, self.to_stage]}


class LeadOwnerChange(Change):
    """A change of a lead's owner."""

    SUBJECT = "lead"

    lead = models.ForeignKey(
        Lead, models.CASCADE, related_name="owner_changes", verbose_name=_("lead")
    )
    from_owner = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("owner before"),
    )
    to_owner = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("owner after"),
    )

    objects = OwnerChangeQuerySet.as_manager()

    class Meta(Change.Meta):
        verbose_name = _("owner change of a lead")
        verbose_name_plural = _("owner changes of leads")
        indexes = [models.Index(fields=["at"], condition=AUTOMATIC, name="lead_returned")]

    def __str__(self):
        return f"{self.from_owner or _('pool')} → {self.to_owner or _('pool')}"

    def changes(self):
        return {"owner": [str(owner or "") for owner in (self.from_owner, self.to_owner)]}
