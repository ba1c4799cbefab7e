"""Files whose rows are to be written: what was found in them, what was done, what was undone."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import OpenQuerySet, RowQuerySet
from zone.files.storage import random_name, remove_on_commit
from zone.models.base import Row
from zone.models.zone_settings import ZoneSetting


class ImportRunQuerySet(RowQuerySet):
    def within(self, access):
        """Return one's own runs; all of them to the office."""
        if access.user.is_superuser or "OFFICE" in access.roles:
            return self
        return self.filter(by=access.user.pk)

    def at_work(self):
        """Return those whose file the worker is to check or to write."""
        return self.filter(state__in=ImportRun.AT_WORK)

    def written_before(self, run: ImportRun):
        """Return the runs that wrote the same file for the same kind of rows, newest first."""
        same = self.filter(sha256=run.sha256, model=run.model, state=ImportRun.State.DONE)
        return same.exclude(pk=run.pk).order_by("-finished_at")

    def past_keeping(self, at: datetime | None = None):
        """Return those whose file and lines are no longer to be kept."""
        days = int(ZoneSetting.values()[ZoneSetting.Key.IMPORT_KEEP_DAYS])
        old = self.filter(created_at__lt=(at or timezone.now()) - timedelta(days=days))
        return old.exclude(file="").exclude(state__in=ImportRun.AT_WORK)

    @transaction.atomic
    def drop_files(self) -> int:
        """Remove files and lines for good; the runs and their counts stay."""
        runs = self.select_for_update()
        names = dict(runs.values_list("pk", "file"))
        ImportLine.objects.filter(run__in=names).delete()
        remove_on_commit(filter(None, names.values()))
        return self.model._base_manager.filter(pk__in=names).update(file="")

    def forget(self, row: Row):
        """Remove the files and lines of what wrote ``row``, a person who is anonymised."""
        place = [row._meta.label_lower, str(row.pk)]
        lines = ImportLine.objects.filter(rows__contains=[{"row": place}])
        self.filter(pk__in=lines.values("run")).drop_files()

    drop_files.alters_data = forget.alters_data = True


class ImportRun(Row):
    """A file whose rows are checked, shown, then written all or in part, and may be undone."""

    SYNC = None

    class State(models.TextChoices):
        CHECKING = "CHECKING", _("being checked")
        READY = "READY", _("waiting for your decision")
        WRITING = "WRITING", _("being written")
        DONE = "DONE", _("written")
        DROPPED = "DROPPED", _("given up")
        UNDONE = "UNDONE", _("undone")
        STOPPED = "STOPPED", _("stopped")

    class Mode(models.TextChoices):
        ALL = "ALL", _("all rows or none")
        GOOD = "GOOD", _("the good rows")

    AT_WORK = (State.CHECKING, State.WRITING)
    TRIES = 3

    model = models.CharField(_("kind of row"), max_length=60, editable=False)  # app.model
    file = models.FileField(
        upload_to=random_name, max_length=60, blank=True, default="", editable=False
    )
    name = models.CharField(_("file name"), max_length=120, editable=False)
    sha256 = models.CharField(_("SHA-256"), max_length=64, editable=False)
    by = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        related_name="+",
        editable=False,
        verbose_name=_("imported by"),
        db_index=False,
    )
    address = models.GenericIPAddressField(_("address"), null=True, editable=False)
    language = models.CharField(max_length=20, editable=False)
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.CHECKING, editable=False
    )
    mode = models.CharField(
        _("what is written"), max_length=4, choices=Mode, blank=True, default="", editable=False
    )
    sheet = models.CharField(_("sheet"), max_length=120, blank=True, default="", editable=False)
    ignored = models.CharField(max_length=500, blank=True, default="", editable=False)
    rows = models.PositiveIntegerField(_("rows"), default=0, editable=False)
    done = models.PositiveIntegerField(default=0, editable=False)  # rows the worker has looked at
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    counts = models.JSONField(default=dict, editable=False)  # of lines by their state
    why = models.CharField(_("reason"), max_length=300, blank=True, default="", editable=False)
    finished_at = models.DateTimeField(_("written at"), null=True, blank=True, editable=False)

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ("-created_at", "id")
        indexes = [
            models.Index(fields=["-created_at", "id"], name="import_created"),
            models.Index(fields=["by", "-created_at"], name="import_person"),
            models.Index(fields=["sha256"], name="import_file"),
            models.Index(
                fields=["created_at"],
                name="import_at_work",
                condition=Q(state__in=("CHECKING", "WRITING")),
            ),
        ]

    def __str__(self):
        return self.name

    def can_change(self, user) -> bool:
        return False

    def can_write(self, user) -> bool:
        """Only whoever chose the file decides on it: rows are written in their name."""
        return self.state == self.State.READY and user.pk == self.by_id

    can_drop = can_write

    @property
    def undo_until(self) -> datetime | None:
        hours = int(ZoneSetting.values()[ZoneSetting.Key.IMPORT_UNDO_HOURS])
        return self.finished_at and self.finished_at + timedelta(hours=hours)

    def can_undo(self, user) -> bool:
        own = user.pk == self.by_id or "OFFICE" in user.roles() or user.is_superuser
        in_time = self.state == self.State.DONE and bool(self.file) and own
        return in_time and timezone.now() < self.undo_until

    @property
    def is_at_work(self) -> bool:
        return self.state in self.AT_WORK

    @property
    def refused(self) -> int:
        return sum(self.counts.get(state, 0) for state in ImportLine.REFUSED)

    @property
    def writable(self) -> int:
        return sum(self.counts.get(state, 0) for state in ImportLine.WRITTEN)

    def take(self) -> bool:
        """Take the run for this transaction, and read it anew; False while another works on it.

        Not a lock of the row: what is done so far is written to it from another connection.
        """
        with connection.cursor() as cursor:
            lock = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 9))"
            cursor.execute(lock, [f"import {self.pk}"])
            if not cursor.fetchone()[0]:
                return False
        self.refresh_from_db()
        return True

    @transaction.atomic
    def drop(self, *, by):
        """Give the file up; nothing of it was written."""
        self.take_or_refuse()
        if not self.can_drop(by):
            raise ValidationError(_("This import has been decided on already."), code="state")
        self.finish(self.State.DROPPED)
        ImportRun.objects.filter(pk=self.pk).drop_files()

    def take_or_refuse(self):
        if not self.take():
            words = _("This import is being worked on; please wait until it is done.")
            raise ValidationError(words, code="busy")

    def finish(self, state: str, why: str = ""):
        self.state, self.why, self.finished_at = state, str(why)[:300], timezone.now()
        self.save()

    take.alters_data = drop.alters_data = finish.alters_data = True


class ImportLine(models.Model):
    """A row of an imported file: what is to become of it, and what did.

    ``data`` is what is told of it, with no personal number in it; ``rows`` names what was
    written, with versions and former values, for the undoing.
    """

    class State(models.TextChoices):
        NEW = "NEW", _("new row")
        CHANGED = "CHANGED", _("update")
        SAME = "SAME", _("unchanged")
        DUPLICATE = "DUPLICATE", _("on record already")
        ERROR = "ERROR", _("error")
        UNDONE = "UNDONE", _("undone")
        KEPT = "KEPT", _("not undone")

    WRITTEN = (State.NEW, State.CHANGED)
    REFUSED = (State.DUPLICATE, State.ERROR)

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="lines", db_index=False)
    number = models.PositiveIntegerField(_("row"))  # as the spreadsheet counts
    state = models.CharField(_("state"), max_length=10, choices=State)
    label = models.CharField(max_length=200, blank=True, default="")
    data = models.JSONField(default=dict)
    rows = models.JSONField(default=list)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("row of an import")
        verbose_name_plural = _("rows of imports")
        default_permissions = ()
        ordering = ("run", "number")
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="import_line_once"),
        ]
        indexes = [models.Index(fields=["run", "state", "number"], name="import_line_state")]

    def __str__(self):
        return f"{self.run_id} {self.number}"


def count_by_state(run: ImportRun) -> dict[str, int]:
    lines = ImportLine.objects.filter(run=run).order_by()
    return dict(lines.values_list("state").annotate(n=models.Count("pk")))
