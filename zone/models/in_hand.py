"""What lies in a person's hand, and how it passes to others when a post ends.

A model names in ``HELD_BY`` the fields that put its rows into somebody's hand; the ground finds
them in the registry. Shares of results are earned and stay with who earned them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import row_access
from zone.calendar import today

DROP, KEEP = "drop", "keep"


class Hand(NamedTuple):
    """How the rows of a model lie in somebody's hand.

    ``roles`` are the posts that keep such a row. ``give`` and ``drop`` call the model's methods;
    without ``drop`` somebody must hold the row. ``done`` are conditions of rows nobody works on.
    """

    field: str
    roles: tuple[str, ...]
    permission: str
    give: Callable
    done: models.Q
    drop: Callable | None = None
    drop_label: str = ""


@dataclass(frozen=True)
class Share:
    """The rows of one kind and chain in a person's hand: they pass on together."""

    person: models.Model
    model: type[models.Model]
    hand: Hand
    chain: models.Model | None
    count: int

    @property
    def key(self) -> str:
        place = self.chain.pk if self.chain else "-"
        return f"{self.model._meta.label_lower}.{self.hand.field}.{place}"

    @property
    def label(self) -> str:
        field = self.model._meta.get_field(self.hand.field)
        words = f"{self.model._meta.verbose_name_plural} · {field.verbose_name}"
        return f"{words} · {self.chain}" if self.chain else words

    def rows(self) -> models.QuerySet:
        return rows_of(self.person, self.model, self.hand).filter(chain=self.chain)

    def successors(self) -> models.QuerySet:
        """Return the posts held today whose holders may take the rows over."""
        posts = type(self.person).appointments.rel.related_model.objects.current(today())
        posts = posts.filter(role__in=self.hand.roles, user__is_active=True)
        if self.chain:
            posts = posts.filter(models.Q(chain=self.chain) | models.Q(chain=None))
        posts = posts.exclude(user=self.person).select_related("user", "chain", "park")
        return posts.order_by("user__display_name", "user__username", "id")

    def pass_on(self, to, *, by, reason: str):
        """Give all rows to a person, or let go of them; by the methods that do so by hand."""
        if to != DROP and not self.successors().filter(user=to).exists():
            words = _("%(person)s holds no post that takes this over: %(what)s.")
            raise ValidationError(words, "no_post", {"person": to, "what": self.label})
        act = self.hand.drop if to == DROP else self.hand.give
        receiver = {} if to == DROP else {"to": to}
        for row in self.rows().order_by("pk").select_for_update(of=("self",)):
            act(row, by=by, reason=reason, **receiver)


@cache
def hands() -> tuple[tuple[type[models.Model], Hand], ...]:
    found = ((model, hand) for model in apps.get_models() for hand in held_by(model))
    return tuple(found)


def held_by(model: type[models.Model]) -> tuple[Hand, ...]:
    return getattr(model, "HELD_BY", ())


def rows_of(person, model, hand: Hand) -> models.QuerySet:
    return model._base_manager.filter(**{hand.field: person}).exclude(hand.done)


def shares(person, without=None) -> list[Share]:
    """Return what ``person`` has in hand; with a post, what its end would leave without one.

    That is what lies in its chain or, where no post is left that keeps such rows, all of it.
    """
    found = [share for model, hand in hands() for share in _shares(person, model, hand)]
    if without is None:
        return found
    posts = posts_of(person, without)
    return [share for share in found if _is_touched(share, without, posts)]


def _shares(person, model, hand: Hand) -> Iterator[Share]:
    counts = rows_of(person, model, hand).order_by().values_list("chain").annotate(Count("pk"))
    counts = dict(counts)
    chains = model._meta.get_field("chain").related_model.objects.in_bulk(filter(None, counts))
    for key, count in sorted(counts.items(), key=lambda pair: str(pair[0])):
        yield Share(person, model, hand, chains.get(key), count)


def _is_touched(share: Share, ended, posts: list) -> bool:
    if ended.role not in share.hand.roles:
        return not posts  # of nobody's business any more
    stays = any(post.role in share.hand.roles for post in posts)
    return not stays or ended.chain is None or share.chain in (None, ended.chain)


def keeps(share: Share, without=None) -> bool:
    """Whether the person may go on with these rows by another post."""
    posts = posts_of(share.person, without)
    return any(post.role in share.hand.roles for post in posts)


def posts_of(person, without=None) -> list:
    held = person.appointments.current(today())
    return list(held if without is None else held.exclude(pk=without.pk))


def may_pass_on(share: Share, by) -> bool:
    """Whether ``by`` may do so with every row of the share, by a post that gives the right."""
    permission = share.hand.permission
    if not by.has_perm(permission):
        return False
    if row_access(by, permission).everything:
        return True
    reached = share.model.objects.visible_to(by, permission).order_by().values("pk")
    return not share.rows().exclude(pk__in=reached).exists()


def hand_over(found: list[Share], choices: dict, *, by, reason: str, without=None):
    """Pass each share on as chosen; refuse where ``by`` could have chosen and has not.

    Who may not pass rows on, as an administrator of accounts, leaves them to the office: a post
    can be ended at once for safety's sake, and the office finds the rows in its list.
    """
    if not reason:
        raise ValidationError({"reason": _("Please say why.")}, code="reason")
    for share in found:
        to = choices.get(share.key)
        if to is None and may_pass_on(share, by):
            words = _("Please say to whom this goes: %(what)s (%(count)s).")
            params = {"what": share.label, "count": share.count}
            raise ValidationError({share.key: ValidationError(words, "in_hand", params)})
        if to is None or (to == KEEP and keeps(share, without)):
            continue
        if to == KEEP or (to == DROP and share.hand.drop is None) or not may_pass_on(share, by):
            raise ValidationError(_("This cannot be handed over so."), code="in_hand")
        share.pass_on(to, by=by, reason=reason)


def holders(roles) -> models.QuerySet:
    """Return those active people who hold one of these posts today."""
    people = apps.get_model("zone.User")
    posts = people.appointments.rel.related_model.objects.current(today())
    held = posts.filter(role__in=roles).order_by().values("user")
    return people._base_manager.filter(is_active=True, pk__in=held)


def departed(model: type[models.Model], hand: Hand) -> models.Q:
    """Return the condition of rows in the hand of somebody whose posts do not keep them.

    The few people are asked for first: then the rows are found by their index.
    """
    people = apps.get_model("zone.User")._base_manager.filter(is_service=False)
    gone = people.exclude(pk__in=holders(hand.roles).values("pk")).values_list("pk", flat=True)
    return models.Q(**{f"{hand.field}__any_of": [*gone]}) & ~hand.done


def people_left_with_work() -> models.Q:
    """Return the condition of people in whose hand rows are that their posts do not keep."""
    found = models.Q()
    for model, hand in hands():
        rows = model._base_manager.filter(departed(model, hand))
        found |= models.Q(pk__in=rows.order_by().values(hand.field))
    return found
