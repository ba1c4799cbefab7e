"""External references in a body: a client writes those of its own sources and no other's."""

from __future__ import annotations

from http import HTTPStatus

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from zone.api.callers import Caller
from zone.api.problems import Problem, error
from zone.api.values import reference_part
from zone.models import ExternalRef

MOST = 20  # of one client on one row
NOT_BOUND = _(
    "This source is not bound to your client; please ask the security administrator to bind it."
)
TAKEN = _("This reference already belongs to another row.")
Pair = tuple[str, str]


def refuse_foreign(caller: Caller, source: str, pointer: str):
    """Refuse to write under a source that is not the caller's, whether or not there is one."""
    if not caller.client.owns(source):
        raise not_bound([pointer])


def not_bound(pointers: list[str]) -> Problem:
    errors = [error(pointer, NOT_BOUND, "source") for pointer in pointers]
    return Problem(HTTPStatus.FORBIDDEN, NOT_BOUND, "source", errors=errors)


def read_pairs(value) -> list[Pair]:
    """Read ``[{source, external_id}]``."""
    if not isinstance(value, list):
        raise ValidationError(_("A list of references is needed here."), code="type")
    found = []
    for pair in value:
        if not isinstance(pair, dict) or set(pair) != {"source", "external_id"}:
            raise ValidationError(_("A reference is {source, external_id}."), code="type")
        found.append((reference_part("source", pair), reference_part("external_id", pair)))
    return found


class References:
    """The client's own references of a row, as the row has them and as a body wants them.

    Those of other systems stay as they are, repeated in the body or not.
    """

    def __init__(self, value, row: models.Model, caller: Caller, is_new: bool):
        self.row, self.is_new = row, is_new
        self.rows = ExternalRef.objects.of(row._meta.model)
        there = {} if is_new else {ref.pair: ref for ref in self.rows.filter(object_id=row.pk)}
        said, owns = read_pairs(value), caller.client.owns
        foreign = [
            f"/external_refs/{n}/source"
            for n, pair in enumerate(said)
            if not owns(pair[0]) and pair not in there
        ]
        if foreign:
            raise not_bound(foreign)
        self.before = {pair: ref for pair, ref in there.items() if owns(pair[0])}
        self.wanted = {pair for pair in said if owns(pair[0])}
        if len(self.wanted) > max(MOST, len(self.before)):
            message = _("A row has at most 20 references of your sources.")
            raise ValidationError(message, code="max_length")

    def save(self) -> bool:
        """Write what is new, delete what is gone; return whether a row that was there changed."""
        for source, external_id in sorted(self.wanted - self.before.keys()):
            ref, is_new = self.rows.get_or_create(
                source=source,
                entity=self.row.SYNC.number,
                external_id=external_id,
                defaults={"object_id": self.row.pk},
            )
            if not is_new and ref.object_id != self.row.pk:
                errors = [error("/external_refs", TAKEN, "reference")]
                raise Problem(HTTPStatus.CONFLICT, TAKEN, "reference", errors=errors)
        gone = self.before.keys() - self.wanted
        self.rows.filter(pk__in=[self.before[pair].pk for pair in gone]).delete()
        return self.before.keys() != self.wanted and not self.is_new

    @property
    def in_words(self) -> list[str]:
        return [":".join(pair) for pair in sorted(self.wanted)]
