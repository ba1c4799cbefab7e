from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.db import connections, models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from zone.feed.any_of import array_of
from zone.fields import LineField, SourceField
from zone.identifiers import source_code


class ExternalRefQuerySet(models.QuerySet):
    def of(self, model: type[models.Model]):
        """Return the references of the rows of a synchronised model."""
        return self.filter(entity=model.SYNC.number)

    def by_row(self, ids: Iterable[UUID]) -> dict[tuple[int, UUID], list[dict[str, str]]]:
        """Return ``{(entity, id): [{source, external_id}]}`` in a lasting order."""
        found = defaultdict(list)
        statement = (
            "SELECT entity, object_id, source, external_id FROM zone_externalref "
            "WHERE object_id = ANY(%s::uuid[]) ORDER BY source, external_id"
        )
        # Asked for with every list: composing the query would cost as much as running it.
        with connections[self.db].cursor() as cursor:
            cursor.execute(statement, [array_of(ids)])
            for entity, pk, source, external_id in cursor.fetchall():
                found[entity, pk].append({"source": source, "external_id": external_id})
        return found


class ExternalRef(models.Model):
    """What another system calls one of our rows.

    A reference outlives its row, so that a tombstone still carries it. A trigger raises the
    version of the row whose references change: they are part of what the interface shows.
    """

    source = SourceField(_("source"), max_length=50)
    entity = models.SmallIntegerField(_("kind of row"))
    external_id = LineField(_("ID over there"), max_length=200)
    object_id = models.UUIDField(_("ID"))

    objects = ExternalRefQuerySet.as_manager()

    class Meta:
        verbose_name = _("external reference")
        verbose_name_plural = _("external references")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["source", "entity", "external_id"],
                name="external_ref_once",
                violation_error_message=_("This reference already belongs to another row."),
            )
        ]
        indexes = [models.Index(fields=["object_id", "entity"], name="external_ref_row")]

    def __str__(self):
        return f"{self.source}:{self.external_id}"

    @property
    def pair(self) -> tuple[str, str]:
        """Return what the row is looked up by, whatever spelling an old reference still has."""
        return source_code(self.source), self.external_id


class Merged(models.Model):
    """A row that went into another one: so its tombstone says where to look now."""

    entity = models.SmallIntegerField(_("kind of row"))
    object_id = models.UUIDField(_("ID"), unique=True)
    merged_into = models.UUIDField(_("merged into"), db_index=True)
    at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        verbose_name = _("merged row")
        verbose_name_plural = _("merged rows")
        default_permissions = ()

    def __str__(self):
        return f"{self.object_id} → {self.merged_into}"
