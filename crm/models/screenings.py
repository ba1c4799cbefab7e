"""Screening (研判): the office's criteria, scored on a sheet before a lead goes on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from crm.models.notices import tell_screened
from zone.access.row_access import OpenQuerySet, RowQuerySet
from zone.calendar import not_in_future, today
from zone.feed.synced import ALL, Open, Synced
from zone.fields import LineField, NoteField
from zone.identifiers import no_personal_number
from zone.models import AuditEntry, ZoneSetting
from zone.models.base import Row
from zone.models.staged import Requirement

NOUGHT = Decimal(0)


class CriterionQuerySet(OpenQuerySet):
    def asked_of(self, lead):
        """Return the criteria in use for the leads of a chain: its own and those of all chains."""
        return self.filter(Q(chain=None) | Q(chain=lead.chain_id), is_active=True)


class ScreeningCriterion(Row):
    """A criterion of the office, by which leads are scored."""

    SYNC = Synced(21, "screening-criteria", paths=("chain",), opens=(Open(ALL),))

    name = LineField(_("criterion"), max_length=50, validators=[no_personal_number])
    group = LineField(_("group"), max_length=30, validators=[no_personal_number])
    max_points = models.DecimalField(
        _("full points"), max_digits=5, decimal_places=1, validators=[MinValueValidator(1)]
    )
    guidance = NoteField(
        _("how to score"), max_length=300, blank=True, default="", validators=[no_personal_number]
    )
    chain = models.ForeignKey(
        "zone.IndustryChain",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("industry chain"),
        help_text=_("Empty: leads of all chains are scored by it."),
    )
    is_active = models.BooleanField(_("in use"), default=True)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    source = LineField(
        _("source"), max_length=100, blank=True, default="", validators=[no_personal_number]
    )

    objects = CriterionQuerySet.as_manager()

    class Meta:
        verbose_name = _("screening criterion")
        verbose_name_plural = _("screening criteria")
        ordering = ("position", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["name", "chain"],
                nulls_distinct=False,
                name="criterion_once",
                violation_error_message=_("There is a criterion of this name already."),
            ),
            models.CheckConstraint(condition=Q(max_points__gte=1), name="criterion_points"),
        ]

    def __str__(self):
        return self.name


class ScreeningQuerySet(RowQuerySet):
    def waiting(self):
        """Return the sheets that are to be decided."""
        return self.filter(result="")

    def decided(self):
        return self.exclude(result="").order_by("-updated_at", "-created_at")


class Screening(Row):
    """The scored sheet of a lead; the newest that is decided holds, earlier ones stay."""

    SYNC = Synced(22, "screenings")
    BELONGS_TO = ("lead",)

    class Result(models.TextChoices):
        PASS = "PASS", _("passed")
        HOLD = "HOLD", _("on hold")
        REJECT = "REJECT", _("rejected")

    lead = models.ForeignKey(
        "crm.Lead", models.CASCADE, related_name="screenings", verbose_name=_("lead")
    )
    opinion = NoteField(
        _("opinion"), max_length=2000, blank=True, default="", validators=[no_personal_number]
    )
    total_points = models.DecimalField(
        _("score"), max_digits=7, decimal_places=1, default=NOUGHT, editable=False
    )
    full_points = models.DecimalField(
        _("of full points"), max_digits=7, decimal_places=1, default=NOUGHT, editable=False
    )
    prepared_by = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("prepared by"),
    )
    result = models.CharField(
        _("result"),
        max_length=8,
        choices=Result,
        blank=True,
        default="",
        editable=False,
        help_text=_("Empty while the sheet waits for its decision."),
    )
    decided_by = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_on = models.DateField(
        _("decided on"), null=True, blank=True, editable=False, validators=[not_in_future]
    )

    objects = ScreeningQuerySet.as_manager()

    class Meta:
        verbose_name = _("screening sheet")
        verbose_name_plural = _("screening sheets")
        ordering = ("-created_at", "id")
        indexes = [
            models.Index(fields=["-created_at", "id"], name="screening_created"),
            models.Index(fields=["result", "-created_at"], name="screening_result"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["lead"],
                condition=Q(result=""),
                name="screening_one_waiting",
                violation_error_message=_("A sheet of this lead waits already; fill that one in."),
            ),
            models.CheckConstraint(
                condition=Q(result="", decided_by=None, decided_on=None)
                | (~Q(result="") & Q(decided_by__isnull=False, decided_on__isnull=False)),
                name="screening_decided_by_somebody",
                violation_error_message=_("A result names who decided, and when."),
            ),
            models.CheckConstraint(
                condition=Q(total_points__gte=0, total_points__lte=F("full_points")),
                name="screening_within_full",
            ),
        ]
        permissions = [("decide_screening", _("Can decide screening sheets"))]

    def __str__(self):
        return f"{self.lead} {self.get_result_display() or _('to be decided')}"

    @property
    def points_in_words(self) -> str:
        return f"{self.total_points:.1f} / {self.full_points:.1f}"

    def can_change(self, user) -> bool:
        """The lead's method alone writes a sheet."""
        return self._state.adding


class ScreeningScore(Row):
    """The points of one criterion on a sheet, beside the full points of that day."""

    SYNC = None
    BELONGS_TO = ("screening",)

    screening = models.ForeignKey(
        Screening,
        models.CASCADE,
        related_name="scores",
        verbose_name=_("screening sheet"),
        db_index=False,
    )
    criterion = models.ForeignKey(
        ScreeningCriterion, models.PROTECT, related_name="+", verbose_name=_("screening criterion")
    )
    points = models.DecimalField(_("score"), max_digits=5, decimal_places=1)
    max_points = models.DecimalField(_("full points"), max_digits=5, decimal_places=1)

    class Meta:
        verbose_name = _("score of a screening")
        verbose_name_plural = _("scores of screenings")
        ordering = ("criterion__position", "criterion")
        constraints = [
            models.UniqueConstraint(fields=["screening", "criterion"], name="score_once"),
            models.CheckConstraint(
                condition=Q(points__gte=0, points__lte=F("max_points")),
                name="score_within_full",
                violation_error_message=_("Points go from 0 to the full points."),
            ),
        ]

    def __str__(self):
        return f"{self.criterion} {self.points}"


class Screened(models.Model):
    """What is screened before it leaves its first stage; ``screen`` alone writes its sheets."""

    class Meta:
        abstract = True

    @property
    def has_passed(self) -> bool:
        """Whether the newest decided sheet passes the lead."""
        sheet = self.screenings.decided().first()
        return sheet is not None and sheet.result == Screening.Result.PASS

    @cached_property
    def needs_screening(self) -> bool:
        """Whether the office asks for a passed screening; read once."""
        return is_required()

    def can_screen(self, user) -> bool:
        in_hand = self.is_open and self._is_in_hand_of(user)
        return in_hand and user.has_perm("crm.add_screening", self)

    def can_decide(self, user) -> bool:
        return self.is_open and user.has_perm("crm.decide_screening", self)

    @transaction.atomic
    def screen(
        self,
        *,
        by,
        points: dict[UUID, Decimal] | None = None,
        opinion: str = "",
        result: str = "",
        on: date | None = None,
    ) -> Screening:
        """Fill in the sheet, the one that waits or a new one, and decide it where one may.

        ``points`` by the ids of the criteria. A pass moves a new lead on to the next stage.
        """
        self.lock()
        if not self.is_open:
            raise ValidationError(_("This lead is closed; there is nothing to screen."), "stage")
        sheet = self.screenings.waiting().first()
        sheet = sheet or Screening(lead=self, prepared_by=by, is_demo=self.is_demo)
        sheet.opinion, before = opinion, sheet.points_in_words
        criteria = list(ScreeningCriterion.objects.asked_of(self))
        scores = self._scores(sheet, criteria, points or {})
        sheet.full_points = sum((one.max_points for one in criteria), NOUGHT)
        sheet.total_points = sum((score.points for score in scores), NOUGHT)
        if result:
            self._decide(sheet, result, by=by, on=on, unscored=len(criteria) - len(scores))
        self._save(sheet, scores, by=by, before=before)
        if result == Screening.Result.PASS and self.stage == self.STAGES[0]:
            self.advance(by=by, on=on)
        if result:
            tell_screened(sheet, by=by)
        return sheet

    screen.alters_data = True

    @staticmethod
    def _scores(sheet, criteria, points: dict) -> list[ScreeningScore]:
        known = {one.pk: one for one in criteria}
        if unknown := points.keys() - known.keys():
            words = _("No criterion in use for this chain: %(ids)s.")
            ids = ", ".join(sorted(map(str, unknown)))
            raise ValidationError({"points": ValidationError(words, "criterion", {"ids": ids})})
        scores = [
            ScreeningScore(
                screening=sheet,
                criterion=known[pk],
                points=value,
                max_points=known[pk].max_points,
                is_demo=sheet.is_demo,
            )
            for pk, value in points.items()
        ]
        for score in scores:
            score.clean_fields(exclude=["screening"])
            if not 0 <= score.points <= score.max_points:
                words = _("“%(name)s” takes 0 to %(most)s points.")
                params = {"name": score.criterion, "most": score.max_points}
                raise ValidationError({"points": ValidationError(words, "points", params)})
        return scores

    def _decide(self, sheet, result: str, *, by, on, unscored: int):
        if not by.has_perm("crm.decide_screening", self):
            words = _("The chain leader or the office decides; leave the result open for them.")
            raise ValidationError({"result": ValidationError(words, "post")})
        if result == Screening.Result.PASS and unscored:
            words = _("Score every criterion before the lead passes; %(number)d are missing.")
            raise ValidationError(
                {"result": ValidationError(words, "unscored", {"number": unscored})}
            )
        if result != Screening.Result.PASS and not sheet.opinion:
            words = _("Say in the opinion why the lead does not pass.")
            raise ValidationError({"opinion": ValidationError(words, "reason")})
        sheet.result, sheet.decided_by, sheet.decided_on = result, by, on or today()

    @staticmethod
    def _save(sheet, scores, *, by, before: str):
        sheet.full_clean(exclude=["lead"])
        sheet.save()
        sheet.scores.all().delete()
        ScreeningScore.objects.bulk_create(scores)
        AuditEntry.objects.record(
            AuditEntry.Action.STATE,
            by=by,
            of=sheet,
            changes={
                "result": ["", sheet.result],
                "total_points": [before, sheet.points_in_words],
            },
            why=sheet.opinion,
        )

    def refuse_unpassed(self):
        """Refuse to convert a lead whose newest decided sheet holds or rejects it."""
        sheet = self.screenings.decided().first()
        if is_required() and sheet and sheet.result != Screening.Result.PASS:
            words = _("The screening of this lead is “%(result)s”; it has to pass first.")
            raise ValidationError(words, "screening", {"result": sheet.get_result_display()})


def is_required() -> bool:
    return bool(ZoneSetting.values()[ZoneSetting.Key.SCREENING_REQUIRED])


PASSED = Requirement(
    "SCREENED",
    lambda lead: lead.has_passed or not lead.needs_screening,
    _("The lead has not passed its screening: fill in the sheet and have it decided."),
)
