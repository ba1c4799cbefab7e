"""Who works on a project: its handler and its service agent, and how it passes to others."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zone.models import AuditEntry
from zone.models.in_hand import Hand

DONE = Q(status="TERMINATED")


class Handled(models.Model):
    """What lies in the hand of its ``handler`` and its ``service_agent``."""

    HELD_BY = (
        Hand(
            "handler",
            roles=("SPECIALIST", "CHAIN_LEADER", "OFFICE"),
            permission="projects.change_project",
            done=DONE,
            give=lambda project, **given: project.hand_over("handler", **given),
        ),
        Hand(
            "service_agent",
            roles=("SERVICE_AGENT",),
            permission="projects.change_project",
            done=DONE,
            give=lambda project, **given: project.hand_over("service_agent", **given),
        ),
    )

    class Meta:
        abstract = True

    @transaction.atomic
    def hand_over(self, task: str, *, by, to, reason: str):
        """Give the project to another handler or service agent, with the reason."""
        self.lock()
        if not reason:
            raise ValidationError({"reason": _("Please say why.")}, code="reason")
        changes = {task: [str(getattr(self, task) or ""), str(to)]}
        setattr(self, task, to)
        self.save(update_fields=[task])
        AuditEntry.objects.record(
            AuditEntry.Action.CHANGED, by=by, of=self, changes=changes, why=reason
        )

    hand_over.alters_data = True
