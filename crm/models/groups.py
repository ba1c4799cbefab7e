"""Groups of companies: who stands above whom, without circles."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

MOST_MEMBERS = 500  # of a group that are summed up
CIRCLE = _("An enterprise cannot stand above itself; choose another parent or leave it empty.")
ABOVE = """
WITH RECURSIVE above(id, parent_id) AS (
  SELECT id, parent_id FROM crm_enterprise WHERE id = %s
  UNION SELECT e.id, e.parent_id FROM crm_enterprise e JOIN above a ON e.id = a.parent_id
)"""
# From the top down; whoever is at the top alone is no group.
MEMBERS = f"""{ABOVE},
below(id) AS (
  SELECT id FROM above WHERE parent_id IS NULL
  UNION SELECT e.id FROM crm_enterprise e JOIN below b ON e.parent_id = b.id
)
SELECT id FROM below LIMIT {MOST_MEMBERS}"""


def no_circle() -> models.CheckConstraint:
    """Return the constraint; a trigger of this name looks beyond the row (``crm.triggers``)."""
    return models.CheckConstraint(
        condition=Q(parent=None) | ~Q(parent=F("id")),
        name="enterprise_no_circle",
        violation_error_message=CIRCLE,
    )


class Grouped(models.Model):
    """A company that may belong to a group: below its parent."""

    parent = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="subsidiaries",
        verbose_name=_("parent company"),
        help_text=_("The enterprise that controls this one; its group is shown on the record."),
    )

    class Meta:
        abstract = True

    def clean(self):
        super().clean()
        if self.parent_id and self.has_changed("parent") and self.stands_above(self.parent_id):
            raise ValidationError({"parent": ValidationError(CIRCLE, code="circle")})

    def stands_above(self, other: UUID) -> bool:
        """Whether this is the enterprise ``other`` itself, or one above it."""
        return self.pk in _ids(f"{ABOVE} SELECT id FROM above", other)

    @cached_property
    def group_keys(self) -> list[UUID]:
        """Return the enterprises of the group, this one among them; none where there is no group.

        Who may see which of their rows is asked of the rows.
        """
        members = _ids(MEMBERS, self.pk)
        return members if len(members) > 1 else []


def _ids(statement: str, key: UUID) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [key])
        return [found for (found,) in cursor.fetchall()]
