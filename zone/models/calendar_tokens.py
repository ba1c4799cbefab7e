from __future__ import annotations

import secrets

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import RowQuerySet
from zone.models.audit import AuditEntry
from zone.models.clients import digest


class CalendarTokenQuerySet(RowQuerySet):
    def within(self, access):
        return self.filter(person=access.user)

    def holder(self, secret: str):
        """Return whose feed ``secret`` opens, None where it is dead or its person has left."""
        token = self.filter(digest=digest(secret)).select_related("person").first()
        return token.person if token and token.person.may_enter else None


class CalendarToken(models.Model):
    """The key of a person's calendar feed; kept as a hash, shown once, void when renewed."""

    SYNC = None

    person = models.OneToOneField(
        "zone.User", models.CASCADE, primary_key=True, related_name="calendar_token"
    )
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    objects = CalendarTokenQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self):
        return str(self.person)

    @classmethod
    @transaction.atomic
    def issue(cls, person) -> str:
        """Make a token in the place of the one before, and return it this once."""
        secret = secrets.token_urlsafe(32)
        made = {"digest": digest(secret), "created_at": timezone.now()}
        cls.objects.update_or_create(person=person, defaults=made)
        cls._note(person, "calendar issued")
        return secret

    @classmethod
    @transaction.atomic
    def revoke(cls, person):
        """Close the feed."""
        if cls.objects.filter(person=person).delete()[0]:
            cls._note(person, "calendar revoked")

    issue.__func__.alters_data = revoke.__func__.alters_data = True

    @staticmethod
    def _note(person, step: str):
        AuditEntry.objects.record(AuditEntry.Action.KEY, by=person, of=person, step=step)
