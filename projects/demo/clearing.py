"""Removing the demo: exactly its rows, or nothing when real work stands on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import CASCADE, Field, Model, QuerySet

from projects.demo.rows import demo_models, has_demo, references
from zone.models import User

SHOWN = 20  # of the real rows of one kind


@dataclass(frozen=True)
class Blocker:
    """Real rows that refer to demo rows by one field."""

    field: Field
    rows: list[Model]
    number: int

    @property
    def model(self) -> type[Model]:
        """Return whose rows they are: of a link, its owner's."""
        return self.field.model._meta.auto_created or self.field.model

    @property
    def label(self) -> str:
        """Return what the rows call the field: of a link, its owner's many-to-many field."""
        many = self.model._meta.many_to_many
        own = [one for one in many if one.remote_field.through is self.field.model]
        return (own[0] if own else self.field).verbose_name

    def in_words(self) -> Iterator[str]:
        for row in self.rows:
            named = getattr(row, _owner_name(row)) if row._meta.auto_created else row
            yield f"{named} → {getattr(row, self.field.name)}"


class RealRowsInTheWay(Exception):
    """Raised with the blockers; nothing was removed."""

    def __init__(self, blockers: list[Blocker]):
        super().__init__(blockers)
        self.blockers = blockers


@transaction.atomic
def clear(*, keep_people: bool = False) -> int:
    """Remove every demo row and return how many; raise ``RealRowsInTheWay`` and remove none.

    A real row stands in the way whatever its field would do on deletion: removing the demo
    may neither take it along nor change it. Group memberships of demo people go with them;
    the trail of what they did stays. With ``keep_people`` those whom real rows name stay as
    locked accounts: history must not lose who did it.
    """
    models = demo_models()
    for model in models:
        # Nobody can refer to a locked row until we are through.
        list(model.objects.filter(is_demo=True).order_by().select_for_update().values_list("pk"))
    if keep_people:
        _keep_people()
    blockers = list(_blockers())
    if blockers:
        raise RealRowsInTheWay(blockers)
    return sum(_remove(model) for model in models)


def _keep_people():
    named = set()
    for blocker in _blockers(shown=None):
        if blocker.field.related_model is User:
            named |= {getattr(row, blocker.field.attname) for row in blocker.rows}
    # Their password is public: from now on it opens nothing.
    User.objects.filter(pk__in=named).update(
        is_demo=False, is_active=False, is_superuser=False, password=make_password(None)
    )


def _remove(model: type[Model]) -> int:
    _all, by_label = model.objects.filter(is_demo=True).delete()
    return by_label.get(model._meta.label, 0)


def _blockers(shown: int | None = SHOWN) -> Iterator[Blocker]:
    for model in apps.get_models(include_auto_created=True):
        for field in references(model):
            if not field.db_constraint:
                continue  # the trail keeps names, whoever has gone
            real = _real(model, field)
            if real is None:
                continue
            rows = real.filter(**{f"{field.name}__is_demo": True})
            if number := rows.count():
                yield Blocker(field, list(rows[:shown]), number)


def _real(model: type[Model], field: Field) -> QuerySet | None:
    """Return the rows that block if ``field`` names a demo row; None: they go with it."""
    if owner := model._meta.auto_created:
        mine = {f"{_owner_name(model)}__is_demo": False} if has_demo(owner) else {}
        return model._base_manager.filter(**mine)
    if has_demo(model):
        return model.objects.filter(is_demo=False)
    return None if field.remote_field.on_delete is CASCADE else model.objects.all()


def _owner_name(link: type[Model] | Model) -> str:
    """Return by which field the table of a many-to-many field names the field's owner."""
    owner = link._meta.auto_created
    return next(one.name for one in link._meta.fields if one.related_model is owner)
