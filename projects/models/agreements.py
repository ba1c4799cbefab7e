from __future__ import annotations

from datetime import date

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from projects.models.agreement_changes import AgreementChange
from projects.models.agreement_rows import AgreementQuerySet
from projects.models.figure_work import barred
from projects.models.projects import Project, StageChange
from zone import units
from zone.calendar import today
from zone.feed.synced import Synced
from zone.fields import LineField, WanField, above_zero, bounded
from zone.identifiers import no_personal_number
from zone.models import ZoneSetting
from zone.models.base import Row


class Agreement(Row):
    """What the zone and an investor signed, and whether it counts toward the target."""

    SYNC = Synced(11, "agreements")

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

    BELONGS_TO = ("project",)

    project = models.ForeignKey(
        Project, models.PROTECT, related_name="agreements", verbose_name=_("project")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    title = LineField(
        _("title"), max_length=150, blank=True, default="", validators=[no_personal_number]
    )
    signed_on = models.DateField(_("signed on"))
    amount_wan = WanField(
        _("amount (10,000 yuan)"),
        null=True,
        blank=True,
        validators=[above_zero],
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
    entered_by = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="entered_agreements",
        verbose_name=_("entered by"),
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

    DECIDED = ("recognised_on", "recognised_by", "exclusion_reason")

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
            bounded("amount_wan", name="agreement_amount_bounded"),
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
        strayed = self.upgrades and self.upgrades.project_id != self.project_id
        if strayed and self.has_changed("upgrades", "project"):
            raise ValidationError({"upgrades": _("That agreement belongs to another project.")})

    def clean_for(self, user, before=None):
        """Refuse to take an agreement away from the one that upgrades it."""
        super().clean_for(user, before)
        moves = before is not None and before.project_id != self.project_id
        if moves and self.upgraded_by.exists():
            message = _("An agreement of the former project upgrades this one; change that first.")
            raise ValidationError({"project": ValidationError(message, code="in_use")})

    @property
    def is_recognised(self) -> bool:
        return self.recognised_on is not None

    @property
    def state_words(self) -> str:
        """Say whether this agreement counts, by the rules that add up the figures."""
        if self.exclusion_reason:
            return _("excluded")
        if self.kind not in (self.Kind.FORMAL, self.Kind.SUPPLEMENT):
            return _("does not count")
        counts, waits = self._standing()
        if self.is_recognised:
            return _("recognised") if counts else _("recognised, does not count at present")
        return _("waits for recognition") if waits else _("cannot count at present")

    def _standing(self) -> tuple[bool, bool]:
        """Whether it counts, and whether it waits; lists annotate ``with_standing`` first."""
        if "counts" in self.__dict__:
            return self.counts, self.waits
        rows = type(self).objects.with_standing().filter(pk=self.pk)
        return rows.values_list("counts", "waits").first() or (False, False)

    def can_change(self, user) -> bool:
        """A recognised agreement makes a published figure: withdraw it before changing it."""
        return not self.is_recognised

    def can_attach(self, user) -> bool:
        return self.can_change(user) and user.has_perm("projects.add_attachment", self)

    @property
    def is_waiting(self) -> bool:
        kinds = (self.Kind.FORMAL, self.Kind.SUPPLEMENT)
        return self.kind in kinds and not self.is_recognised and not self.exclusion_reason

    def can_recognise(self, user) -> bool:
        """Four-eyes rule of recognition; lists annotate ``with_work_of`` first."""
        may = self.is_waiting and user.has_perm("projects.recognise_agreement", self)
        return may and not self._work_of(user)

    def can_withdraw(self, user) -> bool:
        return self.is_recognised and user.has_perm("projects.recognise_agreement", self)

    def can_exclude(self, user) -> bool:
        return not self.exclusion_reason and user.has_perm("projects.recognise_agreement", self)

    def can_include(self, user) -> bool:
        may = bool(self.exclusion_reason) and user.has_perm("projects.recognise_agreement", self)
        return may and not (self.is_recognised and self._work_of(user))

    def why_barred(self, user) -> str:
        """Say why ``user``, who else might, cannot let this count, and who does so instead."""
        would_count = self.is_waiting or (self.is_recognised and bool(self.exclusion_reason))
        if not (would_count and user.has_perm("projects.recognise_agreement", self)):
            return ""
        work = self._work_of(user)
        return barred(_("You"), work).messages[0] if work else ""

    def _work_of(self, user) -> str:
        known = getattr(self, "work_of", None) == user.pk
        return self.work if known else self._read_work_of(user)

    def _read_work_of(self, user) -> str:
        this = Agreement.objects.filter(pk=self.pk).with_work_of(user)
        return this.values_list("work", flat=True).get()

    @transaction.atomic
    def recognise(self, *, by, on: date | None = None, responsible=None):
        """Count this agreement toward the target of its signing year, once per project.

        Another system names a person of the office who is ``responsible`` for it.
        """
        self._lock()
        on = on or today()
        self._refuse_recognition(on)
        self._refuse_work_of(by)
        if responsible is not None or by.is_service:
            self._refuse_responsible(responsible)
        self.recognised_on, self.recognised_by = on, responsible or by
        self.validate_constraints()
        self._record(AgreementChange.Action.RECOGNISED, by=by, on=on, responsible=responsible)
        self.save(update_fields=["recognised_on", "recognised_by"])
        if self.kind == self.Kind.FORMAL and self.project.stage == Project.Stage.RESERVED:
            # A project entered after its signature cannot have moved before it was entered.
            entered = StageChange.last_of(self.project) or self.signed_on
            signed = max(self.signed_on, entered)
            self.project.advance(by=by, on=signed, to=Project.Stage.SIGNED)

    def _refuse_recognition(self, on: date):
        if self.kind not in (self.Kind.FORMAL, self.Kind.SUPPLEMENT):
            raise ValidationError(
                _("A framework agreement or letter of intent never counts toward the target."),
                code="kind",
            )
        if self.is_recognised or self.exclusion_reason:
            raise ValidationError(
                _("This agreement has already been recognised or excluded."), code="state"
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

    def _refuse_work_of(self, by):
        # Asked anew under the lock: what was known before may have changed meanwhile.
        if work := self._read_work_of(by):
            raise barred(by if by.is_service else _("You"), work)

    def _refuse_responsible(self, person):
        if person is None or person.is_service:
            raise ValidationError(
                {"responsible": ValidationError(_("Name who is responsible."), code="required")}
            )
        if not person.has_perm("projects.recognise_agreement", self):
            words = _("This person's post is not to recognise agreements.")
            raise ValidationError({"responsible": ValidationError(words, code="post")})
        if work := self._read_work_of(person):
            raise ValidationError({"responsible": barred(person, work)})

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
        if self.is_recognised:
            self._refuse_work_of(by)  # it counts again at once
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

    @classmethod
    def locked(cls, pk):
        # The project's lock comes first everywhere, so two agreements of one project take turns.
        whole = Project.objects.filter(pk__in=cls.objects.filter(pk=pk).values("project"))
        list(whole.select_for_update().values_list("pk"))
        return super().locked(pk)

    def _lock(self):
        project = Project.objects.select_for_update().get(pk=self.project_id)
        self.refresh_from_db(from_queryset=Agreement.objects.select_for_update())
        if self.project_id != project.pk:
            raise ValidationError(
                _("This agreement has just been moved to another project; please open it again."),
                code="moved",
            )
        self._before = {name: getattr(self, name) for name in self.DECIDED}

    def decided(self) -> dict[str, list[str]]:
        """Return what the decision being made changes: ``{field: [before, after]}``."""
        pairs = {name: [self._before[name], getattr(self, name)] for name in self.DECIDED}
        return {
            name: [str(value or "") for value in pair]
            for name, pair in pairs.items()
            if pair[0] != pair[1]
        }

    def _record(self, action, *, by, on, reason="", responsible=None):
        self.changes.create(
            action=action,
            by=by,
            responsible=responsible,
            on=on or today(),
            reason=reason,
            is_demo=self.is_demo,
        )
