"""What has happened to a row, in one line of time: each kind of event is declared once.

A source is a model whose rows tell of something: a follow-up, a change of stage, an agreement. It
is shown wherever its row belongs: with what its ``BELONGS_TO`` or ``SUBJECT`` names.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import or_

from django.contrib import admin
from django.contrib.postgres.aggregates import StringAgg
from django.db.models import (
    Count,
    DateTimeField,
    F,
    IntegerField,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat, TruncDate
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from zone import units
from zone.calendar import SHANGHAI
from zone.models.base import Change
from zone.navigation import record_url

NOBODY = Value("", TextField())
GROUPS = {
    "follow-ups": _("Follow-ups"),
    "changes": _("Changes"),
    "visits": _("Visits"),
    "papers": _("Agreements"),
    "money": _("Money"),
    "files": _("Files"),
}
# The rows whose events are told: the name of each by its key, "" for the one whose page it is.
Owners = dict[type[Model], dict]
PARTS = ("owner", "kind", "who", "before", "after", "text", "note", "note_on", "amount")
BREAK = "\n"


@dataclass(frozen=True)
class Source:
    """A model whose rows are events; the parts name its fields or paths from it.

    ``on`` is the day, ``kind`` a choice that heads the line, ``before`` and ``after`` what moved,
    ``text`` and ``note`` what was said, ``amount`` money in 万元. ``nobody`` stands where nothing
    stood before or after, ``page`` names the view of a row, ``icons`` are by kind. ``files`` is the
    relation to the files that came with the row, each handed out by the view ``file_page``.
    """

    model: type[Model]
    group: str
    icon: str
    on: str = "on"
    at: str = "created_at"
    who: str = "by__display_name"
    kind: str = ""
    before: str = ""
    after: str = ""
    text: str = ""
    note: str = ""
    note_on: str = ""
    note_label: str = ""
    amount: str = ""
    title: str = ""
    nobody: str = ""
    page: str = ""
    icons: tuple[tuple[str, str], ...] = ()
    files: str = ""
    file_page: str = ""

    @property
    def owners(self) -> dict[type[Model], str]:
        """Return the fields that name whose events these are, by their model."""
        names = (self.model.SUBJECT,) if issubclass(self.model, Change) else self.model.BELONGS_TO
        fields = (self.model._meta.get_field(name) for name in names)
        return {field.related_model: field.name for field in fields}

    @property
    def permission(self) -> str:
        subject = next(iter(self.owners)) if issubclass(self.model, Change) else self.model
        return f"{subject._meta.app_label}.view_{subject._meta.model_name}"

    def of(self, owners: Owners) -> QuerySet | None:
        """Return the events of these rows; None where none can be."""
        conditions = [
            Q(**{f"{name}__in": list(owners[model])})
            for model, name in self.owners.items()
            if owners.get(model)
        ]
        rows = self.model._base_manager.order_by()
        return rows.filter(reduce(or_, conditions)) if conditions else None

    def words(self, part: str, value: str) -> str:
        """Return a stored choice as people read it."""
        if not value:
            return str(self.nobody)
        path = getattr(self, part)
        field = self.model._meta.get_field(path) if path and "__" not in path else None
        return str(dict(field.flatchoices).get(value, value)) if field is not None else value


SOURCES: list[Source] = []


def tell(model: type[Model], group: str, icon: str, **parts) -> Source:
    """Let the rows of ``model`` stand in the timelines of what they belong to."""
    source = Source(model, group, icon, **parts)
    SOURCES.append(source)
    return source


@dataclass(frozen=True)
class Event:
    """A line of the timeline."""

    source: Source
    pk: str
    on: date
    owner: str
    kind: str
    who: str
    before: str
    after: str
    text: str
    note: str
    note_on: str
    amount: str
    listed: str = ""  # the files that came with it, a line of key and name for each
    about: str = ""

    @property
    def title(self) -> str:
        if self.source.title or not self.kind:
            return str(self.source.title or capfirst(self.source.model._meta.verbose_name))
        return self.source.words("kind", self.kind)

    @property
    def icon(self) -> str:
        return dict(self.source.icons).get(self.kind, self.source.icon)

    @property
    def moved(self) -> tuple[str, str] | None:
        if not self.source.after:
            return None
        before = self.source.words("before", self.before) if self.source.before else ""
        return before, self.source.words("after", self.after)

    @property
    def money(self) -> str:
        return units.money(Decimal(self.amount)) if self.amount else ""

    @property
    def url(self) -> str:
        if self.source.page:
            return reverse(self.source.page, args=[self.pk])
        has_page = self.source.model in admin.site._registry
        return record_url(self.source.model, self.pk) if has_page else ""

    @property
    def files(self) -> list[dict]:
        found = (line.split("/", 1) for line in self.listed.split(BREAK) if line)
        page = self.source.file_page
        return [{"name": name, "url": reverse(page, args=[key])} for key, name in found]


@dataclass(frozen=True)
class Story:
    """The newest events, how many there are of each group, and of all that were asked for."""

    events: list[Event]
    counts: dict[str, int]
    group: str = ""

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def asked(self) -> int:
        return self.counts.get(self.group, 0) if self.group else self.total

    @property
    def more(self) -> int:
        return self.asked - len(self.events)

    @property
    def groups(self) -> list[dict]:
        return [
            {"name": name, "title": title, "count": self.counts[name]}
            for name, title in GROUPS.items()
            if self.counts.get(name)
        ]


def story(owners: Owners, user, *, group: str = "", most: int) -> Story:
    """Return the events of ``owners``, the newest first: two queries, whatever their kinds."""
    within = _Within(owners, user)
    found = [
        (number, rows)
        for number, source in enumerate(SOURCES)
        if (rows := source.of(within.reach_of(source.permission))) is not None
    ]
    counts = _counts(found)
    group = group if counts.get(group) else ""
    shown = [(n, rows) for n, rows in found if group in ("", SOURCES[n].group)]
    names = {str(key): name for rows in owners.values() for key, name in rows.items()}
    return Story(_events(shown, most, names), counts, group)


class _Within:
    """The owners that a right of ``user`` reaches: what two posts open does not add up."""

    def __init__(self, owners: Owners, user):
        self.owners, self.user, self.known = owners, user, {}

    def reach_of(self, permission: str) -> Owners:
        if not self.user.has_perm(permission):
            return {}
        roles = self.user.roles_giving(permission)
        if roles is None:
            return self.owners
        if roles not in self.known:
            self.known[roles] = {
                model: self._of(model, names, permission) for model, names in self.owners.items()
            }
        return self.known[roles]

    def _of(self, model, names: dict, permission: str) -> dict:
        rows = model.objects.visible_to(self.user, permission).filter(pk__in=list(names))
        reached = {*rows.order_by().values_list("pk", flat=True)}
        return {key: name for key, name in names.items() if key in reached}


def _counts(found: list[tuple[int, QuerySet]]) -> dict[str, int]:
    parts = [
        rows.annotate(source=Value(number, IntegerField()))
        .values("source")
        .annotate(number=Count("pk"))
        .values_list("source", "number")
        for number, rows in found
    ]
    counts: Counter[str] = Counter()
    for number, count in _union(parts):
        counts[SOURCES[number].group] += count
    return dict(+counts)


def _events(found: list[tuple[int, QuerySet]], most: int, names: dict) -> list[Event]:
    if not found:
        return []
    lines = _union([_line(number, rows) for number, rows in found])
    lines = lines.order_by("-day", "-moment")[:most]
    return [
        Event(SOURCES[number], key, day, *parts, about=names.get(parts[0], ""))
        for number, key, day, _moment, *parts in lines
    ]


def _line(number: int, rows: QuerySet) -> QuerySet:
    source = SOURCES[number]
    values = {f"part_{name}": _text(getattr(source, name)) for name in PARTS[1:]}
    keys = [Cast(f"{name}_id", TextField()) for name in source.owners.values()]
    values["part_owner"] = Coalesce(*keys, NOBODY)
    values |= {"source": Value(number, IntegerField()), "key": Cast("pk", TextField())}
    is_moment = isinstance(source.model._meta.get_field(source.on), DateTimeField)
    day = TruncDate(source.on, tzinfo=SHANGHAI) if is_moment else F(source.on)
    values |= {"day": day, "moment": F(source.at)}
    values["part_files"] = _files(source)
    names = ("source", "key", "day", "moment", *(f"part_{name}" for name in (*PARTS, "files")))
    return rows.annotate(**values).values_list(*names)


def _files(source: Source):
    """Return the files of an event; whoever sees it sees what came with it."""
    if not source.files:
        return NOBODY
    relation = source.model._meta.get_field(source.files)
    owner = relation.field.name
    line = Concat(Cast("pk", TextField()), Value("/", TextField()), Cast("name", TextField()))
    rows = relation.related_model._base_manager.filter(**{owner: OuterRef("pk")}).order_by()
    listed = StringAgg(line, BREAK, order_by=("created_at", "name"))
    return Coalesce(Subquery(rows.values(owner).annotate(listed=listed).values("listed")), NOBODY)


def _text(path: str):
    return Coalesce(Cast(F(path), TextField()), NOBODY) if path else NOBODY


def _union(parts: list[QuerySet]):
    return parts[0].union(*parts[1:], all=True) if parts else []
