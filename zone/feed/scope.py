"""Which rows a client of the interface sees: narrower than what people see, on purpose."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef, Q

from zone.feed.synced import ALL, ANY_CHAIN, Down, entities, grounds, opened_by, paths_of


@dataclass(frozen=True)
class Scope:
    """The whole zone, or some chains and parks; ``account`` is the client's own user.

    ``rights`` counts the changes of what the client may read: rights that went and came back
    are others, since what the client copied in between lacks rows.
    """

    zone: bool = False
    chains: frozenset[UUID] = frozenset()
    parks: frozenset[UUID] = frozenset()
    account: UUID | None = None
    rights: int = 0

    @property
    def tokens(self) -> set[UUID]:
        """Return the tokens of the log that concern this client."""
        tokens = {ALL, *self.chains, *self.parks}
        if self.account:
            tokens.add(self.account)
        if self.chains:
            tokens.add(ANY_CHAIN)
        return tokens

    @property
    def revision(self) -> str:
        """Return a word that differs from that of every other scope.

        What a scope opens belongs to it: a client that has copied rows by other paths begins anew.
        """
        parts = [self.zone, sorted(map(str, self.chains)), sorted(map(str, self.parks))]
        opened = () if self.zone else (definition(),)
        text = json.dumps([*parts, str(self.account), self.rights, *opened])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def rows(self, model: type[models.Model], using: str | None = None) -> models.QuerySet:
        """Return the rows of a synchronised model that this client sees."""
        return model._base_manager.using(using).filter(self.within(model))

    def within(self, model: type[models.Model]) -> Q:
        """Return the condition on rows of a synchronised model that this client sees."""
        if self.zone:
            return Q()
        found = Q(pk__in=[])
        for opened in model.SYNC.opens:
            if opened.token in self.tokens:
                found |= Q(**{f"{name}__isnull": True for name in opened.empty}) or ~Q(pk=None)
        for path, ground in zip(paths_of(model), grounds(model), strict=True):
            if values := self._values(opened_by(model, path)):
                found |= self._condition(ground, path, values)
        return found

    def _values(self, part: str) -> list[UUID]:
        if part == "account":
            return [self.account] if self.account else []
        return sorted(getattr(self, part))

    @staticmethod
    def _condition(ground, path: str, values: list[UUID]) -> Q:
        if not isinstance(ground, Down):
            return Q(**{f"{path}__in": values})
        below = path.split("__", 1)[1]
        key = next(f for f in ground.child._meta.concrete_fields if f.column == ground.key)
        here = {key.name: OuterRef("pk"), f"{below}__in": values}
        return Q(Exists(ground.child._base_manager.filter(**here)))


def definition() -> list[str]:
    """Return by which paths chains, parks and accounts open the rows of each kind."""
    return [
        f"{model.SYNC.number} {paths_of(model)} {model.SYNC.opens}" for model in entities().values()
    ]
