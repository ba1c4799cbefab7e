from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date
from functools import cache

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, models
from django.db.models import CASCADE, Max, Q
from django.db.models.functions import Now
from django.utils.encoding import force_str
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import RowQuerySet, is_open
from zone.calendar import today
from zone.fields import NoteField, derived_from
from zone.identifiers import no_personal_number
from zone.models.audit import AuditEntry, owner_columns

NO_POST = _(
    "%(person)s holds no post as %(post)s today: choose somebody who does, or have it given first."
)
EARLIEST = date(2000, 1, 1)  # before that the year is mistyped


@cache
def _labels(field: models.Field) -> dict:
    return dict(field.flatchoices)


class Row(models.Model):
    """A business row with what synchronisation needs: id, version and times.

    A trigger (``zone.database.row_versions``) raises ``version`` and ``updated_at`` on
    every real change, whoever writes it; a save that changes nothing leaves them alone.
    """

    # The fields that name what a row belongs to. From them follow who sees it (with any of what
    # they name), the paths of its ``SYNC``, and whose timeline tells of it.
    BELONGS_TO: tuple[str, ...] = ()
    # Written once: other systems know the row by it, or its place in the feed hangs on it.
    # The database refuses a change.
    WRITE_ONCE: tuple[str, ...] = ()
    # The post that a person holds on the day on which the field comes to name them.
    HOLDERS: dict[str, str] = {}
    # What puts a row into somebody's hand, and how it passes on: ``zone.models.in_hand.Hand``.
    HELD_BY: tuple = ()
    # Why nothing may be entered under a row whose ``can_change`` says no.
    CLOSED = _("This row is closed in its present state and cannot be changed.")

    id = models.UUIDField(_("ID"), primary_key=True, default=uuid.uuid4, editable=False)
    version = models.BigIntegerField(_("version"), db_default=1, editable=False)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)
    updated_at = models.DateTimeField(_("updated at"), db_default=Now(), editable=False)
    is_demo = models.BooleanField(
        _("demo data"),
        default=False,
        editable=False,
        help_text=_("Invented for demonstration; removed by the command clear_demo."),
    )

    objects = RowQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args, update_fields=None, **kwargs):
        """Save the row; with a field what is made from it."""
        if update_fields is not None:
            update_fields = {*update_fields, *derived_from(type(self), update_fields)}
        super().save(*args, update_fields=update_fields, **kwargs)

    def _without_post(self, before: Row | None) -> Iterator[tuple[str, ValidationError]]:
        for name, role in self.HOLDERS.items():
            person = getattr(self, name)
            is_new = before is None or getattr(before, name) != person
            if person is not None and is_new and role not in person.roles():
                words = {"person": person, "post": self._meta.get_field(name).verbose_name}
                yield name, ValidationError(NO_POST, code="no_post", params=words)

    def clean_fields(self, exclude=None):
        """Check the values; what stands at hand as a row is not looked up once more."""
        at_hand = (
            field.name
            for field in self._meta.concrete_fields
            if field.is_relation and self._state.fields_cache.get(field.name) is not None
        )
        super().clean_fields({*(exclude or ()), *at_hand})

    def validate_constraints(self, exclude=None):
        """Ask for all checks in one statement, and for each by itself only if one does not hold."""
        self._state.checks_hold = _checks_hold(self, exclude)
        try:
            super().validate_constraints(exclude)
        finally:
            del self._state.checks_hold

    def get_constraints(self):
        if not getattr(self._state, "checks_hold", False):
            return super().get_constraints()
        return [
            (model, [one for one in constraints if not isinstance(one, models.CheckConstraint)])
            for model, constraints in super().get_constraints()
        ]

    @classmethod
    def locked(cls, pk) -> Row | None:
        """Return the row, locked until the end of the transaction, or None."""
        return cls._base_manager.select_for_update().filter(pk=pk).first()

    @classmethod
    def set_derived_fields(cls, rows: list[Row]):
        """Set what follows from the other fields; each way of saving rows asks for it first."""

    @classmethod
    def after_writing(cls, rows: list[Row]):
        """Write to other rows what follows from these; each way of saving rows ends with it."""

    def _get_FIELD_display(self, field):
        # Django makes all choices hashable for every cell, which translates all of them.
        value = getattr(self, field.attname)
        return force_str(_labels(field).get(value, value), strings_only=True)

    def has_changed(self, *names: str) -> bool:
        """Whether one of these fields differs from the stored row; of a new row all do.

        For rules that other rows decide: what was valid when it was written, and is left alone,
        blocks no later save.
        """
        if self._state.adding:
            return True
        attnames = [self._meta.get_field(name).attname for name in names]
        stored = type(self)._base_manager.filter(pk=self.pk).values_list(*attnames).first()
        return stored != tuple(getattr(self, attname) for attname in attnames)

    def can_change(self, user) -> bool:
        """Whether ``user`` may change the row as it stands: while what it belongs to is open."""
        owners = (getattr(self, name) for name in self.BELONGS_TO if not self._state.adding)
        return all(is_open(owner, user) for owner in owners if owner is not None)

    def clean_for(self, user, before: Row | None = None):
        """Refuse what ``user`` may not write here; ``before`` is the row as it was, if it was.

        Every form and the interface ask beside ``clean``: a row is neither entered under a
        parent that ``user`` may not change, nor moved to or away from one, and who is given a
        task holds its post.
        """
        errors = dict(self._without_post(before))
        for field in parents(type(self)):
            if before is not None and getattr(before, field.attname) == getattr(
                self, field.attname
            ):
                continue
            for row in (self, before):
                parent = row and getattr(row, field.attname) and getattr(row, field.name)
                if parent and not is_open(parent, user):
                    errors[field.name] = ValidationError(parent.CLOSED, code="closed")
        if errors:
            raise ValidationError(errors)


def _checks_hold(row: Row, exclude) -> bool:
    values = row._get_field_expression_map(row._meta, exclude)
    conditions = [
        condition
        for condition in (Q(one.condition) for one in _checks(type(row)))
        if condition.referenced_base_fields <= values.keys()
    ]
    return not conditions or Q(*conditions).check(values, using=row._state.db or DEFAULT_DB_ALIAS)


def _checks(model: type[models.Model]) -> list[models.CheckConstraint]:
    return [one for one in model._meta.constraints if isinstance(one, models.CheckConstraint)]


def exactly_one(name: str, **labels) -> models.CheckConstraint:
    """Return the constraint ``name``: one of the fields, given with their labels, is filled in."""
    found = Q()
    for filled in labels:
        found |= Q(**{f"{other}__isnull": other != filled for other in labels})
    names = format_lazy(" / ".join(["{}"] * len(labels)), *labels.values())
    words = format_lazy(_("Please fill in one of these, and only one: {names}."), names=names)
    return models.CheckConstraint(condition=found, name=name, violation_error_message=words)


@cache
def parents(model: type[models.Model]) -> tuple[models.ForeignKey, ...]:
    """Return the fields that name what a row is entered under: a part of it, or deleted with it."""
    parts = {attname for attname, _label in owner_columns(model)}
    return tuple(
        field
        for field in model._meta.concrete_fields
        if field.attname in parts or (field.many_to_one and field.remote_field.on_delete is CASCADE)
    )


class ChangeQuerySet(RowQuerySet):
    def within(self, access):
        """Return the history of what ``access`` opens."""
        subject = self.model._meta.get_field(self.model.SUBJECT).related_model
        if access.everything:
            return self
        return self.opened(access, by={self.model.SUBJECT: subject.objects.reached(access)})


class Change(models.Model):
    """A line of history: who, when, from what, to what, and why.

    State methods write these, one at a time, and each is a line of the trail as well.
    ``SUBJECT`` names the row that changed, ``changes`` its fields before and after.
    """

    SUBJECT = ""

    id = models.UUIDField(_("ID"), primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(_("at"), db_default=Now())
    on = models.DateField(_("effective on"))
    by = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
        help_text=_("Empty when the system did it."),
    )
    reason = NoteField(
        _("reason"), max_length=500, blank=True, default="", validators=[no_personal_number]
    )
    is_demo = models.BooleanField(_("demo data"), default=False, editable=False)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ("-at",)

    def save(self, *args, **kwargs):
        """Write the line and its trail; refuse a day in the future or before the last change."""
        self._refuse_date()
        super().save(*args, **kwargs)
        AuditEntry.objects.record(
            AuditEntry.Action.STATE,
            by=self.by,
            of=getattr(self, self.SUBJECT),
            changes=self.changes(),
            why=self.reason,
        )

    def _refuse_date(self):
        last = self.last_of(getattr(self, self.SUBJECT))
        if self.on > today():
            raise ValidationError({"on": _("The date cannot lie in the future.")})
        if self.on < EARLIEST:
            raise ValidationError({"on": _("This lies very long ago; please check the year.")})
        if last and self.on < last:
            message = _("The last change was on %(day)s; please choose that day or a later one.")
            raise ValidationError({"on": message % {"day": last}})

    @classmethod
    def last_of(cls, subject: models.Model) -> date | None:
        """Return the day of the last change of this kind, None before the first."""
        return cls.objects.filter(**{cls.SUBJECT: subject}).aggregate(last=Max("on"))["last"]

    def changes(self) -> dict[str, list[str]]:
        raise NotImplementedError
