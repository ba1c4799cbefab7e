from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from zone.models.base import Change


class AgreementChange(Change):
    """A decision about whether an agreement counts."""

    SUBJECT = "agreement"

    class Action(models.TextChoices):
        RECOGNISED = "RECOGNISED", _("recognised")
        WITHDRAWN = "WITHDRAWN", _("recognition withdrawn")
        EXCLUDED = "EXCLUDED", _("excluded")
        INCLUDED = "INCLUDED", _("exclusion withdrawn")

    agreement = models.ForeignKey(
        "projects.Agreement", models.CASCADE, related_name="changes", verbose_name=_("agreement")
    )
    action = models.CharField(_("decision"), max_length=12, choices=Action)
    responsible = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("responsible"),
        help_text=_("For whom another system did it."),
    )

    class Meta(Change.Meta):
        verbose_name = _("decision on an agreement")
        verbose_name_plural = _("decisions on agreements")

    def __str__(self):
        return f"{self.on} {self.get_action_display()}"

    def changes(self):
        return self.agreement.decided()
