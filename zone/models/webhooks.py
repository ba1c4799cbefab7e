"""Endpoints of webhooks, and the hosts approved for them."""

from __future__ import annotations

import hashlib
import ipaddress
from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zone.access import addresses, signing
from zone.access.addresses import Address, Target
from zone.access.api_scopes import CHANGES, READ
from zone.access.row_access import OpenQuerySet, PermittedQuerySet
from zone.feed.cursor import Cursor, cursor_now
from zone.feed.scope import Scope
from zone.feed.synced import check_entities
from zone.feed.synced import entities as synced
from zone.fields import LineField, NoteField
from zone.identifiers import no_personal_number
from zone.models.audit import AuditEntry
from zone.models.base import Row
from zone.models.clients import ApiClient, ApiKey
from zone.models.users import User

MOST_ENDPOINTS = 10  # of one client
OLD_SECRET_HOLDS = timedelta(hours=24)


class ApprovedHostQuerySet(PermittedQuerySet):
    def for_target(self, target: Target) -> ApprovedHost:
        """Return the approval that covers ``target``, or say what is not approved."""
        host = self.filter(host=target.host).first()
        if host is None:
            raise ValidationError(NOT_APPROVED, params={"host": target.host}, code="host")
        host.check_covers(target)
        return host


class ApprovedHost(Row):
    """A host that webhooks may be sent to, and the networks it may stand in."""

    SYNC = None

    host = models.CharField(
        _("host"),
        max_length=253,
        unique=True,
        validators=[addresses.check_host],
        help_text=_("Its name in small letters such as oa.example.cn, or its address."),
    )
    networks = ArrayField(
        models.CharField(max_length=43),
        verbose_name=_("networks it stands in"),
        validators=[addresses.check_approved_networks],
        help_text=_(
            "Addresses or networks such as 10.20.0.0/16, with commas. If its name leads to "
            "any other address, nothing is sent."
        ),
    )
    ports = ArrayField(
        models.PositiveIntegerField(),
        verbose_name=_("ports"),
        default=addresses.usual_ports,
        validators=[addresses.check_ports],
        help_text=_("With commas; 443 is that of HTTPS."),
    )
    allows_http = models.BooleanField(
        _("also without encryption"),
        default=False,
        help_text=_("Only if the receiver cannot do HTTPS: whoever is in between reads along."),
    )
    approved_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("approved by"),
    )
    reason = LineField(_("reason"), max_length=300, validators=[no_personal_number])

    objects = ApprovedHostQuerySet.as_manager()

    class Meta:
        verbose_name = _("approved host")
        verbose_name_plural = _("approved hosts")
        ordering = ("host",)

    def __str__(self):
        return self.host

    def clean(self):
        """An approved address stands in its approved networks."""
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            return
        if self.networks and not self.holds(address):
            raise ValidationError(
                {"networks": _("The address of the host lies in none of these networks.")}
            )

    def holds(self, address: Address) -> bool:
        networks = [ipaddress.ip_network(text) for text in self.networks]
        return any(address.version == one.version and address in one for one in networks)

    def check_covers(self, target: Target):
        """Refuse a scheme or port that was not approved for the host."""
        if target.scheme == "http" and not self.allows_http:
            raise ValidationError(
                _("Only https is approved for %(host)s."), params={"host": self.host}, code="scheme"
            )
        if target.port not in self.ports:
            raise ValidationError(
                _(
                    "Port %(port)s is not approved for %(host)s; please ask the security "
                    "administrator."
                ),
                params={"port": target.port, "host": self.host},
                code="port",
            )


NOT_APPROVED = _(
    "The host %(host)s is not approved; please ask the security administrator to add it to the "
    "approved hosts."
)


class WebhookEndpointQuerySet(PermittedQuerySet):
    def live(self, now: datetime):
        """Return the endpoints that are told of changes now."""
        return self.filter(is_live("", now))


def is_live(path: str, now: datetime) -> Q:
    """Return the condition that the endpoint at ``path`` is told: it, its client and its keys."""
    keys = ApiKey.objects.filter(revoked_at=None, expires_at__gt=now)
    ours = keys.filter(client=OuterRef(f"{path}client"))
    conditions = {"is_disabled": False, "client__is_disabled": False}
    conditions |= {"client__scopes__contains": [CHANGES]}
    found = Q(**{f"{path}{name}": value for name, value in conditions.items()})
    return found & ~Q(**{f"{path}secret_seed": ""}) & Exists(ours)


class WebhookEndpoint(Row):
    """An address of another system that is told what changed, in thin and signed messages."""

    SYNC = None
    BELONGS_TO = ("client",)

    client = models.ForeignKey(
        ApiClient,
        models.CASCADE,
        related_name="endpoints",
        verbose_name=_("interface client"),
        db_index=False,
    )
    url = models.CharField(_("address"), max_length=addresses.LONGEST)
    entities = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("is told of"),
        blank=True,
        default=list,
        validators=[check_entities],
        help_text=_("Nothing chosen: of all that the client may read."),
    )
    # What the secrets are made of (``zone.access.signing``); the old one holds for a day.
    secret_seed = models.CharField(max_length=32, blank=True, default="", editable=False)
    old_seed = models.CharField(max_length=32, blank=True, default="", editable=False)
    old_until = models.DateTimeField(_("old secret holds until"), null=True, editable=False)
    is_disabled = models.BooleanField(_("switched off"), default=False, editable=False)
    disabled_reason = NoteField(
        _("why switched off"),
        max_length=300,
        blank=True,
        default="",
        editable=False,
        validators=[no_personal_number],
    )

    objects = WebhookEndpointQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        ordering = ("client__sort_key", "url")
        constraints = [
            models.UniqueConstraint(
                fields=["client", "url"],
                name="webhook_address_once",
                violation_error_message=_("This client already has this address."),
            )
        ]

    def __str__(self):
        return f"{self.client} → {self.host}"

    @property
    def host(self) -> str:
        """Return the host for people: a path or query may hold what only the receiver knows."""
        return self.url.split("/")[2] if self.url.count("/") > 1 else self.url

    def clean(self):
        """The address is approved, and the client may read what it is to be told of."""
        self._clean_url()
        if self.client_id is None:
            return
        if not self.client.may(CHANGES):
            raise ValidationError(
                _("The client lacks the scope %(scope)s."), params={"scope": CHANGES}, code="scope"
            )
        closed = [name for name in self.entities if not self.client.may(f"{name}:{READ}")]
        if closed:
            words = _("The client may not read: %(names)s.")
            params = {"names": ", ".join(closed)}
            raise ValidationError({"entities": ValidationError(words, "scope", params)})

    def _clean_url(self):
        if not self.url:
            return
        try:
            target = addresses.read_url(self.url)
            no_personal_number(target.path)
            ApprovedHost.objects.for_target(target)
        except ValidationError as refusal:
            raise ValidationError({"url": refusal}) from refusal

    @transaction.atomic
    def save(self, *args, **kwargs):
        """Save; what changes from now on is told."""
        is_new = self._state.adding
        if is_new:
            # One at a time, or two at once would both be the last that is allowed.
            self.client.refresh_from_db(from_queryset=ApiClient.objects.select_for_update())
            if WebhookEndpoint.objects.filter(client=self.client_id).count() >= MOST_ENDPOINTS:
                raise ValidationError(
                    _("A client has %(most)s addresses at most."),
                    params={"most": MOST_ENDPOINTS},
                    code="most",
                )
        super().save(*args, **kwargs)
        if is_new:
            WebhookCursor.objects.create(endpoint=self, cursor=cursor_now(self.view().revision))

    def view(self) -> View:
        """Return what this endpoint is told of, as the client's scopes and rows are now."""
        names = [
            name
            for name in synced()
            if self.client.may(CHANGES)
            and self.client.may(f"{name}:{READ}")
            and (not self.entities or name in self.entities)
        ]
        return View(self.client.row_scope(), names)

    def seeds(self, now: datetime) -> list[str]:
        """Return the seeds that sign now, the newest first."""
        old_holds = self.old_seed and self.old_until and now < self.old_until
        return [self.secret_seed, *([self.old_seed] if old_holds else [])]

    def can_issue_secret(self, user) -> bool:
        return user.has_perm("zone.change_webhookendpoint", self)

    def can_disable(self, user) -> bool:
        return not self.is_disabled and user.has_perm("zone.change_webhookendpoint", self)

    def can_enable(self, user) -> bool:
        return self.is_disabled and user.has_perm("zone.change_webhookendpoint", self)

    @transaction.atomic
    def issue_secret(self, *, by=None, reason: str = "", now: datetime | None = None) -> str:
        """Make a secret and return it this once; one in force goes on signing for a day."""
        self._lock()
        step = "secret rotated" if self.secret_seed else "secret issued"
        if self.secret_seed:
            until = (now or timezone.now()) + OLD_SECRET_HOLDS
            self.old_seed, self.old_until = self.secret_seed, until
        self.secret_seed = signing.new_seed()
        self.save(update_fields=["secret_seed", "old_seed", "old_until"])
        AuditEntry.objects.record(AuditEntry.Action.KEY, by=by, of=self, why=reason, step=step)
        return signing.secret_of(self.secret_seed)

    @transaction.atomic
    def disable(self, *, by=None, reason: str):
        """Send nothing more there; the place in the feed is kept."""
        self._lock()
        if self.is_disabled:
            raise ValidationError(_("This endpoint is switched off already."), code="state")
        self._switch(True, reason, by)

    @transaction.atomic
    def enable(self, *, by, reason: str):
        """Go on where it was left off."""
        self._lock()
        if not self.is_disabled:
            raise ValidationError(_("This endpoint is switched on already."), code="state")
        self._switch(False, reason, by)

    issue_secret.alters_data = disable.alters_data = enable.alters_data = True

    def _lock(self):
        self.refresh_from_db(from_queryset=WebhookEndpoint.objects.select_for_update())

    def _switch(self, off: bool, reason: str, by):
        self.is_disabled, self.disabled_reason = off, reason[:300] if off else ""
        self.save(update_fields=["is_disabled", "disabled_reason"])
        changes = {"is_disabled": [str(not off), str(off)]}
        state = AuditEntry.Action.STATE
        AuditEntry.objects.record(state, by=by, of=self, changes=changes, why=reason)


class View:
    """Which rows of which kinds an endpoint is told of."""

    def __init__(self, scope: Scope, names: list[str]):
        self.scope, self.names = scope, names

    @property
    def revision(self) -> str:
        """Return the word that ties a cursor to what is told: rows, and kinds of rows."""
        numbers = ",".join(str(synced()[name].SYNC.number) for name in self.names)
        return f"{self.scope.revision}.{numbers}"


class WebhookCursor(models.Model):
    """How far an endpoint has been told (``zone.webhooks.queueing`` writes it).

    Beside the endpoint, since it moves all the time: the endpoint's version is for people.
    """

    endpoint = models.OneToOneField(
        WebhookEndpoint, models.CASCADE, primary_key=True, related_name="place"
    )
    cursor = models.TextField()
    at = models.DateTimeField(default=timezone.now)

    objects = OpenQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self):
        return str(self.endpoint_id)

    @property
    def revision(self) -> str:
        return Cursor.read(self.cursor).revision

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.cursor.encode()).hexdigest()[:32]
