"""Messages to other systems: schedule of retries, leases, dead letters."""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta

import orjson
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q, Value, Window
from django.db.models.functions import Concat, RowNumber
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zone.access.api_scopes import READ
from zone.access.row_access import PermittedQuerySet
from zone.models.audit import AuditEntry
from zone.models.base import Row
from zone.models.webhooks import WebhookEndpoint, is_live

# How long after each attempt the next one comes; after the last the message is a dead letter.
DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
ATTEMPTS = len(DELAYS) + 1
LONGEST_WAIT = timedelta(hours=24)  # whatever a receiver's Retry-After asks for
# Longer than the sending of what one step takes: a lease that ends belongs to a dead dispatcher.
LEASE = timedelta(minutes=2)
DELIVERED_STAY, DEAD_STAY = timedelta(days=30), timedelta(days=180)
# A message whose lease has ended so often is sent alone, so that it takes no other with it; and
# then it is given up.
LOST_ALONE, LOST_MOST = 2, 3
JITTER = 1.1
SOURCE = "/api/v1/changes"
OLDEST = ("next_at", "created_at", "id")


class WebhookDeliveryQuerySet(PermittedQuerySet):
    def waiting(self):
        return self.filter(next_at__isnull=False)

    def dead(self):
        return self.filter(dead_at__isnull=False)

    def due(self, now: datetime):
        """Return what may be sent now and is in nobody's hands."""
        readable = [Concat(F("entity"), Value(f":{READ}"))]
        told = Q(entity="") | Q(endpoint__client__scopes__contains=readable)
        free = Q(leased_until=None) | Q(leased_until__lte=now)
        return self.waiting().filter(is_live("endpoint__", now), told, free, next_at__lte=now)

    def note_lost(self, now: datetime) -> int:
        """Count the leases that ended unnoted, and give up who has lost too many.

        Whoever held one has died; perhaps by one of the messages. Return how many are given up.
        """
        lost = self.waiting().filter(lease__isnull=False, leased_until__lte=now)
        free = {"lease": None, "leased_until": None, "lost": F("lost") + 1}
        fault = WebhookDelivery.Fault.INTERNAL
        given_up = lost.filter(lost__gte=LOST_MOST - 1).update(
            **free, dead_at=now, next_at=None, last_fault=fault
        )
        lost.update(**free)
        return given_up

    def lease_alone(self, now: datetime) -> list[WebhookDelivery]:
        """Take one message that may have been the end of who had it."""
        first = self.due(now).filter(lost__gte=LOST_ALONE).order_by(*OLDEST)
        return self._take(now, list(first.values_list("pk", flat=True)[:1]))

    def lease(self, now: datetime, each: int, most: int) -> list[WebhookDelivery]:
        """Take up to ``each`` due messages of each endpoint; nobody else has them meanwhile."""
        rank = Window(RowNumber(), "endpoint", order_by=OLDEST)
        due = self.due(now).filter(lost__lt=LOST_ALONE)
        ranked = due.annotate(rank=rank).filter(rank__lte=each)
        for _attempt in range(3):
            first = list(ranked.order_by("rank", "next_at").values_list("pk", flat=True)[:most])
            taken = self._take(now, first)
            if taken or not first:
                return taken
            # Another dispatcher was about to take these: there may be more behind them.
        return []

    def _take(self, now: datetime, ids: list[uuid.UUID]) -> list[WebhookDelivery]:
        lease = uuid.uuid4()
        with transaction.atomic():
            free = (
                self.due(now).filter(pk__in=ids).select_for_update(of=("self",), skip_locked=True)
            )
            taken = [row.pk for row in free]
            self.filter(pk__in=taken).update(lease=lease, leased_until=now + LEASE)
        return list(self.filter(lease=lease).select_related("endpoint__client").order_by(*OLDEST))

    def forget(self, now: datetime) -> int:
        """Delete what was delivered or given up long ago."""
        old = Q(delivered_at__lt=now - DELIVERED_STAY) | Q(dead_at__lt=now - DEAD_STAY)
        return self.filter(old).delete()[0]


class WebhookDelivery(Row):
    """A message to an endpoint: sent until it arrives, or until it is given up."""

    SYNC = None
    BELONGS_TO = ("endpoint",)

    class Fault(models.TextChoices):
        STATUS = "STATUS", _("the receiver answered with an error")
        TIMEOUT = "TIMEOUT", _("no answer in time")
        CONNECTION = "CONNECTION", _("no connection")
        TLS = "TLS", _("the certificate or encryption is not valid")
        NAME = "NAME", _("the name of the host leads nowhere")
        REFUSED = "REFUSED", _("the address is not approved")
        INTERNAL = "INTERNAL", _("it cannot be processed here")

    endpoint = models.ForeignKey(
        WebhookEndpoint,
        models.CASCADE,
        related_name="deliveries",
        verbose_name=_("webhook endpoint"),
        db_index=False,
    )
    webhook_id = models.CharField("webhook-id", max_length=40, unique=True, editable=False)
    type = models.CharField(_("type"), max_length=60, editable=False)
    entity = models.CharField(_("kind of row"), max_length=40, blank=True, editable=False)
    object_id = models.UUIDField(_("ID"), null=True, editable=False)
    # From which place in the feed it was read: the same page read twice makes no second message.
    place = models.CharField(max_length=32, editable=False)
    body = models.TextField(_("content"), editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, editable=False)
    next_at = models.DateTimeField(_("next attempt"), null=True, editable=False)
    delivered_at = models.DateTimeField(_("delivered at"), null=True, editable=False)
    dead_at = models.DateTimeField(_("given up at"), null=True, editable=False)
    last_status = models.PositiveSmallIntegerField(_("last answer"), null=True, editable=False)
    last_fault = models.CharField(
        _("last fault"), max_length=10, choices=Fault, blank=True, default="", editable=False
    )
    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    # Leases that ended without a noted outcome.
    lost = models.PositiveSmallIntegerField(default=0, editable=False)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook message")
        verbose_name_plural = _("webhook messages")
        ordering = ("-created_at", "-id")
        default_permissions = ("view",)
        permissions = [("replay_webhookdelivery", _("Can send webhook messages again"))]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "place", "entity", "object_id"],
                nulls_distinct=False,
                name="webhook_message_once",
            ),
            models.CheckConstraint(
                condition=Q(delivered_at=None) | Q(dead_at=None), name="webhook_message_one_end"
            ),
            models.CheckConstraint(
                condition=Q(next_at__isnull=False, delivered_at=None, dead_at=None)
                | Q(next_at=None) & ~Q(delivered_at=None, dead_at=None),
                name="webhook_message_waits_or_ended",
            ),
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "next_at"],
                name="webhook_waiting",
                condition=Q(next_at__isnull=False),
            ),
            models.Index(
                fields=["endpoint", "dead_at"],
                name="webhook_dead",
                condition=Q(dead_at__isnull=False),
            ),
            models.Index(
                fields=["leased_until"],
                name="webhook_leased",
                condition=Q(lease__isnull=False),
            ),
            models.Index(fields=["delivered_at"], name="webhook_delivered"),
            models.Index(fields=["-created_at", "-id"], name="webhook_newest"),
        ]

    def __str__(self):
        return f"{self.type} {self.webhook_id}"

    @classmethod
    def of(cls, endpoint, place: str, kind: str, data: dict, now: datetime) -> WebhookDelivery:
        """Return an unsaved message: a thin CloudEvent, the same to the last byte each time."""
        webhook_id = f"msg_{uuid.uuid4().hex}"
        event = {
            "specversion": "1.0",
            "id": webhook_id,
            "source": SOURCE,
            "type": kind,
            "time": now.isoformat(timespec="milliseconds"),
            "datacontenttype": "application/json",
            "data": data,
        }
        return cls(
            endpoint=endpoint,
            webhook_id=webhook_id,
            type=kind,
            entity=data.get("entity", ""),
            object_id=data.get("id"),
            place=place,
            body=orjson.dumps(event).decode(),
            next_at=now,
        )

    def arrived(self, status: int, at: datetime):
        """Note that the receiver has it; true whoever holds the lease by now."""
        self._note(WebhookDelivery.objects.all(), status, delivered_at=at, next_at=None)

    def failed(self, at: datetime, *, status=None, fault: str, wait=timedelta(0), for_good=False):
        """Note a failed attempt: the next follows by the schedule, or none does.

        ``wait`` is what the receiver asks for. An attempt counts only while its lease holds:
        whoever took the message over notes their own.
        """
        mine = WebhookDelivery.objects.filter(lease=self.lease)
        if for_good or self.attempts + 1 >= ATTEMPTS:
            ends = {"dead_at": at, "next_at": None}
        else:
            # Never earlier than the schedule, and not all messages at the same moment.
            delay = DELAYS[self.attempts] * random.uniform(1, JITTER)
            ends = {"next_at": at + max(delay, min(wait, LONGEST_WAIT))}
        self._note(mine, status, fault, **ends)

    def _note(self, rows, status, fault: str = "", **ends):
        attempts = self.attempts + 1
        rows.waiting().filter(pk=self.pk).update(
            attempts=attempts,
            last_status=status,
            last_fault=fault,
            lease=None,
            leased_until=None,
            lost=0,
            **ends,
        )

    def put_back(self):
        """Give a message back that was leased and not sent."""
        mine = WebhookDelivery.objects.filter(pk=self.pk, lease=self.lease)
        mine.update(lease=None, leased_until=None)

    @property
    def is_waiting(self) -> bool:
        return self.delivered_at is None and self.dead_at is None

    def can_send_again(self, user) -> bool:
        return not self.is_waiting and user.has_perm("zone.replay_webhookdelivery")

    @transaction.atomic
    def send_again(self, *, by, reason: str = "", now: datetime | None = None):
        """Let a message that was given up, or has arrived, be sent once more: the same one."""
        self.refresh_from_db(from_queryset=WebhookDelivery.objects.select_for_update())
        if self.is_waiting:
            raise ValidationError(_("This message still waits to be sent."), code="state")
        before = "dead_at" if self.dead_at else "delivered_at"
        ended = getattr(self, before).isoformat(" ", "seconds")
        self.delivered_at = self.dead_at = None
        self.attempts, self.lost, self.next_at = 0, 0, now or timezone.now()
        self.save(update_fields=["delivered_at", "dead_at", "attempts", "lost", "next_at"])
        AuditEntry.objects.record(
            AuditEntry.Action.STATE,
            by=by,
            of=self,
            changes={before: [ended, ""]},
            why=reason,
            step="replayed",
        )

    send_again.alters_data = arrived.alters_data = failed.alters_data = True
    put_back.alters_data = True
