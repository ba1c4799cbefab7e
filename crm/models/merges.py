"""What two records of one enterprise were before they became one, so that it can be undone."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import PermittedQuerySet
from zone.fields import LineField, NoteField
from zone.identifiers import no_personal_number
from zone.models import ZoneSetting
from zone.models.base import Row


class EnterpriseMerge(Row):
    """Two records of one enterprise that became one, by whom and why, and what moved.

    It names both by their ids, not as relations: one is gone, the other may go later.
    """

    SYNC = None

    kept_key = models.UUIDField(_("kept record"), editable=False)
    kept_name = LineField(
        _("kept record"), max_length=100, editable=False, validators=[no_personal_number]
    )
    dropped_key = models.UUIDField(_("merged record"), editable=False)
    dropped_name = LineField(
        _("merged record"), max_length=100, editable=False, validators=[no_personal_number]
    )
    reason = NoteField(_("reason"), max_length=500, editable=False, validators=[no_personal_number])
    by = models.ForeignKey(
        "zone.User", models.PROTECT, editable=False, related_name="+", verbose_name=_("by")
    )
    # Keys and versions of what moved, former values: what ``crm.unmerging`` reads.
    detail = models.JSONField(default=dict, editable=False)
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True, editable=False)
    undone_by = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("undone by"),
    )

    objects = PermittedQuerySet.as_manager()

    class Meta:
        verbose_name = _("merger of enterprises")
        verbose_name_plural = _("mergers of enterprises")
        ordering = ("-created_at", "id")
        indexes = [
            models.Index(fields=["-created_at", "id"], name="merge_created"),
            models.Index(fields=["kept_key", "-created_at"], name="merge_kept"),
        ]

    def __str__(self):
        return f"{self.dropped_name} → {self.kept_name}"

    def can_change(self, user) -> bool:
        return False

    @property
    def undo_until(self) -> datetime:
        (hours,) = ZoneSetting.whole(ZoneSetting.Key.MERGE_UNDO_HOURS)
        return self.created_at + timedelta(hours=hours)

    def can_undo(self, user) -> bool:
        is_open = self.undone_at is None and user.has_perm("crm.merge_enterprise", self)
        return is_open and timezone.now() < self.undo_until
