from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from crm.models.groups import Grouped, no_circle
from crm.models.tags import Tagged
from zone import identifiers
from zone.access.row_access import RowQuerySet, row_access
from zone.codes.lists import industries, regions
from zone.feed.synced import ANY_CHAIN, Open, Synced
from zone.fields import (
    CodeField,
    LineField,
    PinyinKeyField,
    ProseField,
    RegisteredNameField,
    WanField,
    bounded,
    not_negative,
    trigram_index,
)
from zone.identifiers import no_personal_number
from zone.models.base import Row

MOST_LOCKS = 500


ALIKE = ValidationError(
    _(
        "An enterprise of like name is on record. If it is the same, use that record; if not, "
        "enter its credit code, or tick “another enterprise of like name”. If you cannot find the "
        "record, ask the office."
    ),
    code="alike",
)


def lock_names(keys: Iterable[str]):
    """Let those who write enterprises of these ``name_key`` take turns until their commit.

    Whoever comes with more than the server's table of locks should hold has all names at once.
    """
    keys = sorted({*keys})
    with connection.cursor() as cursor:
        if len(keys) > MOST_LOCKS:
            cursor.execute("SELECT pg_advisory_xact_lock(6, 0)")
            return
        lock = "SELECT pg_advisory_xact_lock(hashtextextended(key, 6)) FROM unnest(%s::text[]) key"
        cursor.execute(f"SELECT pg_advisory_xact_lock_shared(6, 0) UNION ALL {lock}", [keys])


class EnterpriseQuerySet(RowQuerySet):
    def within(self, access):
        """Return the enterprises that ``access`` opens.

        Those of own chains (or of none, for who courts), those entered, and whoever stands
        behind a lead, a project or an occupancy within reach.
        """
        if access.everything:
            return self
        rows = {
            name: self.model._meta.get_field(name).related_model.objects
            for name in ("leads", "projects", "occupancies")
        }
        behind = {name: rows[name].reached(access) for name in ("leads", "projects")}
        behind["occupancies"] = rows["occupancies"].filter(space__park__in=access.parks)
        own = [Q(chain__in=access.all_chains), Q(entered_by=access.user)]
        if access.all_chains:
            own.append(Q(chain=None))
        return self.opened(access, *own, by=behind, broad=bool(access.all_chains))

    def alike(self, rows: Iterable[Enterprise], *, lock: bool = True) -> list[Enterprise]:
        """Return those of ``rows`` that may be another's enterprise: like names, not two codes.

        Locks the names until the end of the transaction, so that of two who enter like ones at
        once the second is asked. Whoever has said that it is another is not asked again.
        """
        asked = [row for row in rows if not row.is_distinct]
        if lock:
            lock_names(row.name_key for row in asked)
        known = defaultdict(list)
        for row in [*self.filter(name_key__any_of={row.name_key for row in asked}), *asked]:
            known[row.name_key].append(row)
        return [row for row in asked if any(row.may_be(one) for one in known[row.name_key])]


class Enterprise(Grouped, Tagged, Row):
    """A company the zone courts or has won; one company may bring several projects."""

    SYNC = Synced(
        6,
        "enterprises",
        paths=(
            "chain",
            "entered_by",
            "leads__chain",
            "projects__chain",
            "projects__park",
            "occupancies__space__park",
        ),
        opens=(Open(ANY_CHAIN, empty=("chain",)),),
    )

    class Scale(models.TextChoices):
        LARGE = "LARGE", _("large")
        MEDIUM = "MEDIUM", _("medium")
        SMALL = "SMALL", _("small")
        MICRO = "MICRO", _("micro")

    name = RegisteredNameField(_("name"), max_length=100, validators=[no_personal_number])
    # Of one enterprise in any spelling; and of those that are alike, which may be two.
    exact_key = models.CharField(max_length=300, editable=False, unique=True)
    name_key = models.CharField(max_length=300, editable=False, db_index=True)
    is_distinct = models.BooleanField(
        _("another enterprise of like name"),
        default=False,
        help_text=_(
            "Needed only when a like name is on record and one of the two has no credit code."
        ),
    )
    sort_key = PinyinKeyField()
    uscc = CodeField(
        _("unified social credit code"),
        max_length=18,
        null=True,
        blank=True,
        unique=True,
        validators=[identifiers.check_uscc],
        help_text=_("18 characters, as on the licence; empty when unknown."),
        error_messages={
            "unique": _(
                "This credit code is already recorded. Please search for it; if you cannot find "
                "it, another chain looks after that enterprise: ask the office."
            )
        },
    )
    industry_code = CodeField(
        _("industry code"),
        max_length=5,
        blank=True,
        default="",
        validators=[identifiers.check_industry_code],
        help_text=_("GB/T 4754-2017, such as C3985."),
    )
    origin_region = CodeField(
        _("region of origin"),
        max_length=6,
        blank=True,
        default="",
        validators=[identifiers.check_region_code],
        help_text=_("GB/T 2260, six digits, such as 140403."),
    )
    chain = models.ForeignKey(
        "zone.IndustryChain",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="enterprises",
        verbose_name=_("industry chain"),
    )
    segment = models.ForeignKey(
        "zone.ChainSegment",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="enterprises",
        verbose_name=_("place in the chain"),
    )
    scale = models.CharField(_("scale"), max_length=6, choices=Scale, blank=True, default="")
    is_chain_leader = models.BooleanField(_("chain-leading enterprise"), default=False)
    is_above_scale = models.BooleanField(_("above designated size"), default=False)
    registered_capital_wan = WanField(
        _("registered capital (10,000 yuan)"),
        null=True,
        blank=True,
        validators=[not_negative],
    )
    address = LineField(
        _("address"), max_length=200, blank=True, default="", validators=[no_personal_number]
    )
    description = ProseField(
        _("description"), blank=True, default="", validators=[identifiers.no_personal_number]
    )
    source = LineField(
        _("source of the record"),
        max_length=100,
        blank=True,
        default="",
        validators=[no_personal_number],
    )
    entered_by = models.ForeignKey(
        "zone.User",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="entered_enterprises",
        verbose_name=_("entered by"),
    )

    objects = EnterpriseQuerySet.as_manager()

    class Meta:
        verbose_name = _("enterprise")
        verbose_name_plural = _("enterprises")
        ordering = ("sort_key", "id")
        indexes = [
            trigram_index("name", name="crm_enterprise_name_trgm"),
            models.Index(fields=["sort_key", "id"], name="enterprise_sort_key"),
            # Without grams: two letters are in most keys.
            trigram_index("sort_key", name="crm_enterprise_pinyin"),
            models.Index(
                fields=["origin_region"],
                name="enterprise_origin",
                opclasses=["varchar_pattern_ops"],
            ),
        ]
        constraints = [
            bounded("registered_capital_wan", name="enterprise_capital_bounded"),
            no_circle(),
        ]
        permissions = [("merge_enterprise", _("Can merge enterprises"))]

    def __str__(self):
        return self.name

    def clean(self):
        self.set_derived_fields([self])
        if not self.name_key:
            raise ValidationError({"name": _("Please enter the name as on the licence.")})
        super().clean()
        strayed = self.segment_id and self.segment.chain_id != self.chain_id
        if strayed and self.has_changed("segment", "chain"):
            words = _("This place belongs to another chain; choose one of the enterprise's chain.")
            raise ValidationError({"segment": ValidationError(words, code="chain")})

    def validate_unique(self, exclude=None):
        # exact_key is no form field, so no form checks its uniqueness for us.
        errors = {}
        if Enterprise.objects.exclude(pk=self.pk).filter(exact_key=self.exact_key).exists():
            errors["name"] = [self.unique_error_message(type(self), ("exact_key",))]
        elif self._state.adding and Enterprise.objects.alike([self]):
            errors["name"] = [ALIKE]
        try:
            super().validate_unique(exclude={*(exclude or ()), "exact_key"})
        except ValidationError as refusal:
            refusal.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)

    def unique_error_message(self, model_class, unique_check):
        if unique_check != ("exact_key",):
            return super().unique_error_message(model_class, unique_check)
        # The message does not name the record: the writer may not be allowed to see it.
        if not self.name:
            return ValidationError(
                _(
                    "This enterprise has just been recorded by somebody else. Please search for "
                    "it; if you cannot find it, another chain looks after it: ask the office."
                ),
                code="duplicate",
            )
        return ValidationError(
            _(
                "“%(name)s” is already recorded. Please search for it; if you cannot "
                "find it, another chain looks after it: ask the office."
            ),
            code="duplicate",
            params={"name": self.name},
        )

    def save(self, *args, **kwargs):
        self.set_derived_fields([self])
        super().save(*args, **kwargs)

    @classmethod
    def set_derived_fields(cls, rows):
        for row in rows:
            row.exact_key = identifiers.exact_key(row.name)
            row.name_key = identifiers.name_key(row.name)

    def may_be(self, other: Enterprise) -> bool:
        """Whether ``other``, of like name, may be this enterprise: two codes are two."""
        is_other = self.pk != other.pk and self.exact_key != other.exact_key
        return is_other and not (self.uscc and other.uscc and self.uscc != other.uscc)

    def can_change_chain(self, user) -> bool:
        """The office always; others where it is of no chain or theirs and nobody else courts it."""
        access = row_access(user, "crm.change_enterprise")
        if access.everything:
            return True
        own = self.chain_id is None or self.chain_id in access.all_chains
        return own and not self._is_courted_beyond(access)

    def _is_courted_beyond(self, access) -> bool:
        leads = self.leads.exclude(stage__in=("LOST", "INVALID"))
        return any(
            rows.exclude(
                Exists(rows.model.objects.reached(access).filter(pk=OuterRef("pk")))
            ).exists()
            for rows in (leads, self.projects.all())
        )

    def clean_for(self, user, before=None):
        super().clean_for(user, before)
        named = before is not None and (before.name, before.uscc) != (self.name, self.uscc)
        if named and Enterprise.objects.alike([self]):
            raise ValidationError({"name": ALIKE})
        moves = before is not None and before.chain_id != self.chain_id
        if moves and not before.can_change_chain(user):
            refusal = _("Others look after this enterprise or court it; please ask the office.")
            raise ValidationError({"chain": ValidationError(refusal, code="courted")})

    def can_merge(self, user) -> bool:
        return user.has_perm("crm.merge_enterprise", self)

    @property
    def origin_label(self) -> str:
        """Say where the investor comes from: the zone's city, the province, or beyond."""
        if not self.origin_region:
            return ""
        if self.origin_region.startswith("1404"):
            return str(_("from the city"))
        if self.origin_region.startswith("14"):
            return str(_("from the province"))
        return str(_("from outside the province"))

    @property
    def origin_name(self) -> str:
        """Return province and city in words; a code that no table has stands for itself."""
        return regions().name(self.origin_region) or self.origin_region

    @property
    def industry_name(self) -> str:
        line = industries().by_code.get(self.industry_code)
        return line.name if line else self.industry_code
