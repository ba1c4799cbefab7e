"""The zone's published facts (``fixtures/zone_2025.json``), kept beside what the office edits.

A fact is known by its id, made from its natural key: it is recognised after the office has
renamed it, and a fact that the office deleted in the admin is found in the trail.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q

from crm.models import Enterprise
from crm.models.screenings import ScreeningCriterion
from crm.models.tags import TagKind
from projects.models import Project
from zone import identifiers
from zone.models import AuditEntry, Fund, IndustryChain, Park, PublishedFigure, Target

FILE = settings.BASE_DIR / "fixtures" / "zone_2025.json"
NAMESPACE = uuid.UUID("5f0f6c1e-3f0f-5a52-9d4b-239040000080")


@dataclass(frozen=True)
class Kind:
    """A section of the file: its model, what names a row, and how a row of the office's is met."""

    section: str
    model: type[models.Model]
    key: tuple[str, ...]
    same: Callable[[dict], Q]


def _code_or_name(row: dict) -> Q:
    return Q(code=row["code"]) | Q(name=row["name"])


def _company(row: dict) -> Q:
    # A short name, as papers use it, means the one company of that name whatever its form.
    exact, like = identifiers.exact_key(row["name"]), identifiers.name_key(row["name"])
    return Q(name_key=like) if exact.upper() == like else Q(exact_key=exact)


def _zone_target(row: dict) -> Q:
    whole_zone = Q(chain=None, specialist=None, park=None)
    return whole_zone & Q(year=row["year"], measure=row["measure"])


def _figure(row: dict) -> Q:
    return Q(year=row["year"], indicator=row["indicator"], unit=row["unit"])


# In the order of reference: a row names only rows of the sections above it, or of its own.
KINDS = (
    Kind("industry_chains", IndustryChain, ("code",), _code_or_name),
    Kind("parks", Park, ("code",), _code_or_name),
    Kind("funds", Fund, ("name",), lambda row: Q(name=row["name"])),
    Kind("enterprises", Enterprise, ("name",), _company),
    Kind("projects", Project, ("code",), lambda row: Q(code=row["code"])),
    Kind("targets", Target, ("year", "measure"), _zone_target),
    Kind(
        "screening_criteria",
        ScreeningCriterion,
        ("name",),
        lambda row: Q(name=row["name"], chain=None),
    ),
    Kind("tag_kinds", TagKind, ("name",), lambda row: Q(name=row["name"])),
    Kind("published_figures", PublishedFigure, ("year", "indicator", "unit"), _figure),
)
REFERENCES = {"chain": KINDS[0], "parent": KINDS[1], "park": KINDS[1], "enterprise": KINDS[3]}


@dataclass
class Count:
    """What became of one section's rows."""

    model: type[models.Model]
    created: int = 0
    kept: int = 0
    deleted: int = 0


def read(path: Path = FILE) -> dict[str, list[dict]]:
    """Return the sections of the file, the common source filled in where a model holds one."""
    facts = json.loads(path.read_text(encoding="utf-8"))
    for kind in KINDS:
        if any(field.name == "source" for field in kind.model._meta.fields):
            facts[kind.section] = [
                {"source": facts["source"], **row} for row in facts[kind.section]
            ]
    return facts


@transaction.atomic
def load(*, restore: bool = False) -> list[Count]:
    """Create the facts that are missing and return the counts; no existing row is touched.

    A fact deleted in the admin stays deleted unless ``restore``.
    """
    facts = read()
    gone = set() if restore else _deleted(facts)
    return [_load_kind(kind, facts[kind.section], gone) for kind in KINDS]


def _load_kind(kind: Kind, rows: list[dict], gone: set[str]) -> Count:
    count = Count(kind.model)
    for row in rows:
        if _existing(kind, row):
            count.kept += 1
        elif str(_id(kind, row)) in gone:
            count.deleted += 1
        else:
            _create(kind, row)
            count.created += 1
    return count


def _create(kind: Kind, row: dict) -> None:
    instance = kind.model(id=_id(kind, row), **dict(_resolved(row)))
    instance.full_clean()
    instance.save(force_insert=True)


def _resolved(row: dict) -> Iterator[tuple[str, object]]:
    """Turn natural keys into rows; one that the office deleted leaves the reference empty."""
    for name, value in row.items():
        kind = REFERENCES.get(name)
        yield name, _existing(kind, _named(kind, value)) if kind else value


def _named(kind: Kind, value: str) -> dict:
    return {"code": value, "name": value, kind.key[0]: value}


def _existing(kind: Kind, row: dict) -> models.Model | None:
    by_id = kind.model.objects.filter(id=_id(kind, row)).first()
    return by_id or kind.model.objects.filter(kind.same(row)).first()


def _id(kind: Kind, row: dict) -> uuid.UUID:
    return uuid.uuid5(NAMESPACE, "/".join([kind.section, *(str(row[part]) for part in kind.key)]))


def _deleted(facts: dict[str, list[dict]]) -> set[str]:
    """Return the ids of the facts that the trail shows as deleted."""
    ids = [str(_id(kind, row)) for kind in KINDS for row in facts[kind.section]]
    return AuditEntry.objects.deleted(ids)
