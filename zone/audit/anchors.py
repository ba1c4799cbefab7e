"""Signed anchors in a file outside the database: where the audit trail stood, and when.

The chain proves what stands in it. That its last links were removed with their lines, or that
all of it was made anew, shows only beside something that the database's owner cannot write.
Each anchor is signed together with the one before it, and the database knows how many there are:
so a file that was edited, shortened or removed is found as well.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from textwrap import wrap

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zone.audit.chain import seal_now
from zone.audit.triggers import KEPT_DAYS
from zone.calendar import today
from zone.database.checkout import make_folder
from zone.models import AuditAnchor, AuditEntry, AuditLink

PAUSE = timedelta(hours=1)
logger = logging.getLogger(__name__)


class AnchorFault(Exception):
    """The file of anchors and the trail do not belong together; the text says how."""


@dataclass(frozen=True)
class Anchor:
    """A link of the chain as it was found at one time."""

    number: int
    position: int
    day: str
    hash: str
    at: str
    mac: str = ""

    @classmethod
    def parse(cls, text: str) -> Anchor | None:
        """Return the anchor of a line; None for what a crash left of one."""
        with suppress(ValueError, TypeError, RecursionError):
            return cls(**json.loads(text))

    def signature(self, before: str) -> str:
        words = [before, self.number, self.position, self.day, self.hash, self.at]
        key = hashlib.sha256(settings.AUDIT_KEY.encode()).digest()
        return hmac.new(key, json.dumps(words).encode(), hashlib.sha256).hexdigest()

    def holds(self, anchors: list[Anchor]) -> bool:
        """Whether it is signed as the next one after ``anchors``."""
        expected = self.signature(anchors[-1].mac if anchors else "")
        return self.number == len(anchors) + 1 and hmac.compare_digest(
            expected.encode(), str(self.mac).encode()
        )


def read(path: Path) -> list[Anchor]:
    """Return all anchors; one that we have not signed in its place is a fault.

    A line torn by a crash is passed over: the numbers and signatures show when it was more.
    """
    try:
        lines = path.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []
    anchors: list[Anchor] = []
    for anchor in filter(None, map(Anchor.parse, lines)):
        if not anchor.holds(anchors):
            raise AnchorFault(
                _(
                    "anchor %(number)s in %(path)s is not as this site wrote it: the file was "
                    "edited, or AUDIT_KEY or SECRET_KEY is another one."
                )
                % {"number": anchor.number, "path": path}
            )
        anchors.append(anchor)
    return anchors


def check(day: date | None = None) -> list[Anchor]:
    """Return all anchors; raise ``AnchorFault`` where they, or those of one day, say otherwise."""
    # Asked first: meanwhile others may write, to the file before the database.
    known = AuditAnchor.objects.filter(file=_place()).order_by("-id").first()
    anchors = read(settings.AUDIT_ANCHORS)
    _check_file(anchors, known)
    _check_trail([each for each in anchors if day is None or each.day == day.isoformat()])
    return anchors


def _check_file(anchors: list[Anchor], known: AuditAnchor | None):
    """Miss the anchors of this file that the database knows of."""
    if known is None or not known.number:
        return
    if len(anchors) < known.number or anchors[known.number - 1].mac != known.signature:
        raise AnchorFault(
            _(
                "%(path)s lacks anchor %(number)d, which was written there: the file was removed, "
                "or an older copy was put back."
            )
            % {"path": settings.AUDIT_ANCHORS, "number": known.number}
        )


def _place() -> str:
    """Return which file on which machine: another one has anchors of its own."""
    return f"{socket.gethostname()}:{settings.AUDIT_ANCHORS}"


def _check_trail(anchors: list[Anchor]):
    links = AuditLink.objects.order_by("position")
    positions = [each.position for each in anchors]
    found = dict(links.filter(position__in=positions).values_list("position", "hash"))
    first, last = links.first(), links.last()
    if first:
        found.setdefault(first.position - 1, first.previous)
    kept_from = (today() - timedelta(days=KEPT_DAYS)).isoformat()
    for anchor in anchors:
        words = {"position": anchor.position, "day": anchor.day, "at": anchor.at}
        if anchor.position in found:
            if found[anchor.position] != anchor.hash:
                raise AnchorFault(
                    _("the seal at position %(position)d is another than on %(at)s: the trail was "
                      "cut off before it and made anew.") % words
                )  # fmt: skip
        elif last is None or anchor.position > last.position:
            stands = {"position": last.position if last else 0, "day": last.day if last else "–"}
            raise AnchorFault(
                _("the lines after position %(position)d of %(day)s were cut off: on %(at)s the "
                  "trail reached position %(reached)d.")
                % (words | stands | {"reached": anchor.position})
            )  # fmt: skip
        elif anchor.position > first.position or anchor.day >= kept_from:
            raise AnchorFault(
                _("the line at position %(position)d of %(day)s is gone, and no purge may have "
                  "removed it.") % words
            )  # fmt: skip


def write(*, if_due: bool = False) -> Anchor | None:
    """Append an anchor of the newest link to the file, and tell the log and the database.

    With ``if_due`` only when the last one is an hour old and the trail has gone on since. What
    does not fit is left as it is: an anchor on top of it would look like a trail that is whole.
    """
    if _reads_only():
        return None
    with _locked(settings.AUDIT_ANCHORS) as file:
        anchors = check()
        last = anchors[-1] if anchors else None
        if if_due and last and not _is_due(last):
            return None
        link = AuditLink.objects.order_by("-position").first()
        if link is None:
            return None
        at = timezone.localtime().isoformat(" ", "seconds")
        anchor = Anchor(len(anchors) + 1, link.position, link.day.isoformat(), link.hash, at)
        anchor = replace(anchor, mac=anchor.signature(last.mac if last else ""))
        _append(file, anchor)
        if last is None:
            _sync(settings.AUDIT_ANCHORS.parent)
        # In groups, since a mask hides what looks like a telephone number.
        grouped = ":".join(wrap(anchor.hash, 8))
        logger.info("audit trail: position %d of %s is %s", anchor.position, anchor.day, grouped)
        _know(anchor.number, anchor.mac)
    return anchor


def begin_anew() -> Path | None:
    """Put the file of anchors away, since what it says holds no more; return where it is now."""
    path = settings.AUDIT_ANCHORS
    kept = path.with_name(f"{path.name}.{timezone.localtime():%Y%m%d-%H%M%S}")
    with suppress(FileNotFoundError):
        path.rename(kept)
    with transaction.atomic():
        AuditEntry.objects.record_command("verify_audit --new-anchors")
        seal_now()
        _know(0, "")
    return kept if kept.exists() else None


def _know(number: int, signature: str):
    AuditAnchor.objects.create(file=_place(), number=number, signature=signature)


def _reads_only() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery()")
        return cursor.fetchone()[0]


def _is_due(last: Anchor) -> bool:
    if timezone.now() - datetime.fromisoformat(last.at) < PAUSE:
        return False
    return AuditLink.objects.filter(position__gt=last.position).exists()


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Open the file to append to it, alone."""
    make_folder(path.parent)
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
    finally:
        os.close(file)


def _append(file: int, anchor: Anchor):
    size = os.fstat(file).st_size
    torn = size and os.pread(file, 1, size - 1) != b"\n"
    os.write(file, b"\n" * bool(torn) + json.dumps(asdict(anchor)).encode() + b"\n")
    os.fsync(file)


def _sync(folder: Path):
    """Let a new file last with its name."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    os.fsync(handle)
    os.close(handle)
