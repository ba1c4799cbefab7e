from __future__ import annotations

import uuid
from contextlib import closing

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import OpenQuerySet
from zone.fields import SourceField
from zone.identifiers import no_personal_number
from zone.models.clients import ApiClient


class ApiUploadQuerySet(OpenQuerySet):
    def open(self):
        return self.filter(finished_at=None)


class ApiUpload(models.Model):
    """Many rows that another system sends at once; ``manage.py work`` writes them by and by."""

    class State(models.TextChoices):
        WAITING = "WAITING", _("waiting")
        RUNNING = "RUNNING", _("being written")
        DONE = "DONE", _("done")
        CANCELLED = "CANCELLED", _("cancelled")
        STOPPED = "STOPPED", _("stopped")

    COUNTS = ("created", "updated", "unchanged", "failed")

    id = models.UUIDField(_("ID"), primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(ApiClient, models.CASCADE, related_name="uploads", db_index=False)
    address = models.GenericIPAddressField(_("address"), null=True)
    resource = models.CharField(max_length=40)
    source = SourceField(max_length=50, validators=[no_personal_number])
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(_("at"), db_default=Now(), db_index=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    why = models.CharField(_("reason"), max_length=200, blank=True, default="")

    objects = ApiUploadQuerySet.as_manager()

    class Meta:
        verbose_name = _("upload over the interface")
        verbose_name_plural = _("uploads over the interface")
        default_permissions = ()
        ordering = ("-at", "id")
        indexes = [
            models.Index(fields=["at", "id"], name="upload_open", condition=Q(finished_at=None)),
            models.Index(fields=["client", "-at"], name="upload_client"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at=None, state__in=("WAITING", "RUNNING"))
                | Q(finished_at__isnull=False, state__in=("DONE", "CANCELLED", "STOPPED")),
                name="upload_finished_has_state",
            )
        ]

    def __str__(self):
        return f"{self.resource} {self.id}"

    @property
    def unprocessed(self) -> int:
        return self.rows - sum(getattr(self, name) for name in self.COUNTS)

    def count(self, results: list[dict]):
        """Add what became of some rows; call with the upload locked."""
        self.state = self.State.RUNNING
        for result in results:
            name = NAMES.get(result["status"], "failed")
            setattr(self, name, getattr(self, name) + 1)
        self.save(update_fields=["state", *self.COUNTS])

    def finish(self, state: str, why: str = ""):
        """End the upload; what was not written by then stays unprocessed."""
        self.state, self.finished_at = state, timezone.now()
        self.why = str(why)[:200] or self.why
        self.save(update_fields=["state", "why", "finished_at"])

    def note(self, why: str):
        """Tell what went wrong in an upload that goes on."""
        self.why = str(why)[:200]
        self.save(update_fields=["why"])

    @transaction.atomic
    def cancel(self):
        """End an upload that still goes on; what is written stays written."""
        self.refresh_from_db(from_queryset=ApiUpload.objects.select_for_update())
        if self.finished_at:
            raise ValidationError(_("This upload has already ended."), code="state")
        self.finish(self.State.CANCELLED)

    count.alters_data = finish.alters_data = note.alters_data = cancel.alters_data = True


NAMES = {201: "created", 200: "updated", 204: "unchanged"}


class ApiUploadPart(models.Model):
    """Up to 500 rows of an upload: as sent until they are written, then only what became of them.

    What was sent may hold personal data, so it goes as soon as it is not needed any more.
    """

    TRIES = 3

    upload = models.ForeignKey(ApiUpload, models.CASCADE, related_name="parts", db_index=False)
    number = models.PositiveIntegerField()
    # Of its first row within the part as sent, once that was halved.
    offset = models.PositiveIntegerField(default=0)
    items = models.JSONField(null=True)
    results = models.JSONField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)

    objects = OpenQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ("upload", "number", "offset")
        constraints = [
            models.UniqueConstraint(fields=["upload", "number", "offset"], name="upload_part_once"),
            models.CheckConstraint(
                condition=Q(items__isnull=True) ^ Q(results__isnull=True),
                name="upload_part_sent_or_done",
            ),
        ]

    def __str__(self):
        return f"{self.upload_id} {self.number} {self.offset}"

    @property
    def is_tried_enough(self) -> bool:
        return self.tries >= self.TRIES

    def count_try(self, step: int = 1):
        """Count a try where it stays counted, however the transaction around it ends.

        Call with the upload locked, and this row not: it is written over another connection.
        """
        with closing(connection.copy()) as other, other.cursor() as cursor:
            cursor.execute(
                "UPDATE zone_apiuploadpart SET tries = greatest(tries + %s, 0) WHERE id = %s",
                [step, self.pk],
            )

    def end(self, results: list[dict]):
        """Keep what became of the rows in the place of the rows; call with the upload locked."""
        self.items, self.results = None, results
        self.save(update_fields=["items", "results"])

    def halve(self):
        """Part the rows in two, each of which has one more try; call with the upload locked."""
        half, left = len(self.items) // 2, self.TRIES - 1
        ApiUploadPart.objects.create(
            upload=self.upload,
            number=self.number,
            offset=self.offset + half,
            items=self.items[half:],
            tries=left,
        )
        self.items, self.tries = self.items[:half], left
        self.save(update_fields=["items", "tries"])

    count_try.alters_data = end.alters_data = halve.alters_data = True
