"""Transfer (流转): a lead changes hands, chain or zone with the consent of who takes it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.notices import tell_answered, tell_proposed
from zone.access.row_access import RowQuerySet, row_access
from zone.calendar import today
from zone.feed.synced import Synced
from zone.fields import LineField, NoteField
from zone.identifiers import no_personal_number
from zone.models import AuditEntry
from zone.models.base import Row


class TransferQuerySet(RowQuerySet):
    def within(self, access):
        """Return those of visible leads, and those that ask or asked this person for consent."""
        if access.everything:
            return self
        asked = (
            Q(proposed_by=access.user),
            Q(to_owner=access.user),
            Q(to_chain__in=access.led_chains),
        )
        leads = LeadTransfer._meta.get_field("lead").related_model.objects.reached(access)
        return self.opened(access, *asked, by={"lead": leads})

    def waiting(self):
        return self.filter(state=LeadTransfer.State.PROPOSED)

    def agreed(self):
        """Return those that were accepted, the newest first."""
        accepted = self.filter(state=LeadTransfer.State.ACCEPTED)
        return accepted.order_by("-answered_on", "-updated_at")

    def waiting_for(self, user):
        """Return those that wait for the answer of ``user``."""
        access = row_access(user, "crm.assign_lead")
        mine = Q(to_owner=user)
        if access.everything:
            mine |= ~Q(to_chain=None) | ~Q(to_place="")
        return self.waiting().filter(mine | Q(to_chain__in=access.led_chains))


class LeadTransfer(Row):
    """A proposal to hand a lead on: to a specialist, another chain, or another zone."""

    SYNC = Synced(23, "lead-transfers", paths=("lead__chain", "to_chain"))
    BELONGS_TO = ("lead",)
    HOLDERS = {"to_owner": "SPECIALIST"}

    class State(models.TextChoices):
        PROPOSED = "PROPOSED", _("proposed")
        ACCEPTED = "ACCEPTED", _("accepted")
        REFUSED = "REFUSED", _("refused")
        WITHDRAWN = "WITHDRAWN", _("withdrawn")

    lead = models.ForeignKey(
        "crm.Lead", models.CASCADE, related_name="transfers", verbose_name=_("lead")
    )
    # Who is asked may not see the lead yet: enough to decide by, without contact and amount.
    subject = LineField(_("what is handed on"), max_length=210, editable=False)
    from_owner = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("owner before"),
    )
    first_contact = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("first contact"),
        help_text=_("Who owned the lead first, and keeps the agreed share."),
    )
    to_owner = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("to the specialist"),
    )
    to_chain = models.ForeignKey(
        "zone.IndustryChain",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("to the chain"),
    )
    to_place = LineField(
        _("to another zone"),
        max_length=100,
        blank=True,
        default="",
        validators=[no_personal_number],
    )
    first_share = models.DecimalField(
        _("share of the first contact (%)"),
        max_digits=5,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text=_("Of the credit for the project, if there will be one."),
    )
    reason = NoteField(_("reason"), max_length=500, validators=[no_personal_number])
    proposed_by = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        editable=False,
        related_name="+",
        verbose_name=_("proposed by"),
    )
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.PROPOSED, editable=False
    )
    answered_by = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("answered by"),
    )
    answered_on = models.DateField(_("answered on"), null=True, blank=True, editable=False)
    answer = NoteField(
        _("answer"),
        max_length=500,
        blank=True,
        default="",
        editable=False,
        validators=[no_personal_number],
    )

    objects = TransferQuerySet.as_manager()

    class Meta:
        verbose_name = _("transfer of a lead")
        verbose_name_plural = _("transfers of leads")
        ordering = ("-created_at", "id")
        indexes = [
            models.Index(fields=["-created_at", "id"], name="transfer_created"),
            models.Index(fields=["state", "-created_at"], name="transfer_state"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["lead"],
                condition=Q(state="PROPOSED"),
                name="transfer_one_open",
                violation_error_message=_(
                    "A transfer of this lead waits for its answer; withdraw that one first."
                ),
            ),
            models.CheckConstraint(
                condition=Q(to_owner__isnull=False, to_chain=None, to_place="")
                | Q(to_owner=None, to_chain__isnull=False, to_place="")
                | (Q(to_owner=None, to_chain=None) & ~Q(to_place="")),
                name="transfer_one_target",
                violation_error_message=_("Name one who takes it: specialist, chain or zone."),
            ),
            models.CheckConstraint(
                condition=Q(first_share__gte=0, first_share__lte=100),
                name="transfer_share_range",
                violation_error_message=_("A share goes from 0 to 100 per cent."),
            ),
            models.CheckConstraint(
                condition=Q(state="PROPOSED", answered_by=None, answered_on=None)
                | (~Q(state="PROPOSED") & Q(answered_by__isnull=False, answered_on__isnull=False)),
                name="transfer_answered_by_somebody",
            ),
        ]

    def __str__(self):
        return f"{self.subject} → {self.target}"

    @property
    def target(self) -> str:
        return str(self.to_owner or self.to_chain or self.to_place)

    def clean(self):
        if not self._state.adding:
            return
        if self.to_owner_id and self.to_owner_id == self.lead.owner_id:
            raise ValidationError({"to_owner": _("This person owns the lead already.")})
        if self.to_chain_id and self.to_chain_id == self.lead.chain_id:
            raise ValidationError({"to_chain": _("The lead is of this chain already.")})

    def can_change(self, user) -> bool:
        """The methods alone write a transfer."""
        return self._state.adding

    def can_answer(self, user) -> bool:
        """Who takes it: the specialist, the leader of the chain; of another zone the office."""
        if self.state != self.State.PROPOSED:
            return False
        if self.to_owner_id == user.pk:
            return self.HOLDERS["to_owner"] in user.roles()
        access = row_access(user, "crm.assign_lead")
        if not user.has_perm("crm.assign_lead"):
            return False
        return access.everything or bool(self.to_chain and access.covers(self.to_chain))

    def can_withdraw(self, user) -> bool:
        own = self.proposed_by_id == user.pk and user.has_perm("crm.add_leadtransfer", self)
        return self.state == self.State.PROPOSED and (own or self.lead.can_transfer(user))

    @transaction.atomic
    def propose(self, *, by):
        """Save a new proposal; the lead stays where it is until it is accepted."""
        self.lead.lock()
        if not self.lead.is_open:
            raise ValidationError(_("This lead is already closed."), code="stage")
        first = self.lead.owner_changes.exclude(to_owner=None).order_by("on", "at").first()
        self.from_owner = self.lead.owner
        self.first_contact = first.to_owner if first else self.lead.owner
        self.subject = f"{self.lead.enterprise} · {self.lead.title}"
        self.proposed_by, self.is_demo = by, self.lead.is_demo
        self.full_clean()
        self.save(force_insert=True)
        AuditEntry.objects.record_made(self, by=by)
        tell_proposed(self)

    @transaction.atomic
    def accept(self, *, by, owner=None, on: date | None = None):
        """Take the lead; of a chain's, ``owner`` is who gets it, or nobody: its pool."""
        lead = self._locked_lead()
        self._refuse_other(self.can_answer(by))
        if not lead.is_open or lead.owner_id != self.from_owner_id:
            raise ValidationError(
                _("The lead has changed hands or was closed since; have it proposed anew."),
                code="state",
            )
        self._answer(self.State.ACCEPTED, by=by, on=on)
        if self.to_owner_id:
            self._change_owner(lead, by=by, on=on)
        elif self.to_chain_id:
            self._change_chain(lead, by=by, owner=owner, on=on)
        else:
            lead.close(by=by, to=lead.Stage.LOST, reason=self.in_words, on=on)

    @transaction.atomic
    def refuse(self, *, by, reason: str, on: date | None = None):
        """Leave the lead where it is, with the reason."""
        self._locked_lead()
        self._refuse_other(self.can_answer(by))
        if not reason:
            raise ValidationError({"reason": _("Please say why.")}, code="reason")
        self._answer(self.State.REFUSED, by=by, on=on, answer=reason)

    @transaction.atomic
    def withdraw(self, *, by, on: date | None = None):
        """Take the proposal back before it is answered."""
        self._locked_lead()
        self._refuse_other(self.can_withdraw(by))
        self._answer(self.State.WITHDRAWN, by=by, on=on)

    for _writer in (propose, accept, refuse, withdraw):
        _writer.alters_data = True
    del _writer

    @property
    def in_words(self) -> str:
        """Return what the histories of the lead say of it, no longer than they take."""
        words = _("Handed on to %(target)s: %(reason)s")
        return (words % {"target": self.target, "reason": self.reason})[:500]

    def _locked_lead(self):
        """Lock the lead, then this row, as ``propose`` does: of two who answer one waits."""
        lead = self.lead
        lead.lock()
        self.refresh_from_db(from_queryset=type(self)._base_manager.select_for_update())
        if self.state != self.State.PROPOSED:
            words = _("This transfer is “%(state)s” already.")
            raise ValidationError(words, "state", {"state": self.get_state_display()})
        return lead

    @staticmethod
    def _refuse_other(may: bool):
        """Refuse whoever is not the side whose turn it is, at whatever door."""
        if not may:
            words = _("Who is asked answers a transfer, and who proposed it takes it back.")
            raise ValidationError(words, code="post")

    def _answer(self, state: str, *, by, on, answer: str = ""):
        changes = {"state": [self.state, state]}
        self.state, self.answered_by, self.answer = state, by, answer
        self.answered_on = on or today()
        self.clean_fields()
        self.save(update_fields=["state", "answered_by", "answered_on", "answer"])
        AuditEntry.objects.record(
            AuditEntry.Action.STATE, by=by, of=self, changes=changes, why=answer
        )
        tell_answered(self, by=by)

    def _change_owner(self, lead, *, by, on):
        """Give the lead to the specialist: within the limit, unless the office accepts."""
        if not row_access(by, "crm.assign_lead").everything:
            lead.refuse_full(self.to_owner)
        until = lead.protected_until
        lead.assign(by=by, to=self.to_owner, reason=self.in_words, on=on, until=until)

    def _change_chain(self, lead, *, by, owner, on):
        changes = {"chain": [str(lead.chain), str(self.to_chain)]}
        lead.chain, lead.segment = self.to_chain, None
        lead.save(update_fields=["chain", "segment"])
        AuditEntry.objects.record(
            AuditEntry.Action.STATE, by=by, of=lead, changes=changes, why=self.in_words
        )
        if owner is not None:
            until = lead.protected_until
            lead.assign(by=by, to=owner, reason=self.in_words, on=on, until=until)
        elif lead.owner_id:
            lead.release(by=by, reason=self.in_words, on=on)


class Transferable(models.Model):
    """What is handed on with a transfer."""

    class Meta:
        abstract = True

    def can_transfer(self, user) -> bool:
        in_hand = self.is_open and self._is_in_hand_of(user)
        return in_hand and user.has_perm("crm.add_leadtransfer", self)
