"""Notices to people: what others did to a row of theirs, and what is due on it.

A notice holds no words about its row, only which one it is: what is read is the row as it stands,
by whoever still sees it.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import RowQuerySet

MOST_SHOWN = 99  # unread ones that the bell counts


@dataclass(frozen=True)
class NoticeKind:
    """What a notice says; ``text`` may name %(row)s, %(by)s and %(day)s, the day of its event.

    ``label`` stands before the number of its kind in the digest, ``tone`` as in ``zone.css``.
    """

    name: str
    label: str
    text: str
    icon: str
    tone: str = ""


KINDS: dict[str, NoticeKind] = {}


def notice_kind(name: str, label: str, text: str, icon: str, tone: str = "") -> str:
    """Make a kind of notice known and return its name."""
    KINDS[name] = NoticeKind(name, label, text, icon, tone)
    return name


class Frame(NamedTuple):
    """What the frame of every page says: whether there is demo data, and what is unread."""

    has_demo: bool
    unread: int  # one more than is shown at most


FRAME = """
SELECT EXISTS (SELECT FROM zone_user WHERE is_demo), (SELECT count(*) FROM (
  SELECT FROM zone_notice WHERE person_id = %s AND read_at IS NULL LIMIT %s) unread)
"""


def frame_of(person) -> Frame:
    """Return what the frame says to ``person``: one statement, once for each ``User`` object."""
    if not hasattr(person, "_frame"):  # ``request.user`` is lazy and has no dict of its own
        with connection.cursor() as cursor:
            cursor.execute(FRAME, [person.pk, MOST_SHOWN + 1])
            person._frame = Frame(*cursor.fetchone())
    return person._frame


class NoticeQuerySet(RowQuerySet):
    def within(self, access):
        """Return one's own; nobody reads another's."""
        return self.filter(person=access.user)

    def unread(self):
        return self.filter(read_at=None)

    def about(self, row: models.Model):
        return self.filter(object_id=row.pk)

    def mark_read(self) -> int:
        return self.unread().update(read_at=Now())

    def read_before(self, moment: datetime):
        return self.filter(read_at__lt=moment)

    def tell(self, kind: str, told: Iterable[tuple], *, by=None):
        """Write the notice of each ``(person, row, event)``; every notice is written here.

        Nobody is told of what they did themselves, of a row out of their reach, or of an event
        twice: told again, what is missing is written and nothing else.
        """
        mine: dict = defaultdict(dict)
        for person, row, event in told:
            if person is not None and person != by:
                mine[person][row.pk] = (row, str(event))
        cause = by if by is not None and not by.is_service else None
        self.bulk_create(
            [
                Notice(person=person, kind=kind, by=cause, event=event)._of(row)
                for person, rows in mine.items()
                for row, event in _within_reach(person, rows)
            ],
            ignore_conflicts=True,
        )

    mark_read.alters_data = tell.alters_data = True


def _within_reach(person, rows: dict) -> list[tuple]:
    """Return what of ``rows``, all of one model, this person sees."""
    options = next(iter(rows.values()))[0]._meta
    if person.is_service or not person.may_enter:
        return []
    if not person.has_perm(f"{options.app_label}.view_{options.model_name}"):
        return []
    seen = options.model.objects.visible_to(person, "view").filter(pk__in=[*rows])
    return [rows[pk] for pk in seen.order_by().values_list("pk", flat=True)]


class Notice(models.Model):
    """A notice to a person about a row, of a kind that ``notice_kind`` made known.

    ``event`` is what tells one notice of a kind and row from the next: a day, or an id.
    """

    SYNC = None

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey("zone.User", models.CASCADE, related_name="notices", db_index=False)
    kind = models.CharField(max_length=40)
    model = models.CharField(max_length=60)
    object_id = models.UUIDField()
    event = models.CharField(max_length=40, blank=True, default="")
    by = models.ForeignKey(  # emptied with its person, whom no notice keeps
        "zone.User",
        models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(_("read at"), null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ("-created_at", "id")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["person", "kind", "object_id", "event"], name="notice_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["person", "-created_at"],
                condition=Q(read_at__isnull=True),
                name="notice_unread",
            ),
            models.Index(fields=["person", "-created_at"], name="notice_newest"),
            models.Index(
                fields=["read_at"], condition=Q(read_at__isnull=False), name="notice_read"
            ),
        ]

    def __str__(self):
        return f"{self.kind} {self.event}".strip()

    @property
    def known(self) -> NoticeKind:
        """Return its kind; one that a later release no longer has says nothing but the row."""
        return KINDS.get(self.kind, NoticeKind(self.kind, "", "%(row)s", "notifications"))

    def read(self):
        if self.read_at is None:
            self.read_at = timezone.now()
            self.save(update_fields=["read_at"])

    read.alters_data = True

    def _of(self, row: models.Model) -> Notice:
        self.model, self.object_id = row._meta.label_lower, row.pk
        return self
