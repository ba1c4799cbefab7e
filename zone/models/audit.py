from __future__ import annotations

import getpass
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import cache

from django.db import models
from django.db.backends.postgresql.psycopg_any import Range
from django.db.models import CASCADE, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zone.access.origin import COMMAND, Origin
from zone.access.row_access import RowQuerySet
from zone.calendar import SHANGHAI
from zone.database import bulk
from zone.fields import CodeField
from zone.privacy.masking import HIDDEN, masked_text


class AuditEntryQuerySet(RowQuerySet):
    def within(self, access):
        """Return all to auditors, what concerns accounts and keys to security administrators."""
        roles = access.roles
        if access.user.is_superuser or "AUDITOR" in roles:
            return self
        if "SECURITY_ADMIN" in roles:
            rows = AuditEntry.SECURITY_ROWS
            return self.filter(Q(action__in=AuditEntry.SECURITY) | Q(model__in=rows))
        return self.none()

    def of(self, row: models.Model):
        """Return the trail of one row, newest first."""
        return self.filter(model=row._meta.label_lower, object_id=str(row.pk)).order_by("-id")

    def timeline(self, row: models.Model):
        """Return the trail of a row and of its parts, newest first."""
        own = Q(model=row._meta.label_lower, object_id=str(row.pk))
        return self.filter(own | Q(parent=key_of(row))).order_by("-id")

    def deleted(self, ids) -> set[str]:
        """Return those of ``ids`` whose rows were deleted; a purge carries them on."""
        lines = self.filter(action=AuditEntry.Action.DELETED, object_id__in=ids)
        purges = self.filter(action=AuditEntry.Action.PURGED).values_list("detail", flat=True)
        carried = {pk for detail in purges for pk in detail.get("deleted", ())}
        return set(lines.values_list("object_id", flat=True)) | (carried & set(ids))

    def record_made(self, row: models.Model, *, by) -> AuditEntry:
        """Write that ``row`` came to be, and with what in it."""
        return self.record(AuditEntry.Action.CREATED, by=by, of=row, changes=made(row))

    def record_all_made(self, rows, *, by):
        """Write that each of ``rows`` came to be, in one statement."""
        self._record_all(AuditEntry.Action.CREATED, {row: made(row) for row in rows}, by)

    def record_all_changed(self, changes: dict[models.Model, dict], *, by):
        """Write for each row what ``differences`` found, in one statement."""
        self._record_all(AuditEntry.Action.CHANGED, changes, by)

    def record_all_states(self, changes: dict[models.Model, dict], *, by, why: str):
        """Write that a state method changed each row, for one reason, in one statement."""
        self._record_all(AuditEntry.Action.STATE, changes, by, why)

    def record_all_removed(self, rows, *, by, why: str = ""):
        """Write what stood in each of ``rows``, which is about to go, in one statement."""
        gone = {row: {name: [value, ""] for name, value in contents(row).items()} for row in rows}
        self._record_all(AuditEntry.Action.DELETED, gone, by, why)

    def _record_all(self, action: str, changes: dict[models.Model, dict], by, why: str = ""):
        lines = [self._subject(row, found) for row, found in changes.items()]
        bulk.insert_values(AuditEntry, lines, same=self._deed(action, by=by, why=why))

    def record_command(self, command: str, **detail) -> AuditEntry:
        """Write that a command changed data, and which account of the machine ran it."""
        with suppress(OSError, KeyError):
            detail["account"] = getpass.getuser()
        return self.record(
            AuditEntry.Action.COMMAND, origin=Origin(COMMAND), command=command, **detail
        )

    def record(self, action: str, **said) -> AuditEntry:
        """Write one line of the trail: all lines come to be here or in the ``record_…`` above.

        ``by`` carries where the person came from; a door without a logged-in person passes
        ``origin``. ``of`` is the row, ``why`` the reason, ``changes`` what ``differences``
        returns: ``{field: [before, after]}``. The rest is detail: anything that JSON can hold,
        never a personal number.
        """
        subject = self._subject(said.pop("of", None), said.pop("changes", None) or {})
        return AuditEntry(**self._deed(action, **said), **subject).saved()

    @staticmethod
    def _deed(
        action: str, *, by=None, why: str = "", origin: Origin | None = None, **detail
    ) -> dict:
        """Return the values of a line that tell what was done, by whom and from where."""
        origin = origin or getattr(by, "origin", None) or Origin()
        person = by if by is not None and by.pk else None
        return {
            "action": action,
            "by_id": person and person.pk,
            "by_name": person.name_and_account[:150] if person else "",
            "door": origin.door,
            "address": origin.address,
            "why": masked_text(why)[:500],
            "detail": detail,
        }

    @staticmethod
    def _subject(of: models.Model | None, changes: dict) -> dict:
        """Return the values of a line that tell which row it was done to."""
        if of is None:
            return {"changes": changes}
        return {
            "model": of._meta.label_lower,
            "object_id": str(of.pk),
            "object_name": masked_text(name_of(of))[:200],
            "parent": parent_of(of),
            "changes": _masked(changes, of),
        }


class AuditEntry(models.Model):
    """A line of the trail: who, when, from where, what, before and after, and why.

    Nothing points into this table and it points at nothing that could be deleted under it:
    names are kept as they were. The database refuses to change a line (``zone.audit.triggers``).
    """

    class Action(models.TextChoices):
        CREATED = "CREATED", _("created")
        CHANGED = "CHANGED", _("changed")
        DELETED = "DELETED", _("deleted")
        STATE = "STATE", _("state changed")
        REVEALED = "REVEALED", _("contact data revealed")
        SEARCHED = "SEARCHED", _("searched by a whole number")
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
        IMPORT = "IMPORT", _("import of a file")

    REMOVING = (Action.DELETED, Action.ANONYMISED)
    # What leaves a row as it was.
    READING = (Action.REVEALED, Action.SEARCHED, Action.DOWNLOADED, Action.EXPORTED)
    # What a security administrator watches over.
    SECURITY = (
        Action.LOGIN,
        Action.LOGIN_FAILED,
        Action.LOCKED_OUT,
        Action.LOGOUT,
        Action.PASSWORD,
        Action.SECOND_FACTOR,
        Action.APPOINTED,
        Action.ENDED,
        Action.RIGHTS,
        Action.KEY,
        Action.REVEALED,
        Action.SEARCHED,
        Action.ALERT,
    )
    SECURITY_ROWS = (
        "zone.user",
        "zone.appointment",
        "zone.securityalert",
        "auth.group",
        "zone.apiclient",
        "zone.approvedhost",
        "zone.webhookendpoint",
        "zone.webhookdelivery",
    )

    at = models.DateTimeField(_("at"), db_default=Now(), editable=False)
    action = models.CharField(_("action"), max_length=20, choices=Action)
    by = models.ForeignKey(
        "zone.User",
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("by"),
        db_index=False,
    )
    by_name = models.CharField(_("name of the person"), max_length=150, blank=True, default="")
    door = models.CharField(_("door"), max_length=10, choices=Door)
    address = models.GenericIPAddressField(_("address"), null=True)
    model = models.CharField(_("kind of row"), max_length=60, blank=True, default="")
    object_id = models.CharField(_("ID"), max_length=64, blank=True, default="")
    object_name = models.CharField(_("row"), max_length=200, blank=True, default="")
    parent = models.CharField(
        _("belongs to the row"), max_length=110, blank=True, default="", help_text="app.model:ID"
    )
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
            models.Index(fields=["parent", "-id"], name="audit_parent", condition=~Q(parent="")),
            models.Index(fields=["by", "-id"], name="audit_person"),
            models.Index(fields=["action", "-id"], name="audit_action"),
            models.Index(fields=["at"], name="audit_at"),
        ]

    def __str__(self):
        return f"{self.get_action_display()} {self.object_name}".strip()

    def saved(self) -> AuditEntry:
        self.save(force_insert=True)
        return self


def _masked(changes: dict, of: models.Model) -> dict:
    """Mask numbers in free texts; codes and amounts stay as they are."""
    free = free_texts(of._meta.model)
    return {
        name: [masked_text(value) if isinstance(value, str) else value for value in pair]
        if name in free
        else pair
        for name, pair in changes.items()
    }


@cache
def free_texts(model: type[models.Model]) -> frozenset[str]:
    """Return the fields whose text people write, or that show a row by its name."""
    return frozenset(
        field.name
        for field in model._meta.fields
        if isinstance(field, (models.CharField, models.TextField, models.ForeignKey))
        and not isinstance(field, CodeField)
    )


def key_of(row: models.Model) -> str:
    return f"{row._meta.label_lower}:{row.pk}"


def parent_of(row: models.Model) -> str:
    """Return the key of the row that ``row`` is a part of: in whose timeline it is shown.

    That is what its model's ``BELONGS_TO`` names, the first that is filled in; of a model
    without one the row with which it would be deleted.
    Whoever sees the whole must see the part: where that does not hold ``BELONGS_TO`` is empty.
    """
    for attname, label in owner_columns(row._meta.model):
        if (key := getattr(row, attname)) is not None:
            return f"{label}:{key}"
    return ""


@cache
def owner_columns(model: type[models.Model]) -> tuple[tuple[str, str], ...]:
    """Return ``(attname, app.model)`` of the fields that may name what a row is a part of."""
    names = getattr(model, "BELONGS_TO", None)
    return tuple(
        (field.attname, field.related_model._meta.label_lower)
        for field in model._meta.concrete_fields
        if field.name in (names or ())
        or (names is None and field.many_to_one and field.remote_field.on_delete is CASCADE)
    )


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
    if field.is_relation:
        return name_of(value)
    if isinstance(value, Range):
        return f"{value.lower or ''} – {_last(value)}"
    if isinstance(value, datetime) and timezone.is_aware(value):
        return value.astimezone(SHANGHAI).isoformat(" ", "seconds")
    return str(value)


def _last(span: Range) -> date | str:
    """Return the last day of a range of days as PostgreSQL keeps it: [first, day after)."""
    if isinstance(span.upper, date) and not span.upper_inc:
        return span.upper - timedelta(days=1)
    return span.upper or ""


def differences(before: models.Model, after: models.Model, names) -> dict[str, list[str]]:
    """Return ``{field: [before, after]}`` for those of ``names`` whose values differ."""
    found = {}
    for name in names:
        attname = after._meta.get_field(name).attname
        if getattr(before, attname) != getattr(after, attname):
            found[name] = [readable(before, name), readable(after, name)]
    return found


def made(row: models.Model) -> dict[str, list[str]]:
    """Return what ``differences`` would of a row that was not there before."""
    return {name: ["", value] for name, value in contents(row).items()}


def contents(row: models.Model) -> dict[str, str]:
    """Return what stands in a row, field by field, for the line of its making or its end."""
    filled = (
        name
        for name, attname in written_columns(row._meta.model)
        if getattr(row, attname) not in (None, "")
    )
    return {name: value for name in filled if (value := readable(row, name))}


@cache
def written_fields(model: type[models.Model]) -> tuple[str, ...]:
    """Return the fields that people write; what the program keeps by itself is left out."""
    return tuple(name for name, attname in written_columns(model))


@cache
def written_columns(model: type[models.Model]) -> tuple[tuple[str, str], ...]:
    """Return ``(name, attname)`` of the fields that people write."""
    fields = model._meta.concrete_fields
    return tuple((field.name, field.attname) for field in fields if field.editable)
