"""Conflicts (撞单裁定): two claim one investor, and the office decides with a reason."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.courting import SHORTEST_REASON
from crm.models.enterprises import Enterprise
from crm.models.leads import Lead
from crm.models.notices import tell_claimed, tell_decided
from crm.models.pool import refuse_idle
from zone import identifiers
from zone.access.row_access import RowQuerySet
from zone.calendar import not_in_future, today
from zone.feed.synced import Synced
from zone.fields import LineField, NoteField, RegisteredNameField, WanField, above_zero, bounded
from zone.identifiers import no_personal_number
from zone.models import AuditEntry
from zone.models.base import Row


class ConflictQuerySet(RowQuerySet):
    def within(self, access):
        """Return those of either side: of who raised them, and of the leads that stand."""
        if access.everything:
            return self
        mine = (Q(raised_by=access.user), Q(chain__in=access.led_chains))
        return self.opened(access, *mine, by={"lead": Lead.objects.reached(access)})

    def waiting(self):
        return self.filter(decision="")


class Conflict(Row):
    """A second claim on the investor of a lead, and what the office decided."""

    # Another system reads the claims of its chains; which lead stands is not told to it.
    SYNC = Synced(24, "conflicts", paths=("chain",))
    CLAIM = ("title", "planned_investment_wan", "grounds")

    class Decision(models.TextChoices):
        STAYS = "STAYS", _("the first keeps the lead")
        GIVEN = "GIVEN", _("the lead goes to the second")
        BESIDE = "BESIDE", _("both, each with a lead")
        SPLIT = "SPLIT", _("the first keeps it, the credit is shared")

    OF_OPEN = (Decision.GIVEN, Decision.SPLIT)  # what has an effect on an open lead alone

    lead = models.ForeignKey(
        Lead,
        models.CASCADE,
        related_name="conflicts",
        editable=False,
        verbose_name=_("lead that stands"),
    )
    enterprise_name = RegisteredNameField(
        _("enterprise"), max_length=100, validators=[no_personal_number]
    )
    chain = models.ForeignKey(
        "zone.IndustryChain", models.PROTECT, related_name="+", verbose_name=_("industry chain")
    )
    title = LineField(_("subject"), max_length=100, validators=[no_personal_number])
    planned_investment_wan = WanField(
        _("planned investment (10,000 yuan)"), validators=[above_zero]
    )
    grounds = NoteField(
        _("grounds"),
        max_length=1000,
        validators=[no_personal_number],
        help_text=_("Since when, with whom and how far you have courted this investor."),
    )
    raised_by = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        editable=False,
        related_name="+",
        verbose_name=_("raised by"),
    )
    decision = models.CharField(
        _("ruling"), max_length=8, choices=Decision, blank=True, default="", editable=False
    )
    second_share = models.DecimalField(
        _("share of the second (%)"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        editable=False,
        validators=[MinValueValidator(Decimal("0.01"))],
    )
    reason = NoteField(
        _("reason"),
        max_length=500,
        blank=True,
        default="",
        editable=False,
        validators=[no_personal_number],
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

    objects = ConflictQuerySet.as_manager()

    class Meta:
        verbose_name = _("conflict over an investor")
        verbose_name_plural = _("conflicts over investors")
        ordering = ("-created_at", "id")
        indexes = [
            models.Index(fields=["-created_at", "id"], name="conflict_created"),
            models.Index(fields=["decision", "-created_at"], name="conflict_decision"),
        ]
        constraints = [
            bounded("planned_investment_wan", name="conflict_amount_bounded"),
            models.UniqueConstraint(
                fields=["lead", "raised_by"],
                condition=Q(decision=""),
                name="conflict_one_open",
                violation_error_message=_("Your claim waits for the office's decision already."),
            ),
            models.CheckConstraint(
                condition=Q(decision="", decided_by=None, decided_on=None, reason="")
                | (
                    ~Q(decision="")
                    & ~Q(reason="")
                    & Q(decided_by__isnull=False, decided_on__isnull=False)
                ),
                name="conflict_decided_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(second_share=None)
                | Q(decision="SPLIT", second_share__gt=0, second_share__lt=100),
                name="conflict_share_of_split",
                violation_error_message=_("A share lies between 0 and 100 per cent."),
            ),
        ]
        permissions = [("decide_conflict", _("Can decide conflicts over investors"))]

    def __str__(self):
        return f"{self.enterprise_name} · {self.raised_by}"

    def can_change(self, user) -> bool:
        """The methods alone write a conflict."""
        return self._state.adding

    def shows_claim_to(self, user) -> bool:
        """Whether ``user`` reads the second's own case: that side and the office do."""
        return self.raised_by_id == user.pk or user.has_perm("crm.decide_conflict")

    def can_decide(self, user) -> bool:
        may = self.decision == "" and self.raised_by_id != user.pk
        return may and user.has_perm("crm.decide_conflict", self)

    def clean(self):
        """Find the lead that a new claim stands against; refuse where nobody else has one."""
        if not self._state.adding or not self.enterprise_name:
            return
        standing = self._standing()
        if standing is None or standing.owner_id == self.raised_by_id:
            words = _("Nobody else courts this investor; register the lead as usual.")
            raise ValidationError({"enterprise_name": ValidationError(words, "free")})
        self.lead = standing

    @transaction.atomic
    def raise_claim(self, *, by):
        """Save the claim against whoever courts the investor."""
        self.raised_by = by
        self.clean()
        self.is_demo = self.lead.is_demo
        self.full_clean()
        self.save(force_insert=True)
        tell_claimed(self, by=by)

    def _standing(self) -> Lead | None:
        claim = Lead(enterprise=_enterprise(self.enterprise_name))
        return Lead.objects.courting([claim], lock=False).get(claim)

    @transaction.atomic
    def decide(self, *, by, decision: str, reason: str, second_share=None, on: date | None = None):
        """Settle the claim and do what was decided, by the lead's own methods."""
        lead = self.lead
        lead.lock()
        self.refresh_from_db(from_queryset=type(self)._base_manager.select_for_update())
        if self.decision:
            raise ValidationError(_("This conflict has been decided already."), "state")
        if self.raised_by_id == by.pk:
            raise ValidationError(_("Nobody decides their own claim."), "own")
        if len(reason) < SHORTEST_REASON:
            words = _("Please say why in %(least)s characters or more.")
            refusal = ValidationError(words, "short", {"least": SHORTEST_REASON})
            raise ValidationError({"reason": refusal})
        if decision in self.OF_OPEN and not lead.is_open:
            words = _(
                "The lead that stands is closed or a project by now: nothing to give or share."
            )
            raise ValidationError({"decision": ValidationError(words, "stage")})
        if (decision == self.Decision.SPLIT) != (second_share is not None):
            words = _("Give a share of the credit where it is shared, and only there.")
            raise ValidationError({"second_share": ValidationError(words, "share")})
        self.decision, self.reason, self.second_share = decision, reason, second_share
        self.decided_by, self.decided_on = by, on or today()
        self.full_clean()
        self.save()
        AuditEntry.objects.record(
            AuditEntry.Action.STATE,
            by=by,
            of=self,
            changes={"decision": ["", decision]},
            why=reason,
        )
        owner = lead.owner
        self._carry_out(lead, by=by, on=on)
        tell_decided(self, owner, by=by)

    for _writer in (raise_claim, decide):
        _writer.alters_data = True
    del _writer

    def _carry_out(self, lead: Lead, *, by, on):
        if self.decision == self.Decision.GIVEN:
            lead.assign(by=by, to=self.raised_by, reason=self.reason, on=on)
        elif self.decision == self.Decision.BESIDE:
            refuse_idle(self.raised_by)
            beside = Lead(
                enterprise=lead.enterprise,
                chain=self.chain,
                title=self.title,
                source=Lead.Source.OWN,
                planned_investment_wan=self.planned_investment_wan,
                override_reason=self.reason,
                is_demo=self.is_demo,
            )
            beside.register(by=by, owner=self.raised_by, on=on)
            AuditEntry.objects.record_made(beside, by=by)


def _enterprise(name: str) -> Enterprise:
    """Return the enterprise of this name, or one that is not saved, to look for its like."""
    known = Enterprise.objects.filter(exact_key=identifiers.exact_key(name)).first()
    if known:
        return known
    new = Enterprise(name=name)
    Enterprise.set_derived_fields([new])
    return new
