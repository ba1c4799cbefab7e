from __future__ import annotations

from django.db import connection, models


class ProjectNumber(models.Model):
    """The last number given in a year; one that was given is never given again."""

    SYNC = None
    TAKE = """
      INSERT INTO projects_projectnumber AS given (year, last)
      VALUES (%(year)s, %(after)s + %(count)s) ON CONFLICT (year)
      DO UPDATE SET last = greatest(given.last, %(after)s) + %(count)s RETURNING last"""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self):
        return f"{self.year}: {self.last}"

    @classmethod
    def take(cls, year: int, count: int, *, after: int) -> int:
        """Return the first of ``count`` new numbers behind all that were given and ``after``.

        Writers take turns until they commit.
        """
        with connection.cursor() as cursor:
            cursor.execute(cls.TAKE, {"year": year, "count": count, "after": after})
            return cursor.fetchone()[0] - count + 1
