from __future__ import annotations

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce, Floor
from django.utils.translation import gettext_lazy as _

from zone import units
from zone.access.row_access import OpenQuerySet
from zone.feed.synced import ALL, Open, Synced
from zone.fields import TOO_MUCH, LineField, PinyinKeyField, bounded
from zone.identifiers import no_personal_number
from zone.models.base import Row


class Measure(models.TextChoices):
    SIGNED_AMOUNT = "SIGNED_AMOUNT", _("signed amount")
    SIGNED_PROJECTS = "SIGNED_PROJECTS", _("newly signed projects")
    PLATFORM_TENANTS = "PLATFORM_TENANTS", _("platform tenants")

    @property
    def unit(self) -> str:
        """In what a target of this measure is written, as ``zone.units`` calls it."""
        return "wan" if self == Measure.SIGNED_AMOUNT else "count"


class Target(Row):
    """What a year asks of the zone, a chain, a specialist or a park."""

    SYNC = Synced(
        14, "targets", paths=("chain", "park"), opens=(Open(ALL, ("chain", "specialist", "park")),)
    )

    year = models.PositiveSmallIntegerField(
        _("year"), validators=[MinValueValidator(2000), MaxValueValidator(2100)]
    )
    measure = models.CharField(_("measure"), max_length=20, choices=Measure)
    chain = models.ForeignKey(
        "zone.IndustryChain",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="targets",
        verbose_name=_("industry chain"),
    )
    specialist = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="targets",
        verbose_name=_("promotion specialist"),
    )
    park = models.ForeignKey(
        "zone.Park",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="targets",
        verbose_name=_("park"),
    )
    value = models.DecimalField(
        _("value"),
        max_digits=16,
        decimal_places=4,
        validators=[
            MinValueValidator(
                Decimal("0.0001"), _("A target is more than 0; delete it to have none.")
            ),
            MaxValueValidator(units.MOST_WAN, TOO_MUCH),
        ],
        help_text=_("Amounts in 万元, the others as a count."),
    )
    source = LineField(
        _("source"), max_length=200, blank=True, default="", validators=[no_personal_number]
    )

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        # The zone's own target first, then the chains', the parks', the specialists'.
        ordering = (
            "-year",
            "measure",
            *(F(scope).asc(nulls_first=True) for scope in ("specialist", "park", "chain")),
        )
        constraints = [
            models.UniqueConstraint(
                fields=["year", "measure", "chain", "specialist", "park"],
                nulls_distinct=False,
                name="target_once_per_scope",
                violation_error_message=_("This target has already been set; please edit it."),
            ),
            models.CheckConstraint(
                condition=Q(chain=None, specialist=None)
                | Q(chain=None, park=None)
                | Q(specialist=None, park=None),
                name="target_one_scope",
                violation_error_message=_(
                    "A target is for the zone or for one chain, specialist or park."
                ),
            ),
            bounded("value", name="target_bounded"),
            models.CheckConstraint(
                condition=Q(measure=Measure.SIGNED_AMOUNT) | Q(value=Floor("value")),
                name="target_counts_are_whole",
                violation_error_message=_("Projects and tenants are counted in whole numbers."),
            ),
            models.CheckConstraint(
                condition=Q(value__gt=0),
                name="target_positive",
                violation_error_message=_("A target is more than 0; delete it to have none."),
            ),
        ]

    def __str__(self):
        scope = self.chain or self.specialist or self.park or _("whole zone")
        return f"{self.year} {self.get_measure_display()} · {scope}"

    LEVELS = ("chain", "specialist", "park")

    def clean(self):
        if self.measure in Measure and Measure(self.measure).unit == "count":
            self._refuse_fraction()
        if self.value is not None:
            self._refuse_beyond_the_zone()

    def _refuse_fraction(self):
        if self.value is not None and self.value != int(self.value):
            whole = _("Projects and tenants are counted in whole numbers, such as 40.")
            raise ValidationError({"value": ValidationError(whole, code="fraction")})

    def in_words(self, value: Decimal) -> str:
        """Write ``value`` with the unit of this target's measure."""
        return units.in_words(value, Measure(self.measure).unit)

    def _refuse_beyond_the_zone(self):
        """Judge the allocation where this target asks for more, or the zone's for less."""
        level = next((name for name in self.LEVELS if getattr(self, f"{name}_id")), None)
        scope = {name: getattr(self, f"{name}_id") for name in self.LEVELS}
        same = Target.objects.filter(year=self.year, measure=self.measure)
        before = same.filter(pk=self.pk, **scope)
        if level is None:
            if not before.filter(value__lte=self.value).exists():
                self._refuse_below_allocated(same)
        elif not before.filter(value__gte=self.value).exists():
            self._refuse_over_allocation(same, level)

    def _refuse_below_allocated(self, same):
        """Refuse a target of the zone that is less than what it has given to its parts."""
        sums = (same.filter(**{f"{name}__isnull": False}) for name in self.LEVELS)
        most = max(
            rows.aggregate(whole=Coalesce(Sum("value"), Decimal(0)))["whole"] for rows in sums
        )
        if self.value < most:
            words = _("%(sum)s of it are allocated already; lower those targets first.")
            params = {"sum": self.in_words(most)}
            raise ValidationError({"value": ValidationError(words, "under_allocated", params)})

    def _refuse_over_allocation(self, same, level):
        """Refuse chains (or specialists, parks) that together ask more than the zone's target."""
        whole = same.filter(chain=None, specialist=None, park=None).first()
        if whole is None:
            return
        others = same.exclude(pk=self.pk).filter(**{f"{level}__isnull": False})
        left = whole.value - (others.aggregate(Sum("value"))["value__sum"] or 0)
        if self.value > left:
            raise ValidationError(
                {
                    "value": ValidationError(
                        _("Only %(left)s of the zone's target are left to allocate."),
                        code="over_allocated",
                        params={"left": self.in_words(left)},
                    )
                }
            )


class PublishedFigure(Row):
    """A figure the zone has announced: quoted with its source, never computed."""

    SYNC = None

    year = models.PositiveSmallIntegerField(_("year"))
    indicator = LineField(_("indicator"), max_length=100, validators=[no_personal_number])
    sort_key = PinyinKeyField(of="indicator")
    value = models.DecimalField(_("value"), max_digits=16, decimal_places=4)
    unit = LineField(_("unit"), max_length=20, validators=[no_personal_number])
    source = LineField(_("source"), max_length=200, validators=[no_personal_number])
    note = LineField(
        _("note"), max_length=300, blank=True, default="", validators=[no_personal_number]
    )

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("published figure")
        verbose_name_plural = _("published figures")
        ordering = ("-year", "sort_key", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["year", "indicator", "unit"],
                name="published_figure_once",
                violation_error_message=_("This figure has already been recorded."),
            )
        ]

    def __str__(self):
        return f"{self.year} {self.indicator} {self.value.normalize():f}{self.unit}"
