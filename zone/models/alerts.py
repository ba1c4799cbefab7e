from __future__ import annotations

from datetime import date

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import PermittedQuerySet
from zone.calendar import today
from zone.fields import NoteField
from zone.identifiers import no_personal_number
from zone.models.audit import AuditEntry
from zone.models.base import Row


class SecurityAlertQuerySet(PermittedQuerySet):
    def unseen(self):
        return self.filter(seen_at=None)

    def note(self, kind: str, *, about, on: date, count: int) -> SecurityAlert:
        """Raise the alert of this person and day, or bring its count up to date."""
        alert, is_new = self.get_or_create(
            kind=kind, about=about, on=on, defaults={"count": count, "is_demo": about.is_demo}
        )
        if is_new:
            AuditEntry.objects.record(AuditEntry.Action.ALERT, by=about, of=alert, kind=kind)
        else:
            self.filter(pk=alert.pk, count__lt=count).update(count=count)
        return alert

    def note_anew(self, kind: str, about):
        """Count one more of the day; each asks for a look, whatever was settled before."""
        on = today()
        known = self.select_for_update().filter(kind=kind, about=about, on=on).first()
        self.note(kind, about=about, on=on, count=known.count + 1 if known else 1)
        self.filter(kind=kind, about=about, on=on).update(seen_at=None, seen_by=None)


class SecurityAlert(Row):
    """Something a person did on a day that the security administrator looks into."""

    SYNC = None

    class Kind(models.TextChoices):
        REVEALS = "REVEALS", _("many contacts revealed")
        PASSWORD = "PASSWORD", _("password of an account with more rights set")
        GUESSES = "GUESSES", _("wrong passwords or codes in an open login")

    TEXTS = {
        Kind.REVEALS: _(
            "Contact data was revealed %(count)d times in one day. Please ask the person what "
            "for; the audit trail holds each purpose."
        ),
        Kind.PASSWORD: _(
            "Set %(count)d times in one day the password of an account that may do more than "
            "this person. Make sure with the owner of each account that they asked for it; then "
            "give the owner, and nobody else, the handover code from the account's page."
        ),
        Kind.GUESSES: _(
            "Within a login of this person, wrong passwords or codes were entered up to the limit, "
            "%(count)d times in one day. Please ask whether it was them; if not, have the system "
            "administrator sign them out everywhere and reset the password."
        ),
    }

    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    about = models.ForeignKey(
        "zone.User", models.PROTECT, related_name="alerts", verbose_name=_("person")
    )
    on = models.DateField(_("day"))
    count = models.PositiveIntegerField(_("times"))
    seen_by = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("settled by"),
    )
    seen_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    finding = NoteField(
        _("finding"), max_length=500, blank=True, default="", validators=[no_personal_number]
    )

    objects = SecurityAlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("security alert")
        verbose_name_plural = _("security alerts")
        ordering = ("-on", "-created_at")
        default_permissions = ("view",)
        permissions = [("handle_securityalert", _("Can handle security alerts"))]
        constraints = [
            models.UniqueConstraint(fields=["kind", "about", "on"], name="alert_one_a_day"),
            models.CheckConstraint(
                condition=models.Q(seen_at=None, seen_by=None)
                | models.Q(seen_at__isnull=False, seen_by__isnull=False),
                name="alert_handled_by_someone",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} · {self.about} · {self.on}"

    @property
    def text(self) -> str:
        return str(self.TEXTS[self.Kind(self.kind)]) % {"count": self.count}

    def can_handle(self, user) -> bool:
        """Nobody settles an alert about themselves."""
        mine = self.about_id == user.pk
        return self.seen_at is None and not mine and user.has_perm("zone.handle_securityalert")

    @transaction.atomic
    def handle(self, *, by, finding: str):
        """Close the alert with what was found out."""
        self.refresh_from_db(from_queryset=SecurityAlert.objects.select_for_update())
        if self.seen_at is not None:
            raise ValidationError(_("This alert has already been handled."), code="handled")
        if not finding:
            raise ValidationError({"reason": _("Please say what you found out.")}, code="reason")
        self.seen_by, self.seen_at, self.finding = by, timezone.now(), finding
        self.save(update_fields=["seen_by", "seen_at", "finding"])
        AuditEntry.objects.record(
            AuditEntry.Action.STATE,
            by=by,
            of=self,
            changes={"seen_by": ["", str(by)]},
            why=finding,
        )

    handle.alters_data = True
