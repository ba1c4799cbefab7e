"""How a person is reminded beside the bell, and the digests that went out."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import RowQuerySet
from zone.models.audit import AuditEntry
from zone.models.group_bots import GroupBot

RETRY = timedelta(minutes=10)


class OwnQuerySet(RowQuerySet):
    def within(self, access):
        return self.filter(person=access.user)


class NoticeChannel(models.Model):
    """By what a person gets the morning digest; without a row, by nothing but the bell."""

    SYNC = None

    class Channel(models.TextChoices):
        IN_APP = "IN_APP", _("in this program only")
        EMAIL = "EMAIL", _("e-mail")
        BOT = "BOT", _("chat group")

    person = models.OneToOneField(
        "zone.User", models.CASCADE, primary_key=True, related_name="notice_channel"
    )
    channel = models.CharField(
        _("morning digest"), max_length=10, choices=Channel, default=Channel.IN_APP
    )
    bot = models.ForeignKey(GroupBot, models.CASCADE, null=True, blank=True, db_index=False)

    objects = OwnQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(channel="BOT", bot__isnull=False) | (~Q(channel="BOT") & Q(bot=None)),
                name="notice_channel_bot",
            )
        ]

    def __str__(self):
        return str(self.bot or self.get_channel_display())

    @classmethod
    def of(cls, person) -> NoticeChannel:
        return cls.objects.filter(person=person).select_related("bot").first() or cls(person=person)

    @transaction.atomic
    def choose(self, channel: str, bot: GroupBot | None = None):
        """Take another channel; only the person does so."""
        before, self.channel, self.bot = str(self), channel, bot
        if before == str(self):
            return
        self.save()
        AuditEntry.objects.record(
            AuditEntry.Action.CHANGED,
            by=self.person,
            of=self.person,
            changes={"notice_channel": [before, str(self)]},
        )

    choose.alters_data = True


class DigestQuerySet(RowQuerySet):
    def within(self, access):
        return self.filter(person=access.user)

    def waiting(self, now: datetime, on: date):
        """Return what is to be sent now; what was missed on a day before is not sent any more."""
        return self.filter(state=Digest.State.WAITING, on=on, next_at__lte=now)

    @transaction.atomic
    def begin(self, most: int) -> list[Digest]:
        """Take up to ``most`` of these to be sent; whoever dies meanwhile sends them no more."""
        rows = self.select_for_update(skip_locked=True, of=("self",)).order_by("person")
        taken = list(rows.select_related("person")[:most])
        self.of(taken).update(state=Digest.State.SENDING)
        return taken

    def of(self, digests: list[Digest]):
        return Digest.objects.filter(pk__in=[digest.pk for digest in digests])

    def sent(self):
        self.update(state=Digest.State.SENT, ended_at=Now(), fault="")

    def put_off(self, fault: str, now: datetime, wait: timedelta = RETRY):
        """Let these be tried again later: nothing of them has arrived."""
        self.update(state=Digest.State.WAITING, next_at=now + wait, fault=fault[:200])

    def failed(self, fault: str):
        """Give these up: refused for good, or nobody knows whether they have arrived."""
        self.update(state=Digest.State.FAILED, ended_at=Now(), fault=fault[:200])

    for _writer in (begin, sent, put_off, failed):
        _writer.alters_data = True
    del _writer


class Digest(models.Model):
    """The morning digest of a person and day: at most one, by whatever channel."""

    SYNC = None

    class State(models.TextChoices):
        WAITING = "WAITING", _("waiting to be sent")
        SENDING = "SENDING", _("being sent")
        SENT = "SENT", _("sent")
        EMPTY = "EMPTY", _("nothing to tell")
        FAILED = "FAILED", _("given up")

    person = models.ForeignKey("zone.User", models.CASCADE, related_name="+", db_index=False)
    on = models.DateField()
    channel = models.CharField(max_length=10, choices=NoticeChannel.Channel)
    bot = models.ForeignKey(GroupBot, models.SET_NULL, null=True, related_name="digests")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    next_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    fault = models.CharField(max_length=200, blank=True, default="")

    objects = DigestQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["person", "on"], name="digest_once_a_day")]
        indexes = [models.Index(fields=["on", "state"], name="digest_day")]

    def __str__(self):
        return f"{self.on} {self.state}"
