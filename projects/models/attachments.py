from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from projects.models.agreements import Agreement
from projects.models.projects import Project
from zone.fields import LineField
from zone.identifiers import no_personal_number
from zone.models.file_rows import FileRow


class Attachment(FileRow):
    """A file that belongs to an agreement or a project: kept as it came, never changed."""

    class Kind(models.TextChoices):
        SCAN = "SCAN", _("scan of an agreement")
        SITE_PHOTO = "SITE_PHOTO", _("photo of the site")
        MINUTES = "MINUTES", _("minutes")
        LICENCE = "LICENCE", _("licence or certificate")
        OTHER = "OTHER", _("other")

    SYNC = None
    BELONGS_TO = ("agreement", "project")

    # An agreement or project goes only after its files: evidence is not lost along the way.
    agreement = models.ForeignKey(
        Agreement,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="attachments",
        verbose_name=_("agreement"),
    )
    project = models.ForeignKey(
        Project,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="attachments",
        verbose_name=_("project"),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    note = LineField(
        _("note"), max_length=200, blank=True, default="", validators=[no_personal_number]
    )

    class Meta(FileRow.Meta):
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        constraints = [
            models.CheckConstraint(
                condition=Q(agreement=None, project__isnull=False)
                | Q(agreement__isnull=False, project=None),
                name="attachment_of_one",
                violation_error_message=_(
                    "An attachment belongs to one agreement or to one project."
                ),
            ),
            *FileRow.Meta.constraints,
        ]

    @property
    def is_closed(self) -> bool:
        """A recognised agreement makes a published figure; its evidence stays as it was."""
        return self.agreement_id is not None and self.agreement.is_recognised

    def can_remove(self, user) -> bool:
        return not self.is_closed and super().can_remove(user)

    def refuse_when_closed(self):
        if self.agreement_id is not None:
            self.agreement = Agreement.objects.select_for_update().get(pk=self.agreement_id)
        if self.is_closed:
            raise ValidationError(
                _(
                    "The agreement has been recognised and its files are closed; "
                    "please put “%(name)s” on the project."
                ),
                code="closed",
                params={"name": self.name},
            )

    def details(self) -> dict:
        return {"kind": self.kind, **super().details()}
