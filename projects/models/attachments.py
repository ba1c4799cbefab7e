from __future__ import annotations

import hashlib

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from projects.models.agreements import Agreement
from projects.models.projects import Project
from zone.access.row_access import RowQuerySet
from zone.fields import LineField
from zone.files.storage import random_name, remove_on_commit
from zone.files.types import MAX_NAME, clean_name, recognise
from zone.identifiers import no_personal_number
from zone.models import AuditEntry
from zone.models.base import Row


class AttachmentQuerySet(RowQuerySet):
    @transaction.atomic
    def delete(self):
        remove_on_commit(self.values_list("file", flat=True))
        return super().delete()

    delete.alters_data = True
    delete.queryset_only = True


class Attachment(Row):
    """A file that belongs to an agreement or a project: kept as it came, never changed."""

    SYNC = None

    class Kind(models.TextChoices):
        SCAN = "SCAN", _("scan of an agreement")
        SITE_PHOTO = "SITE_PHOTO", _("photo of the site")
        MINUTES = "MINUTES", _("minutes")
        LICENCE = "LICENCE", _("licence or certificate")
        OTHER = "OTHER", _("other")

    BELONGS_TO = ("agreement", "project")
    WRITES_TRAIL = True

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
    file = models.FileField(
        _("file"), upload_to=random_name, max_length=60, unique=True, editable=False
    )
    name = LineField(
        _("file name"), max_length=MAX_NAME, editable=False, validators=[no_personal_number]
    )
    size = models.PositiveIntegerField(_("size (bytes)"), editable=False)
    content_type = models.CharField(_("type of content"), max_length=100, editable=False)
    sha256 = models.CharField(_("SHA-256"), max_length=64, editable=False)
    uploaded_by = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        editable=False,
        related_name="+",
        verbose_name=_("uploaded by"),
    )
    note = LineField(
        _("note"), max_length=200, blank=True, default="", validators=[no_personal_number]
    )

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ("-created_at", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(agreement=None, project__isnull=False)
                | Q(agreement__isnull=False, project=None),
                name="attachment_of_one",
                violation_error_message=_(
                    "An attachment belongs to one agreement or to one project."
                ),
            ),
            # Only ``take`` fills it in: a row without is one whose file nobody looked at.
            models.CheckConstraint(
                condition=~Q(sha256=""),
                name="attachment_was_checked",
                violation_error_message=_("The file has not been checked."),
            ),
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        if not self._state.adding:
            return super().save(*args, **kwargs)
        with transaction.atomic():
            self._refuse_when_closed()
            super().save(*args, **kwargs)
            self._record(AuditEntry.Action.UPLOADED, by=self.uploaded_by)

    def delete(self, *args, **kwargs):
        with transaction.atomic():
            remove_on_commit([self.file.name])
            return super().delete(*args, **kwargs)

    @property
    def owner(self) -> Agreement | Project:
        return self.agreement or self.project

    @property
    def is_closed(self) -> bool:
        """A recognised agreement makes a published figure; its evidence stays as it was."""
        return self.agreement_id is not None and self.agreement.is_recognised

    def can_remove(self, user) -> bool:
        own = self.uploaded_by_id == user.pk
        return not self.is_closed and (own or user.has_perm("projects.delete_attachment", self))

    def take(self, file: File) -> Attachment:
        """Put ``file`` into this row, or refuse it with the cure; ``save`` then stores both."""
        self.name = clean_name(file.name)
        try:
            no_personal_number(self.name)
        except ValidationError as refusal:
            raise ValidationError(
                _("The name of the file holds a personal number; please rename it without it."),
                code="file_name",
            ) from refusal
        self.content_type = recognise(file, self.name).content_type
        file.seek(0)
        self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        self.file, self.size = file, file.size
        return self

    @transaction.atomic
    def remove(self, *, by):
        """Delete the row now and its file at the commit."""
        self._refuse_when_closed()
        if not self.can_remove(by):
            raise ValidationError(
                _("Only the office and whoever uploaded “%(name)s” may delete it."),
                code="remove",
                params={"name": self.name},
            )
        self._record(AuditEntry.Action.DELETED, by=by)
        self.delete()

    take.alters_data = remove.alters_data = True

    def _refuse_when_closed(self):
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

    def _record(self, action: str, *, by):
        AuditEntry.objects.record(
            action,
            by=by,
            of=self,
            kind=self.kind,
            size=self.size,
            sha256=self.sha256,
        )
