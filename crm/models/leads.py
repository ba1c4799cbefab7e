from __future__ import annotations

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.models.courting import Courting, CourtingQuerySet
from crm.models.screenings import PASSED, Screened
from crm.models.transfers import Transferable
from zone.calendar import today
from zone.database import bulk
from zone.feed.synced import Synced
from zone.fields import (
    LineField,
    ProseField,
    WanField,
    above_zero,
    bounded,
    not_negative,
    trigram_index,
)
from zone.identifiers import no_personal_number
from zone.models import ZoneSetting
from zone.models.base import Row
from zone.models.staged import Staged


class LeadQuerySet(CourtingQuerySet):
    def within(self, access):
        """Return the leads that ``access`` opens.

        Own ones, those of led chains, the pool of own chains, and what came before a
        project within reach.
        """
        if access.everything:
            return self
        pool = Q(owner=None, stage__in=Lead.OPEN_STAGES, chain__in=access.chains)
        projects = Lead._meta.get_field("project").related_model.objects.within(access)
        own = (Q(owner=access.user), Q(chain__in=access.led_chains), pool)
        return self.opened(access, *own, by={"project": projects})

    def open(self):
        return self.filter(stage__in=Lead.OPEN_STAGES)

    def pool(self):
        """Return the open leads that nobody owns (公海)."""
        return self.open().filter(owner=None)

    def due(self, on: date | None = None):
        """Return the open leads whose next follow-up is due or overdue."""
        return self.open().filter(next_follow_up_on__lte=on or today())

    def undated(self):
        """Return the owned open leads without a next follow-up, which are never due."""
        return self.open().filter(owner__isnull=False, next_follow_up_on=None)


class Lead(Courting, Screened, Transferable, Staged, Row):
    """An investment intention of an enterprise, until it is signed, lost or invalid."""

    SYNC = Synced(8, "leads", paths=("chain",))

    class Stage(models.TextChoices):
        NEW = "NEW", _("new")
        SCREENED = "SCREENED", _("screened")
        NEGOTIATING = "NEGOTIATING", _("negotiating")
        AGREEING = "AGREEING", _("agreeing")
        SIGNED = "SIGNED", _("turned into a project")
        LOST = "LOST", _("lost")
        INVALID = "INVALID", _("invalid")

    class Source(models.TextChoices):
        OWN = "OWN", _("own research")
        REFERRAL = "REFERRAL", _("referral")
        EXHIBITION = "EXHIBITION", _("exhibition")
        ASSOCIATION = "ASSOCIATION", _("chamber or association")
        INVESTOR = "INVESTOR", _("through an investor")
        SUPERIOR = "SUPERIOR", _("from a superior office")
        INTERMEDIARY = "INTERMEDIARY", _("intermediary")
        VISIT = "VISIT", _("visitor")
        LIAISON = "LIAISON", _("liaison office")
        WEBSITE = "WEBSITE", _("website")

    STAGES = OPEN_STAGES = (Stage.NEW, Stage.SCREENED, Stage.NEGOTIATING, Stage.AGREEING)
    CONVERTIBLE_STAGES = OPEN_STAGES[1:]
    REQUIREMENTS = (PASSED,)
    CLOSED = _("Only an open lead of your own takes entries; please claim it first.")

    enterprise = models.ForeignKey(
        "crm.Enterprise", models.PROTECT, related_name="leads", verbose_name=_("enterprise")
    )
    title = LineField(_("subject"), max_length=100, validators=[no_personal_number])
    chain = models.ForeignKey(
        "zone.IndustryChain",
        models.PROTECT,
        related_name="leads",
        verbose_name=_("industry chain"),
        db_index=False,
    )
    segment = models.ForeignKey(
        "zone.ChainSegment",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="leads",
        verbose_name=_("chain segment"),
    )
    source = models.CharField(_("source"), max_length=12, choices=Source)
    referrer = LineField(
        _("referrer"), max_length=50, blank=True, default="", validators=[no_personal_number]
    )
    planned_investment_wan = WanField(
        _("planned investment (10,000 yuan)"), validators=[above_zero]
    )
    planned_fixed_asset_wan = WanField(
        _("of which fixed assets (10,000 yuan)"),
        null=True,
        blank=True,
        validators=[not_negative],
    )
    contact = models.ForeignKey(
        "crm.Contact",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="leads",
        verbose_name=_("contact"),
    )
    needs = ProseField(
        _("needs"),
        blank=True,
        default="",
        validators=[no_personal_number],
        help_text=_("Land or plant, power, environmental requirements."),
    )
    expected_output_wan = WanField(
        _("expected yearly output (10,000 yuan)"),
        null=True,
        blank=True,
        validators=[not_negative],
    )
    expected_tax_wan = WanField(
        _("expected yearly tax (10,000 yuan)"),
        null=True,
        blank=True,
        validators=[not_negative],
    )
    stage = models.CharField(
        _("stage"), max_length=12, choices=Stage, default=Stage.NEW, editable=False
    )
    owner = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="leads",
        editable=False,
        verbose_name=_("owner"),
        help_text=_("Empty means the pool."),
        db_index=False,
    )
    registered_at = models.DateTimeField(_("registered at"), auto_now_add=True)
    protected_until = models.DateField(_("protected until"), null=True, blank=True, editable=False)
    next_follow_up_on = models.DateField(_("next follow-up"), null=True, blank=True)

    objects = LeadQuerySet.as_manager()

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        ordering = ("-registered_at", "id")
        indexes = [
            models.Index(fields=["-registered_at", "id"], name="lead_registered"),
            models.Index(fields=["stage", "-registered_at"], name="lead_stage"),
            models.Index(fields=["title", "id"], name="lead_title"),
            models.Index(fields=["owner", "stage"], name="lead_owner_stage"),
            models.Index(fields=["chain", "stage"], name="lead_chain_stage"),
            models.Index(fields=["next_follow_up_on"], name="lead_next_follow_up"),
            models.Index(fields=["planned_investment_wan"], name="lead_investment"),
            trigram_index("title", name="crm_lead_title_trgm"),
        ]
        constraints = [
            bounded(
                "planned_investment_wan",
                "planned_fixed_asset_wan",
                "expected_output_wan",
                "expected_tax_wan",
                name="lead_amounts_bounded",
            ),
            models.CheckConstraint(
                condition=Q(planned_investment_wan__gt=0),
                name="lead_investment_positive",
                violation_error_message=_("The planned investment must be more than 0."),
            ),
            models.CheckConstraint(
                condition=Q(planned_fixed_asset_wan=None)
                | Q(planned_fixed_asset_wan__lte=F("planned_investment_wan")),
                name="lead_fixed_within_total",
                violation_error_message=_("The fixed assets cannot exceed the planned investment."),
            ),
        ]
        permissions = [
            ("advance_lead", _("Can advance and close leads")),
            ("convert_lead", _("Can turn leads into projects")),
            ("assign_lead", _("Can assign leads")),
            ("override_lead", _("Can register leads of courted investors")),
        ]

    def __str__(self):
        return self.title

    def clean(self):
        strayed = self.segment_id and self.chain_id and self.segment.chain_id != self.chain_id
        if strayed and self.has_changed("segment", "chain"):
            raise ValidationError({"segment": _("This segment belongs to another chain.")})
        strayed = self.contact_id and self.contact.enterprise_id != self.enterprise_id
        if strayed and self.has_changed("contact", "enterprise"):
            raise ValidationError({"contact": _("This contact belongs to another enterprise.")})

    @property
    def is_open(self) -> bool:
        return self.stage in self.OPEN_STAGES

    @property
    def is_overdue(self) -> bool:
        return self.is_open and bool(self.next_follow_up_on) and self.next_follow_up_on < today()

    def can_change(self, user) -> bool:
        """Neither a closed lead nor one of the pool, which is claimed first."""
        return self.is_open and self._is_in_hand_of(user)

    def can_advance(self, user) -> bool:
        in_hand = self.is_open and self._is_in_hand_of(user)
        return in_hand and user.has_perm("crm.advance_lead", self)

    def can_convert(self, user) -> bool:
        in_hand = self.stage in self.CONVERTIBLE_STAGES and self._is_in_hand_of(user)
        return in_hand and user.has_perm("crm.convert_lead", self)

    def _is_in_hand_of(self, user) -> bool:
        return self.owner_id == user.pk or user.has_perm("crm.assign_lead", self)

    def can_assign(self, user) -> bool:
        return self.is_open and user.has_perm("crm.assign_lead", self)

    def can_claim(self, user) -> bool:
        return self.is_open and self.owner_id is None and user.has_perm("crm.change_lead", self)

    def can_release(self, user) -> bool:
        mine = self.owner_id == user.pk or user.has_perm("crm.assign_lead", self)
        return self.is_open and self.owner_id is not None and mine

    def refuse_stage(self, target):
        if not self.is_open or target not in self.OPEN_STAGES:
            raise ValidationError(
                _("This lead is “%(stage)s”; it cannot be advanced further here."),
                code="stage",
                params={"stage": self.get_stage_display()},
            )
        if target == self.stage:
            raise ValidationError(_("The lead is already at this stage."), code="stage")

    @transaction.atomic
    def close(self, *, by, to: str, reason: str, on: date | None = None):
        """End the lead as lost or invalid, with the reason."""
        self.lock()
        if not self.is_open or to not in (self.Stage.LOST, self.Stage.INVALID):
            raise ValidationError(_("This lead is already closed."), code="stage")
        if not reason:
            raise ValidationError({"reason": _("Please say why the lead ends.")}, code="reason")
        self.move(self.stage_changes, by=by, on=on, reason=reason, stage=to)

    @transaction.atomic
    def mark_converted(self, *, by, on: date | None = None, reason: str = ""):
        """Close the lead because a project now carries it on (called by ``convert``)."""
        self.lock()
        if self.stage not in self.CONVERTIBLE_STAGES:
            raise ValidationError(
                _("Only a screened lead that is still open becomes a project."), code="stage"
            )
        self.refuse_unpassed()
        self.refuse_later(by)
        self.move(self.stage_changes, by=by, on=on, reason=reason, stage=self.Stage.SIGNED)

    @transaction.atomic
    def claim(self, *, by, owner=None, on: date | None = None):
        """Take the lead out of the pool; of two who try at once one wins.

        Another system, which owns nothing itself, names the ``owner`` it does so for.
        """
        self.lock()
        if not self.is_open or self.owner_id is not None:
            raise ValidationError(
                _("This lead has already been taken by %(owner)s."),
                code="taken",
                params={"owner": self.owner or "—"},
            )
        self._own(owner or by, by=by, on=on, reason="")

    @transaction.atomic
    def assign(self, *, by, to, reason: str, on: date | None = None):
        """Give the lead to a specialist, with the reason."""
        self.lock()
        if not self.is_open:
            raise ValidationError(_("This lead is already closed."), code="stage")
        if not reason:
            raise ValidationError({"reason": _("Please say why.")}, code="reason")
        self._own(to, by=by, on=on, reason=reason)

    @transaction.atomic
    def release(self, *, by, reason: str, on: date | None = None):
        """Give the lead back to the pool, with the reason."""
        self.lock()
        if not self.is_open or self.owner_id is None:
            raise ValidationError(_("This lead is already in the pool."), code="pool")
        if not reason:
            raise ValidationError({"reason": _("Please say why.")}, code="reason")
        self._own(None, by=by, on=on, reason=reason)

    @transaction.atomic
    def register(self, *, by, on: date | None = None, **whose):
        """Save a new lead as its first reporter's own, protected from others.

        Another system, which owns nothing itself, names the ``owner``, or None for the pool.
        """
        on = on or today()
        self.stage, self.owner = self.Stage.NEW, whose.get("owner", by)
        self.protected_until = self._protection_from(on) if self.owner else None
        self.full_clean()
        self.refuse_override(by)
        self.refuse_courted(by)
        self.save(force_insert=True)
        self.stage_changes.create(
            from_stage="", to_stage=self.stage, by=by, on=on, is_demo=self.is_demo
        )
        self.owner_changes.create(
            from_owner=None, to_owner=self.owner, by=by, on=on, is_demo=self.is_demo
        )

    @classmethod
    @transaction.atomic
    def register_all(cls, leads: dict[Lead, object], *, by, on: date | None = None):
        """Save new leads that have been checked, each with its owner or None for the pool.

        What ``register`` does for one, in a statement for each table; the line of its making
        tells the first stage and owner of a lead.
        """
        on = on or today()
        until = cls._protection_from(on)
        for lead, owner in leads.items():
            lead.stage, lead.owner = cls.Stage.NEW, owner
            lead.protected_until = until if owner else None
        bulk.insert(cls, leads)
        step, handover = (
            getattr(cls, name).rel.related_model for name in ("stage_changes", "owner_changes")
        )
        same = {"by_id": by.pk, "on": on}
        first = {**same, "to_stage": cls.Stage.NEW}
        bulk.insert_values(step, [{"lead_id": lead.pk} for lead in leads], same=first)
        owners = [{"lead_id": lead.pk, "to_owner_id": lead.owner_id} for lead in leads]
        bulk.insert_values(handover, owners, same=same)

    for _writer in (close, mark_converted, claim, assign, release, register):
        _writer.alters_data = True
    del _writer

    @staticmethod
    def _protection_from(on: date) -> date:
        days = ZoneSetting.values()[ZoneSetting.Key.LEAD_PROTECTION_DAYS]
        return on + timedelta(days=int(days))

    def _own(self, owner, *, by, on, reason):
        on = on or today()
        self.protected_until = self._protection_from(on) if owner else None
        self.move(
            self.owner_changes, by=by, on=on, reason=reason, owner=owner, also=["protected_until"]
        )
