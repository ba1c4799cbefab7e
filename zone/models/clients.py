from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zone import identifiers
from zone.access.api_scopes import check_scopes, judged_beside, judging
from zone.access.client_triggers import SOURCES
from zone.access.networks import check_networks
from zone.access.row_access import OpenQuerySet, PermittedQuerySet
from zone.feed.scope import Scope
from zone.fields import LineField, PinyinKeyField, SourceField
from zone.identifiers import check_source, no_personal_number, source_code
from zone.models.audit import AuditEntry
from zone.models.base import Row
from zone.models.users import User

LONGEST = timedelta(days=366)
LIVE_KEYS = 2  # the old one serves until the other system has taken the new one over
PREFIX = "crm"
USE_NOTED = timedelta(minutes=1)


class ApiClient(Row):
    """Another system that may call the interface: what it may do, on which rows, from where."""

    SYNC = None

    name = LineField(_("name"), max_length=80, unique=True, validators=[no_personal_number])
    sort_key = PinyinKeyField()
    owner = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("answers for it"),
        help_text=_("Who is asked when something is wrong with the other system."),
    )
    purpose = LineField(
        _("purpose"), max_length=200, blank=True, default="", validators=[no_personal_number]
    )
    # In whose name the trail and the histories tell what the system did; nobody logs in with it.
    account = models.OneToOneField(
        User, models.PROTECT, related_name="api_client", editable=False, verbose_name=_("account")
    )
    scopes = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("may"),
        blank=True,
        default=list,
        validators=[check_scopes],
    )
    whole_zone = models.BooleanField(_("the whole zone"), default=False)
    chains = models.ManyToManyField(
        "zone.IndustryChain", blank=True, related_name="+", verbose_name=_("industry chains")
    )
    parks = models.ManyToManyField(
        "zone.Park", blank=True, related_name="+", verbose_name=_("parks")
    )
    networks = ArrayField(
        models.CharField(max_length=43),
        verbose_name=_("networks it calls from"),
        blank=True,
        default=list,
        validators=[check_networks],
        help_text=_("Addresses or networks such as 10.20.0.0/16, with commas; empty: any."),
    )
    # The database gives a name to one client at a time (``zone.access.client_triggers``).
    sources = ArrayField(
        SourceField(max_length=50),
        verbose_name=_("sources"),
        blank=True,
        default=list,
        help_text=_(
            "The names under which the other system gives its own ids, such as oa; with commas. "
            "Only this client writes references under them, so none belongs to another client. "
            "Empty: it writes rows without references."
        ),
    )
    is_disabled = models.BooleanField(_("disabled"), default=False)
    # Raised by the database (``access/client_triggers.py``) with every change of what may be read.
    rights = models.BigIntegerField(db_default=0, editable=False)

    objects = PermittedQuerySet.as_manager()

    class Meta:
        verbose_name = _("interface client")
        verbose_name_plural = _("interface clients")
        ordering = ("sort_key", "id")

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        """Save, with the account that stands for the system in the histories."""
        with transaction.atomic():
            if self.account_id is None:
                self.account = User(
                    username=f"api-{secrets.token_hex(6)}", is_service=True, is_demo=self.is_demo
                )
                self.account.set_unusable_password()
            name = identifiers.line(self.name[:50])
            if self.account.display_name != name:
                self.account.display_name = name
                self.account.save()
            self.account_id = self.account.pk
            super().save(*args, **kwargs)

    def clean(self):
        """Bring the sources into their normal form; refuse what is no name, or another client's.

        Whoever answers for a client that recognises is barred like the client itself, so there
        has to be one.
        """
        if judging(self.scopes) and self.owner_id is None:
            message = _("Name who answers for a client that recognises agreements.")
            raise ValidationError({"owner": ValidationError(message, code="owner")})
        self.sources = sorted(set(map(source_code, self.sources)))
        known = ApiClient.objects.filter(pk=self.pk).values_list("sources", flat=True).first()
        new = set(self.sources) - set(known or ())
        try:
            for name in new:
                check_source(name)
            self._refuse_taken(new)
        except ValidationError as refusal:
            raise ValidationError({"sources": refusal}) from refusal

    @staticmethod
    def _refuse_taken(names: set[str]):
        if not names:
            return
        # Of two who bind one name at once the second waits, then is told that it is taken.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [SOURCES])
        for client in ApiClient.objects.filter(sources__overlap=list(names)):
            taken = {"names": ", ".join(sorted(names & {*client.sources})), "client": client}
            raise ValidationError(
                _(
                    "%(names)s: bound to “%(client)s” already. Two systems under one name would "
                    "overwrite each other's references."
                ),
                code="source",
                params=taken,
            )

    def row_scope(self) -> Scope:
        """Return which rows this client sees: the zone, or its chains and parks."""
        return Scope(
            zone=self.whole_zone,
            chains=frozenset(self.chains.values_list("pk", flat=True)),
            parks=frozenset(self.parks.values_list("pk", flat=True)),
            account=self.account_id,
            rights=self.rights,
        )

    def owns(self, source: str) -> bool:
        """Whether the references under this name are the client's to write."""
        return source in self.sources

    def may(self, scope: str) -> bool:
        return scope in self.scopes

    @property
    def warning(self) -> str:
        """Say what is unwise about the scopes; what it wrote itself it recognises never."""
        making = judged_beside(self.scopes)
        if not making:
            return ""
        return _(
            "This client may recognise agreements and write what they count for (%(scopes)s). "
            "Give the recognition to a client of its own: what a client wrote it cannot recognise."
        ) % {"scopes": ", ".join(making)}

    def may_call_from(self, address: str | None) -> bool:
        if not self.networks:
            return True
        if address is None:
            return False
        caller = ipaddress.ip_address(address)
        return any(caller in ipaddress.ip_network(text) for text in self.networks)

    def can_issue_key(self, user) -> bool:
        return not self.is_disabled and user.has_perm("zone.change_apiclient", self)

    def can_revoke_key(self, user) -> bool:
        may = user.has_perm("zone.change_apiclient", self)
        return may and any(key.is_live for key in self.keys.all())

    @transaction.atomic
    def issue_key(self, *, by=None, days: int = 365, reason: str = "") -> str:
        """Make a key and return it in full; it is kept only as a hash and shown this once."""
        list(ApiClient.objects.select_for_update().filter(pk=self.pk).values_list("pk"))
        if self.keys.live().count() >= LIVE_KEYS:
            raise ValidationError(
                _("This client has two keys in force; revoke one before you issue another."),
                code="keys",
            )
        secret = secrets.token_urlsafe(32)
        expires_at = timezone.now() + timedelta(days=days)
        key = self.keys.create(
            key_id=secrets.token_hex(6), digest=digest(secret), expires_at=expires_at
        )
        AuditEntry.objects.record(
            AuditEntry.Action.KEY, by=by, of=self, why=reason, step="issued", key=key.key_id
        )
        return f"{PREFIX}_{key.key_id}_{secret}"

    issue_key.alters_data = True


def digest(secret: str) -> str:
    """Return what is kept of a key: useless without the pepper, which stands in no database."""
    return hmac.new(settings.API_PEPPER.encode(), secret.encode(), hashlib.sha256).hexdigest()


class ApiKeyQuerySet(PermittedQuerySet):
    def live(self):
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


class ApiKey(Row):
    """A key of a client; two may be in force while one takes over from the other."""

    SYNC = None
    BELONGS_TO = ("client",)

    client = models.ForeignKey(
        ApiClient, models.CASCADE, related_name="keys", verbose_name=_("interface client")
    )
    key_id = models.CharField(_("key"), max_length=12, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    expires_at = models.DateTimeField(_("expires at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("key")
        verbose_name_plural = _("keys")
        ordering = ("-created_at",)
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__lte=F("created_at") + LONGEST),
                name="apikey_one_year",
                violation_error_message=_("A key holds for a year at most."),
            )
        ]

    def __str__(self):
        return f"{PREFIX}_{self.key_id}_…"

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()

    @transaction.atomic
    def revoke(self, *, by, reason: str):
        """Let the key open nothing from the next call on."""
        self.refresh_from_db(from_queryset=ApiKey.objects.select_for_update())
        if not self.is_live:
            raise ValidationError(_("This key is no longer in force."), code="state")
        self.revoked_at = timezone.now()
        self.save(update_fields=["revoked_at"])
        AuditEntry.objects.record(
            AuditEntry.Action.KEY,
            by=by,
            of=self.client,
            why=reason,
            step="revoked",
            key=self.key_id,
        )

    def note_use(self, now: datetime):
        """Remember when the key last served, once a minute."""
        if self.last_used_at is None or self.last_used_at < now - USE_NOTED:
            ApiKey.objects.filter(pk=self.pk).update(last_used_at=now)

    revoke.alters_data = note_use.alters_data = True


class ApiBudget(models.Model):
    """How many requests a client has left (``zone.api.throttle`` writes it, and nobody else)."""

    client = models.OneToOneField(ApiClient, models.CASCADE, primary_key=True, related_name="+")
    tokens = models.FloatField()
    is_open = models.BooleanField()
    at = models.DateTimeField()

    objects = OpenQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self):
        return f"{self.client_id}: {self.tokens:.0f}"


class ApiReplyQuerySet(OpenQuerySet):
    def forget(self, row: models.Model):
        """Delete the kept answers that show a row: what it held is to be nowhere any more."""
        self.filter(body__id=str(row.pk)).delete()


class ApiReply(models.Model):
    """The answer to a write, kept with it for a week: the same request again is not done twice."""

    client = models.ForeignKey(ApiClient, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.JSONField(null=True)
    at = models.DateTimeField(db_default=Now(), db_index=True)

    objects = ApiReplyQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="api_reply_once")]

    def __str__(self):
        return f"{self.client_id} {self.key}"
