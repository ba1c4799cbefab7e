from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import DecimalField, Exists, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import RowQuerySet
from zone.calendar import today
from zone.feed.synced import ANY_CHAIN, Open, Synced
from zone.fields import AreaField, LineField, PinyinKeyField, ProseField
from zone.identifiers import no_personal_number
from zone.models.base import Row
from zone.units import share


class ParkQuerySet(RowQuerySet):
    def within(self, access):
        """Return all parks, to a park operator the own ones."""
        return self.filter(pk__in=access.parks) if access.only_parks else self

    def with_areas(self, on: date | None = None):
        """Annotate ``total_m2``, ``let_m2``, ``held_m2``, ``vacant_m2`` as of ``on``.

        Floor space only: plots are land and are not part of 出租率.
        total = let + held + vacant + what is in maintenance or not for lease.
        """
        spaces = Space.objects.floor_space()
        return self.annotate(
            total_m2=_area_of(spaces),
            let_m2=_area_of(spaces.let(on)),
            held_m2=_area_of(spaces.held(on)),
            vacant_m2=_area_of(spaces.vacant(on)),
        )


def _area_of(spaces: SpaceQuerySet) -> Coalesce:
    per_park = spaces.filter(park=OuterRef("pk")).order_by().values("park")
    zero = Value(Decimal(0), DecimalField(max_digits=16, decimal_places=2))
    return Coalesce(Subquery(per_park.annotate(m2=Sum("area_m2")).values("m2")), zero)


class Park(Row):
    """A park or platform that enterprises move into."""

    SYNC = Synced(3, "parks", paths=("id",), opens=(Open(ANY_CHAIN),))
    WRITE_ONCE = ("code",)

    class Kind(models.TextChoices):
        FEATURED = "FEATURED", _("featured park")
        INDUSTRIAL = "INDUSTRIAL", _("industrial park")
        PLATFORM = "PLATFORM", _("innovation platform")

    code = LineField(_("code"), max_length=40, unique=True)
    name = LineField(_("name"), max_length=100, unique=True, validators=[no_personal_number])
    sort_key = PinyinKeyField()
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="phases",
        verbose_name=_("part of"),
        help_text=_("For a phase of a larger park."),
    )
    chain = models.ForeignKey(
        "zone.IndustryChain",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="parks",
        verbose_name=_("industry chain"),
    )
    status = LineField(
        _("status as published"),
        max_length=100,
        blank=True,
        default="",
        validators=[no_personal_number],
    )
    description = ProseField(
        _("description"), blank=True, default="", validators=[no_personal_number]
    )
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    objects = ParkQuerySet.as_manager()

    class Meta:
        verbose_name = _("park")
        verbose_name_plural = _("parks")
        ordering = ("position", "code")

    def __str__(self):
        return self.name

    @property
    def let_rate(self) -> Decimal | None:
        """Return 出租率 in per cent: let / lettable area; None without lettable floor space.

        Needs ``with_areas``; what is in maintenance or not for lease is not lettable.
        """
        lettable = self.let_m2 + self.held_m2 + self.vacant_m2
        return share(self.let_m2, lettable)


class InParkQuerySet(RowQuerySet):
    """For what stands in a park: a park operator sees that of the own ones."""

    def within(self, access):
        return self.filter(park__in=access.parks) if access.only_parks else self


class Building(Row):
    """A building of a park."""

    SYNC = Synced(4, "buildings", paths=("park",), opens=(Open(ANY_CHAIN),))

    BELONGS_TO = ("park",)

    park = models.ForeignKey(
        Park, models.PROTECT, related_name="buildings", verbose_name=_("park"), db_index=False
    )
    name = LineField(_("name"), max_length=50, validators=[no_personal_number])
    sort_key = PinyinKeyField()
    floors = models.PositiveSmallIntegerField(_("floors"), null=True, blank=True)

    objects = InParkQuerySet.as_manager()

    class Meta:
        verbose_name = _("building")
        verbose_name_plural = _("buildings")
        ordering = ("park", "sort_key", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["park", "name"],
                name="building_once_per_park",
                violation_error_message=_("This park already has a building of this name."),
            )
        ]

    def __str__(self):
        return f"{self.park} {self.name}"

    def clean_for(self, user, before=None):
        super().clean_for(user, before)
        if before is not None and before.park_id != self.park_id and self.spaces.exists():
            message = _("Its spaces stay in their park; enter a new building instead.")
            raise ValidationError({"park": ValidationError(message, code="in_use")})


class SpaceQuerySet(InParkQuerySet):
    def floor_space(self):
        return self.exclude(kind=Space.Kind.PLOT)

    def let(self, on: date | None = None):
        """Return spaces occupied on ``on`` (default today)."""
        return self.filter(self._occupied(on))

    def held(self, on: date | None = None):
        """Return spaces reserved or being fitted out, and not yet let."""
        states = (Space.State.RESERVED, Space.State.FITTING_OUT)
        return self.filter(~self._occupied(on), state__in=states)

    def vacant(self, on: date | None = None):
        return self.filter(~self._occupied(on), state=Space.State.LETTABLE)

    def _occupied(self, on: date | None) -> Exists:
        occupancies = Space._meta.get_field("occupancies").related_model
        return Exists(
            occupancies.objects.filter(space=OuterRef("pk"), period__contains=on or today())
        )


class Space(Row):
    """A unit of floor space or a plot of land that can be let."""

    SYNC = Synced(5, "spaces", paths=("park",), opens=(Open(ANY_CHAIN),))
    WRITE_ONCE = ("park",)  # who sees what is in a space goes by its park

    class Kind(models.TextChoices):
        PLANT = "PLANT", _("plant")
        OFFICE = "OFFICE", _("office")
        PLOT = "PLOT", _("plot")

    class State(models.TextChoices):
        LETTABLE = "LETTABLE", _("lettable")
        RESERVED = "RESERVED", _("reserved")
        FITTING_OUT = "FITTING_OUT", _("fitting out")
        MAINTENANCE = "MAINTENANCE", _("maintenance")
        NOT_FOR_LEASE = "NOT_FOR_LEASE", _("not for lease")

    BELONGS_TO = ("park",)

    park = models.ForeignKey(
        Park, models.PROTECT, related_name="spaces", verbose_name=_("park"), db_index=False
    )
    building = models.ForeignKey(
        Building,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="spaces",
        verbose_name=_("building"),
        help_text=_("Empty for a plot."),
    )
    code = LineField(_("number"), max_length=40)
    sort_key = PinyinKeyField(of="code")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    state = models.CharField(_("state"), max_length=14, choices=State, default=State.LETTABLE)
    area_m2 = AreaField(_("area (㎡)"), validators=[MinValueValidator(Decimal("0.01"))])
    floor = models.SmallIntegerField(_("floor"), null=True, blank=True)
    clear_height_m = models.DecimalField(
        _("clear height (m)"), max_digits=5, decimal_places=2, null=True, blank=True
    )
    power_kva = models.PositiveIntegerField(_("power (kVA)"), null=True, blank=True)

    objects = SpaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("space")
        verbose_name_plural = _("spaces")
        ordering = ("park", "sort_key", "id")
        indexes = [models.Index(fields=["state", "kind"], name="space_state_kind")]
        constraints = [
            models.UniqueConstraint(
                fields=["park", "code"],
                name="space_once_per_park",
                violation_error_message=_("This park already has a space of this number."),
            ),
            models.CheckConstraint(
                condition=Q(area_m2__gt=0),
                name="space_area_positive",
                violation_error_message=_("The area must be more than 0 ㎡."),
            ),
            models.CheckConstraint(
                condition=~Q(kind="PLOT") | Q(building=None),
                name="space_plot_without_building",
                violation_error_message=_("A plot stands in no building; please empty it."),
            ),
        ]

    def __str__(self):
        return f"{self.park} {self.code}"

    def clean(self):
        strayed = self.building and self.park_id and self.building.park_id != self.park_id
        if strayed and self.has_changed("building", "park"):
            raise ValidationError({"building": _("This building belongs to another park.")})
        moved = Space.objects.filter(pk=self.pk).exclude(park=self.park_id)
        if not self._state.adding and self.park_id and moved.exists():
            raise ValidationError({"park": _("A space stays in its park; enter a new space.")})
