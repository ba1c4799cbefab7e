from __future__ import annotations

from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from projects.models.projects import OfProjectQuerySet, Project, StageChange
from zone import units
from zone.calendar import today
from zone.feed.synced import Synced
from zone.fields import WanField
from zone.identifiers import no_personal_number
from zone.models import ZoneSetting
from zone.models.rows import Change, Row


class AgreementQuerySet(OfProjectQuerySet):
    def signed_in(self, year: int, on: date):
        """Return those signed within ``year`` and not after ``on``."""
        return self.filter(
            signed_on__gte=date(year, 1, 1), signed_on__lte=min(on, date(year, 12, 31))
        )

    def counted_projects(self):
        """Return the agreements that make a project count: recognised, formal, not excluded."""
        return self.filter(
            kind=Agreement.Kind.FORMAL, recognised_on__isnull=False, exclusion_reason=""
        )

    def counted_amounts(self):
        """Return the agreements whose amount counts: counted projects and their supplements."""
        formal = Agreement.objects.counted_projects().filter(
            project=OuterRef("project"), signed_on__lte=OuterRef("signed_on")
        )
        return self.filter(
            Q(kind=Agreement.Kind.FORMAL) | Q(Exists(formal), kind=Agreement.Kind.SUPPLEMENT),
            recognised_on__isnull=False,
            exclusion_reason="",
        )

    def pending(self):
        """Return those that wait for recognition and may still get it.

        Of a project's formal agreements one counts: none waits beside a recognised one, and
        of several that wait the earliest does. A supplement of an excluded project never will.
        """
        siblings = Agreement.objects.filter(project=OuterRef("project"), kind=Agreement.Kind.FORMAL)
        recognised = siblings.filter(recognised_on__isnull=False)
        earlier = siblings.filter(recognised_on=None, exclusion_reason="").filter(
            Q(signed_on__lt=OuterRef("signed_on"))
            | Q(signed_on=OuterRef("signed_on"), pk__lt=OuterRef("pk"))
        )
        return self.filter(
            Q(~Exists(recognised), ~Exists(earlier), kind=Agreement.Kind.FORMAL)
            | Q(
                ~Exists(recognised.exclude(exclusion_reason="")),
                kind=Agreement.Kind.SUPPLEMENT,
            ),
            recognised_on=None,
            exclusion_reason="",
        ).exclude(project__status=Project.Status.TERMINATED)


class Agreement(Row):
    """What the zone and an investor have signed, and whether it counts toward the target."""

    SYNC = Synced(11, "agreements", paths=("project__chain", "project__park"))

    class Kind(models.TextChoices):
        FRAMEWORK = "FRAMEWORK", _("framework agreement")
        INTENT = "INTENT", _("letter of intent")
        FORMAL = "FORMAL", _("formal agreement")
        SUPPLEMENT = "SUPPLEMENT", _("supplementary agreement")

    class Exclusion(models.TextChoices):
        LOCAL_INVESTOR = "LOCAL_INVESTOR", _("investor entirely from the city")
        PUBLIC_FUNDS = "PUBLIC_FUNDS", _("built with public funds")
        BRANCH_OUTLET = "BRANCH_OUTLET", _("branch of a vertical institution")
        LOCAL_MINERALS = "LOCAL_MINERALS", _("purely local minerals")
        UNSUPPORTED_TRADE = "UNSUPPORTED_TRADE", _("farming, real estate or daily services")
        LATER_PHASE = "LATER_PHASE", _("later phase within an earlier contract")
        LOCAL_RELOCATION = "LOCAL_RELOCATION", _("local relocation or new line in the old plant")
        BELOW_FLOOR = "BELOW_FLOOR", _("below the smallest amount")
        LATE_REPORT = "LATE_REPORT", _("not reported in time")

    PART_OF = "project"  # whose story tells of it too

    project = models.ForeignKey(
        Project, models.PROTECT, related_name="agreements", verbose_name=_("project")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    title = models.CharField(
        _("title"), max_length=150, blank=True, default="", validators=[no_personal_number]
    )
    signed_on = models.DateField(_("signed on"))
    amount_wan = WanField(
        _("amount (10,000 yuan)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("Planned total investment as written in it; the increment in a supplement."),
    )
    upgrades = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="upgraded_by",
        verbose_name=_("upgrades"),
        help_text=_("The framework agreement or letter of intent that this one makes formal."),
    )
    handled_by = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="handled_agreements",
        verbose_name=_("handled by"),
        help_text=_("Whoever handles an agreement cannot recognise it."),
    )
    recognised_on = models.DateField(_("recognised on"), null=True, blank=True, editable=False)
    recognised_by = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="recognised_agreements",
        verbose_name=_("recognised by"),
    )
    exclusion_reason = models.CharField(
        _("why it does not count"),
        max_length=20,
        choices=Exclusion,
        blank=True,
        default="",
        editable=False,
    )

    DECIDED = ("recognised_on", "exclusion_reason")

    objects = AgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        ordering = ("-signed_on", "id")
        indexes = [
            models.Index(fields=["-signed_on", "id"], name="agreement_signed"),
            models.Index(fields=["kind", "signed_on"], name="agreement_kind_signed"),
            models.Index(fields=["amount_wan"], name="agreement_amount"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(kind="FORMAL", recognised_on__isnull=False),
                name="agreement_one_recognised_formal",
                violation_error_message=_(
                    "This project already has a recognised formal agreement; a project counts once."
                ),
            ),
            # A ledger taken over from elsewhere may not say who recognised; it says when.
            models.CheckConstraint(
                condition=Q(recognised_by=None) | Q(recognised_on__isnull=False),
                name="agreement_recogniser_has_date",
                violation_error_message=_("A recognition needs its date."),
            ),
            models.CheckConstraint(
                condition=Q(recognised_on=None) | Q(recognised_on__gte=F("signed_on")),
                name="agreement_recognised_after_signing",
                violation_error_message=_("An agreement is recognised after it was signed."),
            ),
            models.CheckConstraint(
                condition=Q(recognised_on=None) | Q(kind__in=("FORMAL", "SUPPLEMENT")),
                name="agreement_recognisable_kind",
                violation_error_message=_(
                    "Only formal and supplementary agreements are recognised."
                ),
            ),
            models.CheckConstraint(
                condition=Q(amount_wan=None) | Q(amount_wan__gt=0),
                name="agreement_amount_positive",
                violation_error_message=_("The amount must be more than 0."),
            ),
            models.CheckConstraint(
                condition=Q(amount_wan__isnull=False) | ~Q(kind__in=("FORMAL", "SUPPLEMENT")),
                name="agreement_counted_has_amount",
                violation_error_message=_("A formal or supplementary agreement states its amount."),
            ),
        ]
        permissions = [
            ("recognise_agreement", _("Can recognise agreements and exclude them")),
        ]

    def __str__(self):
        return f"{self.project} · {self.get_kind_display()} {self.signed_on}"

    def clean(self):
        if self.signed_on and self.signed_on > today():
            raise ValidationError({"signed_on": _("The signing date cannot lie in the future.")})
        if self.upgrades and self.upgrades.project_id != self.project_id:
            raise ValidationError({"upgrades": _("That agreement belongs to another project.")})

    @property
    def is_recognised(self) -> bool:
        return self.recognised_on is not None

    @property
    def state_words(self) -> str:
        """Say whether this agreement counts, as lists and forms show it."""
        if self.exclusion_reason:
            return _("excluded")
        if self.is_recognised:
            return _("recognised")
        if self.kind in (self.Kind.FORMAL, self.Kind.SUPPLEMENT):
            return _("waits for recognition")
        return _("does not count")

    def can_change(self, user) -> bool:
        """A recognised agreement makes a published figure: withdraw it before changing it."""
        return not self.is_recognised

    def can_attach(self, user) -> bool:
        return self.can_change(user) and user.has_perm("projects.add_attachment", self)

    def can_recognise(self, user) -> bool:
        kinds = (self.Kind.FORMAL, self.Kind.SUPPLEMENT)
        waiting = self.kind in kinds and not self.is_recognised and not self.exclusion_reason
        return waiting and user.has_perm("projects.recognise_agreement", self)

    def can_withdraw(self, user) -> bool:
        return self.is_recognised and user.has_perm("projects.recognise_agreement", self)

    def can_exclude(self, user) -> bool:
        return not self.exclusion_reason and user.has_perm("projects.recognise_agreement", self)

    def can_include(self, user) -> bool:
        return bool(self.exclusion_reason) and user.has_perm("projects.recognise_agreement", self)

    @transaction.atomic
    def recognise(self, *, by, on: date | None = None):
        """Count this agreement toward the target of its signing year, once per project."""
        self._lock()
        on = on or today()
        self._refuse_recognition(by, on)
        self.recognised_on, self.recognised_by = on, by
        self.validate_constraints()
        self._record(AgreementChange.Action.RECOGNISED, by=by, on=on)
        self.save(update_fields=["recognised_on", "recognised_by"])
        if self.kind == self.Kind.FORMAL and self.project.stage == Project.Stage.RESERVED:
            # A project entered after its signature cannot have moved before it was entered.
            entered = StageChange.last_of(self.project) or self.signed_on
            signed = max(self.signed_on, entered)
            self.project.advance(by=by, on=signed, to=Project.Stage.SIGNED)

    def _refuse_recognition(self, by, on: date):
        if self.kind not in (self.Kind.FORMAL, self.Kind.SUPPLEMENT):
            raise ValidationError(
                _("A framework agreement or letter of intent never counts toward the target."),
                code="kind",
            )
        if self.is_recognised or self.exclusion_reason:
            raise ValidationError(
                _("This agreement has already been recognised or excluded."), code="state"
            )
        if self.handled_by_id is not None and self.handled_by_id == by.pk:
            raise ValidationError(
                _("You handled this agreement; please ask a colleague to recognise it."),
                code="own",
            )
        if on > today() or on < self.signed_on:
            raise ValidationError(
                {"on": _("The date lies between the signing date and today.")}, code="date"
            )
        if self.project.status == Project.Status.TERMINATED:
            raise ValidationError(_("The project has been terminated."), code="terminated")
        if self.kind == self.Kind.SUPPLEMENT:
            self._refuse_supplement_without_formal()
        floor = ZoneSetting.values()[ZoneSetting.Key.SIGNED_FLOOR_WAN]
        if self.kind == self.Kind.FORMAL and self.amount_wan < floor:
            raise ValidationError(
                _("The amount is below the smallest recognised, %(floor)s; please exclude it."),
                code="floor",
                params={"floor": units.money(floor)},
            )

    def _refuse_supplement_without_formal(self):
        formal = Agreement.objects.counted_projects().filter(
            project=self.project_id, signed_on__lte=self.signed_on
        )
        if not formal.exists():
            raise ValidationError(
                _("A supplement adds to a recognised formal agreement; recognise that first."),
                code="no_formal",
            )

    @transaction.atomic
    def withdraw(self, *, by, reason: str, on: date | None = None):
        """Take a recognition back, with the reason."""
        self._lock()
        if not self.is_recognised:
            raise ValidationError(_("This agreement is not recognised."), code="state")
        self._need(reason)
        self.recognised_on = self.recognised_by = None
        self._record(AgreementChange.Action.WITHDRAWN, by=by, on=on, reason=reason)
        self.save(update_fields=["recognised_on", "recognised_by"])

    @transaction.atomic
    def exclude(self, *, by, exclusion: str, reason: str = "", on: date | None = None):
        """Say why this agreement does not count (不予认定), whatever else is true of it."""
        self._lock()
        if self.exclusion_reason or exclusion not in self.Exclusion.values:
            raise ValidationError(_("This agreement is already excluded."), code="state")
        self.exclusion_reason = exclusion
        reason = reason or str(self.get_exclusion_reason_display())
        self._record(AgreementChange.Action.EXCLUDED, by=by, on=on, reason=reason)
        self.save(update_fields=["exclusion_reason"])

    @transaction.atomic
    def include(self, *, by, reason: str, on: date | None = None):
        """Take an exclusion back, with the reason."""
        self._lock()
        if not self.exclusion_reason:
            raise ValidationError(_("This agreement is not excluded."), code="state")
        self._need(reason)
        self.exclusion_reason = ""
        self._record(AgreementChange.Action.INCLUDED, by=by, on=on, reason=reason)
        self.save(update_fields=["exclusion_reason"])

    for _writer in (recognise, withdraw, exclude, include):
        _writer.alters_data = True
    del _writer

    @staticmethod
    def _need(reason: str):
        if not reason:
            raise ValidationError({"reason": _("Please say why.")}, code="reason")

    def _lock(self):
        # The project's lock comes first everywhere, so two agreements of one project take turns.
        Project.objects.select_for_update().get(pk=self.project_id)
        self.refresh_from_db(from_queryset=Agreement.objects.select_for_update())
        self._before = {name: getattr(self, name) for name in self.DECIDED}

    def decided(self) -> dict[str, list[str]]:
        """Return what the decision being made changes: ``{field: [before, after]}``."""
        pairs = {name: [self._before[name], getattr(self, name)] for name in self.DECIDED}
        return {
            name: [str(value or "") for value in pair]
            for name, pair in pairs.items()
            if pair[0] != pair[1]
        }

    def _record(self, action, *, by, on, reason=""):
        self.changes.create(
            action=action,
            by=by,
            on=on or today(),
            reason=reason,
            is_demo=self.is_demo,
        )


class AgreementChange(Change):
    """A decision about whether an agreement counts."""

    SUBJECT = "agreement"

    class Action(models.TextChoices):
        RECOGNISED = "RECOGNISED", _("recognised")
        WITHDRAWN = "WITHDRAWN", _("recognition withdrawn")
        EXCLUDED = "EXCLUDED", _("excluded")
        INCLUDED = "INCLUDED", _("exclusion withdrawn")

    agreement = models.ForeignKey(
        Agreement, models.CASCADE, related_name="changes", verbose_name=_("agreement")
    )
    action = models.CharField(_("decision"), max_length=12, choices=Action)

    class Meta(Change.Meta):
        verbose_name = _("decision on an agreement")
        verbose_name_plural = _("decisions on agreements")

    def __str__(self):
        return f"{self.on} {self.get_action_display()}"

    def changes(self):
        return self.agreement.decided()
