from __future__ import annotations

import hashlib

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import RowQuerySet
from zone.fields import LineField
from zone.files.storage import random_name, remove_on_commit
from zone.files.types import MAX_NAME, clean_name, recognise
from zone.identifiers import no_personal_number
from zone.models.audit import AuditEntry
from zone.models.base import Row


class FileQuerySet(RowQuerySet):
    @transaction.atomic
    def delete(self):
        remove_on_commit(self.values_list("file", flat=True))
        return super().delete()

    delete.alters_data = True
    delete.queryset_only = True


class FileRow(Row):
    """A file that belongs to a row: kept as it came, never changed."""

    WRITES_TRAIL = True

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

    objects = FileQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ("-created_at", "id")
        constraints = [
            # Only ``take`` fills it in: a row without is one whose file nobody looked at.
            models.CheckConstraint(
                condition=~Q(sha256=""),
                name="%(class)s_was_checked",
                violation_error_message=_("The file has not been checked."),
            ),
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        if not self._state.adding:
            return super().save(*args, **kwargs)
        with transaction.atomic():
            self.refuse_when_closed()
            super().save(*args, **kwargs)
            self._record(AuditEntry.Action.UPLOADED, by=self.uploaded_by)

    def delete(self, *args, **kwargs):
        with transaction.atomic():
            remove_on_commit([self.file.name])
            return super().delete(*args, **kwargs)

    @property
    def owner(self) -> Row:
        """Return the row that the file belongs to."""
        return next(row for name in self.BELONGS_TO if (row := getattr(self, name)))

    def refuse_when_closed(self):
        """Raise where the files of the owner are neither added nor removed any more."""

    def can_remove(self, user) -> bool:
        own = self.uploaded_by_id == user.pk
        return own or user.has_perm(f"{self._meta.app_label}.delete_{self._meta.model_name}", self)

    def take(self, file: File) -> FileRow:
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
        self.refuse_when_closed()
        if not self.can_remove(by):
            raise ValidationError(
                _("Only the office and whoever uploaded “%(name)s” may delete it."),
                code="remove",
                params={"name": self.name},
            )
        self._record(AuditEntry.Action.DELETED, by=by)
        self.delete()

    take.alters_data = remove.alters_data = True

    def details(self) -> dict:
        """Return what the trail keeps of the file."""
        return {"size": self.size, "sha256": self.sha256}

    def _record(self, action: str, *, by):
        AuditEntry.objects.record(action, by=by, of=self, **self.details())
