"""Tags of enterprises with their dates: 专精特新, 高企, 规上, as the office defines them."""

from __future__ import annotations

from datetime import date

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import OpenQuerySet, RowQuerySet
from zone.calendar import today
from zone.feed.synced import ALL, Open, Synced
from zone.fields import LineField
from zone.identifiers import no_personal_number
from zone.models import AuditEntry
from zone.models.base import Row


class TagKind(Row):
    """A tag of the office that enterprises may carry for a time."""

    SYNC = Synced(29, "tag-kinds", opens=(Open(ALL),))

    name = LineField(_("tag"), max_length=30, unique=True, validators=[no_personal_number])
    is_active = models.BooleanField(_("in use"), default=True)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    source = LineField(
        _("source"), max_length=100, blank=True, default="", validators=[no_personal_number]
    )

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("kind of tag")
        verbose_name_plural = _("kinds of tags")
        ordering = ("position", "id")

    def __str__(self):
        return self.name


class TagQuerySet(RowQuerySet):
    def valid(self, on: date | None = None):
        """Return those that hold on a day, today by default."""
        on = on or today()
        return self.filter(Q(valid_until=None) | Q(valid_until__gt=on), valid_from__lte=on)


class EnterpriseTag(Row):
    """A tag that an enterprise carries from one day to another."""

    SYNC = Synced(30, "enterprise-tags")
    BELONGS_TO = ("enterprise",)

    enterprise = models.ForeignKey(
        "crm.Enterprise", models.CASCADE, related_name="tags", verbose_name=_("enterprise")
    )
    kind = models.ForeignKey(
        TagKind, models.PROTECT, related_name="+", verbose_name=_("tag"), db_index=False
    )
    valid_from = models.DateField(_("valid from"), default=today)
    valid_until = models.DateField(
        _("valid until"),
        null=True,
        blank=True,
        help_text=_("The first day on which it no longer holds; empty: without an end."),
    )

    objects = TagQuerySet.as_manager()

    class Meta:
        verbose_name = _("enterprise tag")
        verbose_name_plural = _("enterprise tags")
        ordering = ("-valid_from", "id")
        indexes = [
            models.Index(fields=["kind", "valid_from"], name="tag_kind_since"),
            models.Index(fields=["-valid_from", "id"], name="tag_since"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")),
                name="tag_ends_after_start",
                violation_error_message=_("A tag ends after its first day."),
            ),
            ExclusionConstraint(
                name="tag_no_overlap",
                expressions=[
                    (F("enterprise"), RangeOperators.EQUAL),
                    (F("kind"), RangeOperators.EQUAL),
                    (
                        Func(F("valid_from"), F("valid_until"), function="daterange"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message=_(
                    "The enterprise carries this tag in that time already; change its dates there, "
                    "or choose others."
                ),
            ),
        ]

    def __str__(self):
        return str(self.kind)

    @property
    def is_valid(self) -> bool:
        day = today()
        return self.valid_from <= day and (self.valid_until is None or self.valid_until > day)

    def clean(self):
        if self.kind_id and not self.kind.is_active and self.has_changed("kind"):
            raise ValidationError({"kind": _("The office no longer uses this tag.")})

    @classmethod
    def lost_in_merge(cls, kept: models.Model, dropped: models.Model):
        """Return those of ``dropped`` that ``kept`` carries at the same time: its dates hold."""
        own = cls.objects.filter(enterprise=kept).values_list("kind", "valid_from", "valid_until")
        found = Q(pk__in=())
        for kind, first, end in own:
            starts_before = Q() if end is None else Q(valid_from__lt=end)
            ends_after = Q(valid_until=None) | Q(valid_until__gt=first)
            found |= Q(kind=kind) & starts_before & ends_after
        return cls.objects.filter(found, enterprise=dropped)


class Tagged(models.Model):
    """What carries tags; ``tag`` gives it one."""

    class Meta:
        abstract = True

    def can_tag(self, user) -> bool:
        return user.has_perm("crm.add_enterprisetag", self)

    @transaction.atomic
    def tag(
        self, kind: TagKind, *, by, valid_from: date | None = None, valid_until: date | None = None
    ) -> EnterpriseTag:
        """Give the enterprise a tag from a day, today by default, to before another."""
        type(self).locked(self.pk)
        tag = EnterpriseTag(
            enterprise=self,
            kind=kind,
            valid_from=valid_from or today(),
            valid_until=valid_until,
            is_demo=self.is_demo,
        )
        tag.full_clean()
        tag.clean_for(by)
        tag.save()
        AuditEntry.objects.record_made(tag, by=by)
        return tag

    tag.alters_data = True
