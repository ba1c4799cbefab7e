from __future__ import annotations

from django.db import connection, models
from django.db.models.functions import Now


class SentForm(models.Model):
    """A form that was saved: tapped twice, it saves nothing more.

    ``digest`` is made of what was posted, with the token that its page carried. ``address`` is
    where the answer led to, ``outcome`` what became of many rows.
    """

    SYNC = None
    TAKE = "INSERT INTO zone_sentform (digest, address) VALUES (%s, '') ON CONFLICT DO NOTHING"

    digest = models.CharField(max_length=64, primary_key=True)
    address = models.CharField(max_length=1000)
    outcome = models.JSONField(null=True)
    at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self):
        return self.digest

    @classmethod
    def take(cls, digest: str) -> bool:
        """Whether this transaction saves the form; a save that is under way is waited for."""
        with connection.cursor() as cursor:
            cursor.execute(cls.TAKE, [digest])
            return cursor.rowcount == 1
