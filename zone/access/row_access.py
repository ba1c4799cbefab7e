"""Which rows a person sees: what the appointments held today open."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from operator import or_

from django.db import models

from zone.calendar import today
from zone.database.plans import FewOrMany, Relation, union_of

# Roles of ``Appointment.Role`` that see every row their permissions open.
SEES_ALL = frozenset({"LEADERSHIP", "OFFICE", "STATISTICIAN"})
KNOWS_PEOPLE = SEES_ALL | {"SYSTEM_ADMIN", "SECURITY_ADMIN", "AUDITOR"}
# The tag of the system check that every admin class obeys visible_to.
SCOPE_CHECK = "scope"


@dataclass(frozen=True)
class RowAccess:
    """What the appointments of ``user`` open: every row, or those of some chains and parks."""

    user: models.Model
    everything: bool = False
    roles: frozenset = frozenset()
    led_chains: set = field(default_factory=set)
    chains: set = field(default_factory=set)
    parks: set = field(default_factory=set)
    conditions: dict = field(default_factory=dict, repr=False, compare=False)

    @property
    def all_chains(self) -> set:
        return self.chains | self.led_chains

    def covers(self, chain) -> bool:
        """Whether all that is of this chain is within reach."""
        return self.everything or chain.pk in self.led_chains

    @property
    def only_parks(self) -> bool:
        """Whether this person's work is that of some parks and nothing else."""
        return not self.everything and self.roles == {"PARK_OPERATOR"}

    @property
    def knows_people(self) -> bool:
        return self.everything or bool(self.roles & KNOWS_PEOPLE)


class RowQuerySet(models.QuerySet):
    """Rows that people see by their appointments; ``within`` is the rule of a model."""

    condition: FewOrMany | None = None  # what ``opened`` has just narrowed these rows by

    def visible_to(self, user, right: str = ""):
        """Return the rows that ``user`` sees.

        With ``right``, "view" or the whole name of a permission, by those appointments alone
        that give it. What one opens and what another allows do not add up: whoever runs one park
        and reads all of them as a statistician still books spaces in the one park only.
        """
        if right and "." not in right:
            options = self.model._meta
            right = f"{options.app_label}.{right}_{options.model_name}"
        return self.reached(row_access(user, right))

    def reached(self, access: RowAccess):
        """Return the rows ``within`` the access; its condition is written once for each access.

        A page asks for those of several models, each of which asks for those that it belongs to:
        half of the time of a specialist's form went into writing the same conditions.
        """
        known = access.conditions
        if self.model in known:
            return self.filter(known[self.model])
        rows = self.within(access)
        if rows.condition is not None:
            known[self.model] = rows.condition
        return rows

    def within(self, access: RowAccess):
        """Return the rows that ``access`` opens: with those that they belong to."""
        if access.everything:
            return self
        owners = {
            name: self.model._meta.get_field(name).related_model._default_manager.reached(access)
            for name in self.model.BELONGS_TO
        }
        return self.opened(access, by=owners)

    def opened(self, access: RowAccess, *own: models.Q, by: dict | None = None, broad=None):
        """Return the rows that one of the conditions ``own`` opens, or a row that they belong to.

        ``own`` are conditions on columns of the row itself; ``by`` has rows by the names of the
        relations that lead to them, in either direction. ``broad`` says that these are a good
        part of the table; by default the access to a whole chain is.

        A subquery under an OR is hashed only while it fits in ``work_mem``; beyond that
        PostgreSQL reads it anew for each row. So few rows are found by a union of their ids, and
        of many each is looked at by itself, until the first of the conditions that holds.
        """
        relations = [Relation(self.model, name, rows) for name, rows in (by or {}).items()]
        rows = self.model._base_manager.order_by()
        parts = [rows.filter(condition).values("pk") for condition in own]
        parts += [relation.ids for relation in relations]
        if not parts:
            return self.none()
        each = [*own, *(models.Q(relation.holds) for relation in relations)]
        usually = bool(access.led_chains) if broad is None else broad
        condition = FewOrMany(union_of(parts), reduce(or_, each), usually=usually)
        rows = self.filter(condition)
        rows.condition = condition
        return rows


class OpenQuerySet(RowQuerySet):
    """For what has no secrets: whoever may open the list sees all of it."""

    def within(self, access: RowAccess):
        return self


class PermittedQuerySet(RowQuerySet):
    """For what belongs to a task of its own: whoever may view any sees all of it."""

    def within(self, access: RowAccess):
        options = self.model._meta
        may = access.user.has_perm(f"{options.app_label}.view_{options.model_name}")
        return self if may else self.none()


def is_open(row: models.Model, user) -> bool:
    """Whether ``row`` lets itself be changed by ``user``; most rows always do."""
    return not hasattr(row, "can_change") or row.can_change(user)


def row_access(user, right: str = "", on: date | None = None) -> RowAccess:
    """Return what ``user`` reaches on a day by the appointments that give ``right``.

    An appointment that has ended gives nothing. Asked once for each ``User`` object, as Django
    does with permissions: every request loads its own. Rights that the same appointments give
    share one access, and with it the conditions that are worked out for it.
    """
    if user.is_superuser:
        return RowAccess(user, everything=True)
    if not user.is_authenticated:
        return RowAccess(user)
    giving = user.roles_giving(right) if right else None
    posts = user.posts(on or today())
    key = tuple(post for post in posts if giving is None or post[0] in giving)
    known = user.__dict__.setdefault("_row_access", {})
    if key not in known:
        known[key] = _of_client(user) if user.is_service else _of_posts(user, key)
    return known[key]


def _of_client(account) -> RowAccess:
    """Return what another system reaches, as its client was given it."""
    scope = account.api_client.row_scope()
    return RowAccess(
        account, everything=scope.zone, led_chains=set(scope.chains), parks=set(scope.parks)
    )


def _of_posts(user, posts: tuple) -> RowAccess:
    roles = frozenset(role for role, _, _ in posts)
    return RowAccess(
        user,
        everything=bool(roles & SEES_ALL),
        roles=roles,
        led_chains={chain for role, chain, _ in posts if role == "CHAIN_LEADER"},
        chains={chain for role, chain, _ in posts if role == "SPECIALIST"} - {None},
        parks={park for _, _, park in posts if park},
    )
