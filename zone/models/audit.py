from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from zone.origin import Origin

HIDDEN = "•••"


class AuditEntryQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if user.is_superuser else self.none()

    def of(self, row: models.Model):
        """Return the trail of one row, newest first."""
        return self.filter(model=row._meta.label_lower, object_id=str(row.pk)).order_by("-id")

    def record(
        self,
        action: str,
        *,
        by=None,
        of: models.Model | None = None,
        changes: dict | None = None,
        why: str = "",
        origin: Origin | None = None,
        **detail,
    ) -> AuditEntry:
        """Write one line of the trail: the only way a line comes to be.

        ``by`` carries where the person came from; a door without a logged-in person passes
        ``origin``. ``changes`` is what ``differences`` returns: ``{field: [before, after]}``.
        ``detail`` is anything else that JSON can hold, never a personal number.
        """
        origin = origin or getattr(by, "origin", None) or Origin()
        person = by if by is not None and by.pk else None
        return self.create(
            action=action,
            by=person,
            by_name=str(person)[:150] if person else "",
            door=origin.door,
            address=origin.address,
            model=of._meta.label_lower if of is not None else "",
            object_id=str(of.pk) if of is not None else "",
            object_name=name_of(of)[:200] if of is not None else "",
            changes=changes or {},
            why=why[:500],
            detail=detail,
        )


class AuditEntry(models.Model):
    """A line of the trail: who, when, from where, what, before and after, and why.

    Nothing points into this table and it points at nothing that could be deleted under it:
    names are kept as they were. The database refuses to change a line (``zone.trail_triggers``).
    """

    class Action(models.TextChoices):
        CREATED = "CREATED", _("created")
        CHANGED = "CHANGED", _("changed")
        DELETED = "DELETED", _("deleted")
        STATE = "STATE", _("state changed")
        REVEALED = "REVEALED", _("contact data revealed")
        ANONYMISED = "ANONYMISED", _("anonymised")
        UPLOADED = "UPLOADED", _("file uploaded")
        DOWNLOADED = "DOWNLOADED", _("file downloaded")
        EXPORTED = "EXPORTED", _("exported")
        IMPORTED = "IMPORTED", _("imported")
        COMMAND = "COMMAND", _("command run")
        LOGIN = "LOGIN", _("logged in")
        LOGIN_FAILED = "LOGIN_FAILED", _("login failed")
        LOCKED_OUT = "LOCKED_OUT", _("locked out")
        LOGOUT = "LOGOUT", _("logged out")
        PASSWORD = "PASSWORD", _("password changed")
        SECOND_FACTOR = "SECOND_FACTOR", _("second factor changed")
        APPOINTED = "APPOINTED", _("appointed")
        ENDED = "ENDED", _("appointment ended")
        RIGHTS = "RIGHTS", _("rights changed")
        KEY = "KEY", _("key changed")
        ALERT = "ALERT", _("security alert")
        PURGED = "PURGED", _("old trail removed")

    class Door(models.TextChoices):
        ADMIN = "ADMIN", _("pages")
        API = "API", _("interface")
        COMMAND = "COMMAND", _("command line")
        SYSTEM = "SYSTEM", _("system")

    at = models.DateTimeField(_("at"), db_default=Now(), editable=False)
    action = models.CharField(_("action"), max_length=20, choices=Action)
    by = models.ForeignKey(
        "zone.User",
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("by"),
    )
    by_name = models.CharField(_("name of the person"), max_length=150, blank=True, default="")
    door = models.CharField(_("door"), max_length=10, choices=Door)
    address = models.GenericIPAddressField(_("address"), null=True)
    model = models.CharField(_("kind of row"), max_length=60, blank=True, default="")
    object_id = models.CharField(_("ID"), max_length=64, blank=True, default="")
    object_name = models.CharField(_("row"), max_length=200, blank=True, default="")
    changes = models.JSONField(_("before and after"), default=dict)
    why = models.CharField(_("reason"), max_length=500, blank=True, default="")
    detail = models.JSONField(_("detail"), default=dict)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit trail")
        ordering = ("-id",)
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["model", "object_id", "-id"], name="audit_row"),
            models.Index(fields=["by", "-id"], name="audit_person"),
            models.Index(fields=["action", "-id"], name="audit_action"),
            models.Index(fields=["at"], name="audit_at"),
        ]

    def __str__(self):
        return f"{self.get_action_display()} {self.object_name}".strip()


def name_of(row: models.Model) -> str:
    """Return the name of a row for the trail; a row with personal data names no person."""
    return row.audit_name() if hasattr(row, "audit_name") else str(row)


def readable(row: models.Model, name: str) -> str:
    """Return a field's value as the trail keeps it: a row by its name, personal data hidden."""
    field = row._meta.get_field(name)
    value = getattr(row, name)
    if value is None or value == "":
        return ""
    if name in getattr(row, "PERSONAL", ()):
        return HIDDEN
    return name_of(value) if field.is_relation else str(value)


def differences(before: models.Model, after: models.Model, names) -> dict[str, list[str]]:
    """Return ``{field: [before, after]}`` for those of ``names`` whose values differ."""
    found = {}
    for name in names:
        attname = after._meta.get_field(name).attname
        if getattr(before, attname) != getattr(after, attname):
            found[name] = [readable(before, name), readable(after, name)]
    return found
