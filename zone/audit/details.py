"""The further details of a line of the trail, in the reader's words."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import FieldDoesNotExist
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zone.audit.timeline import Moved, in_words, kind_name, model_of
from zone.calendar import limit_in_words
from zone.files.types import megabytes
from zone.models import AuditEntry

LABELS = {
    "account": _("account of the machine"),
    "back": _("undoing of a merger"),
    "client": _("interface client"),
    "command": _("command"),
    "deleted": _("deleted rows among them"),
    "ending": _("fingerprint of the last four digits"),
    "fields": _("fields"),
    "filter": _("filter"),
    "first": _("first day"),
    "found": _("found"),
    "hash": _("hash of the last line"),
    "key": _("key"),
    "keep_people": _("people kept"),
    "kept": _("rows not undone"),
    "kind": _("kind"),
    "last": _("last day"),
    "lines": _("lines"),
    "locked": _("was locked"),
    "mode": _("what was written"),
    "number": _("fingerprint of the number"),
    "own": _("own password"),
    "removed": _("files removed"),
    "restore": _("restored as published"),
    "references": _("references of other systems"),
    "refused": _("refused rows"),
    "rows": _("rows"),
    "sha256": _("SHA-256 of the file"),
    "size": _("size"),
    "step": _("step"),
    "undone": _("rows undone"),
    "until": _("locked until"),
    "username": _("user name"),
    "what": _("list"),
}
STEPS = {
    "password": _("password right; a further step follows"),
    "complete": _("logged in"),
    "code from the phone": _("code from the phone"),
    "recovery code": _("recovery code"),
    "second factor": _("wrong verification code"),
    "set up": _("phone set up"),
    "recovery codes": _("new recovery codes made"),
    "reset": _("reset by an administrator"),
    "handover": _("handover code"),
    "own": _("by the person"),
    "everywhere": _("signed out everywhere"),
    "idle": format_lazy(_("{time} without work"), time=limit_in_words("SESSION_IDLE")),
    "longest": format_lazy(_("{time} over"), time=limit_in_words("SESSION_LONGEST")),
    "clock": _("the server's clock was set back"),
    "guessed": _("old password wrong too often"),
    "old password": _("wrong old password"),
    "address": _("strangers at this address"),
    "site": _("strangers everywhere"),
    "ended": _("ended by others"),
    "no_post": _("no post today"),
    "issued": _("key issued"),
    "revoked": _("key revoked"),
    "secret issued": _("secret issued"),
    "secret rotated": _("secret replaced; the old one holds for another day"),
    "replayed": _("sent again"),
}
# ``why`` says it in words already, or it says nothing to a reader.
SAID_ELSEWHERE = {"purpose", "ticket"}


def details(entry: AuditEntry) -> list[Moved]:
    """Return the further details of ``entry``, each with its label."""
    kept = {key: value for key, value in entry.detail.items() if key not in SAID_ELSEWHERE}
    return [
        Moved(str(LABELS.get(key, key)), "", _words(entry, key, value))
        for key, value in kept.items()
    ]


def _words(entry: AuditEntry, key: str, value) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return "、".join(_field(entry, name) if key == "fields" else str(name) for name in value)
    if key in WORDS:
        return str(WORDS[key](value))
    field = _field_of(entry, key)
    return in_words(field, value, None) if field is not None else str(value)


def _moment(text: str) -> str:
    return timezone.localtime(datetime.fromisoformat(text)).strftime("%Y-%m-%d %H:%M:%S")


WORDS = {
    "step": lambda step: STEPS.get(step, step),
    "what": kind_name,
    "size": lambda size: f"{megabytes(size)} MB",
    "until": _moment,
}


def _field(entry: AuditEntry, name: str) -> str:
    field = _field_of(entry, name)
    return str(field.verbose_name) if field is not None else name


def _field_of(entry: AuditEntry, name: str):
    model = model_of(entry.model)
    try:
        return model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        return None
