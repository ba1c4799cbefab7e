from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import OpenQuerySet
from zone.feed.synced import ALL, Open, Synced
from zone.fields import LineField, PinyinKeyField, ProseField
from zone.identifiers import no_personal_number
from zone.models.base import Row


class IndustryChain(Row):
    """One of the zone's leading industries, led by a chain leader."""

    SYNC = Synced(1, "chains", opens=(Open(ALL),))
    WRITE_ONCE = ("code",)

    code = LineField(
        _("code"),
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(r"^[a-z][a-z0-9-]*\Z", _("Use lower-case letters, digits and hyphens."))
        ],
    )
    name = LineField(_("name"), max_length=50, unique=True, validators=[no_personal_number])
    sort_key = PinyinKeyField()
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    description = ProseField(
        _("description"), blank=True, default="", validators=[no_personal_number]
    )

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("industry chain")
        verbose_name_plural = _("industry chains")
        ordering = ("position", "code")

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.code,)


class ChainSegment(Row):
    """A node of a chain's map: what the zone has, and where it has a gap."""

    SYNC = Synced(2, "chain-segments", opens=(Open(ALL),))

    class Position(models.TextChoices):
        UPSTREAM = "UPSTREAM", _("upstream")
        MIDSTREAM = "MIDSTREAM", _("midstream")
        DOWNSTREAM = "DOWNSTREAM", _("downstream")

    class Gap(models.TextChoices):
        NONE = "NONE", _("no gap")
        STRENGTHEN = "STRENGTHEN", _("strengthen the chain")
        COMPLEMENT = "COMPLEMENT", _("complement the chain")
        EXTEND = "EXTEND", _("extend the chain")

    chain = models.ForeignKey(
        IndustryChain,
        models.CASCADE,
        related_name="segments",
        verbose_name=_("industry chain"),
        db_index=False,
    )
    parent = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("parent segment"),
    )
    name = LineField(_("name"), max_length=100, validators=[no_personal_number])
    sort_key = PinyinKeyField()
    position = models.CharField(_("position"), max_length=10, choices=Position)
    gap = models.CharField(_("gap"), max_length=10, choices=Gap, default=Gap.NONE)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("chain segment")
        verbose_name_plural = _("chain segments")
        ordering = ("chain", "sort_key", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["chain", "parent", "name"],
                nulls_distinct=False,
                name="segment_once_per_parent",
                violation_error_message=_("This chain already has a segment of this name."),
            )
        ]

    def __str__(self):
        return f"{self.chain} / {self.name}"

    def clean(self):
        seen, above = {self.pk}, self.parent
        while above:
            if above.pk in seen:
                raise ValidationError({"parent": _("A segment cannot stand below itself.")})
            seen.add(above.pk)
            above = above.parent
        strayed = self.parent and self.parent.chain_id != self.chain_id
        if strayed and self.has_changed("parent", "chain"):
            raise ValidationError({"parent": _("The parent segment belongs to another chain.")})

    def clean_for(self, user, before=None):
        """Refuse to take a segment away from what names it: lower segments, leads."""
        super().clean_for(user, before)
        if before is None or before.chain_id == self.chain_id:
            return
        for relation in self._meta.related_objects:
            if relation.related_model._base_manager.filter(**{relation.field.name: self}).exists():
                words = _("Leads or lower segments name this segment; enter a new one instead.")
                raise ValidationError({"chain": ValidationError(words, code="in_use")})
