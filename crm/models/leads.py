from __future__ import annotations

from datetime import date

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.models.clocks import Clocked, ClockQuerySet
from crm.models.closing import Closing
from crm.models.courting import Courting, CourtingQuerySet
from crm.models.followed_up import FollowedUp
from crm.models.next_dates import Dated
from crm.models.notices import tell_given
from crm.models.pool import Pooled, PoolQuerySet, protection_from
from crm.models.screenings import PASSED, Screened
from crm.models.transfers import Transferable
from zone.calendar import today
from zone.database import bulk
from zone.feed.synced import Synced
from zone.fields import (
    LineField,
    PinyinKeyField,
    ProseField,
    WanField,
    above_zero,
    bounded,
    not_negative,
    trigram_index,
)
from zone.identifiers import no_personal_number
from zone.models.base import Row
from zone.models.in_hand import Hand, departed
from zone.models.staged import Staged

OPEN, ENDED = ("NEW", "SCREENED", "NEGOTIATING", "AGREEING"), ("LOST", "INVALID")


class LeadQuerySet(PoolQuerySet, ClockQuerySet, CourtingQuerySet):
    def within(self, access):
        """Return the leads that ``access`` opens.

        Own ones, those of led chains, the pool of own chains, and what came before a
        project within reach.
        """
        if access.everything:
            return self
        own, projects = self._reached(access)
        return self.opened(access, *own, by={"project": projects})

    @staticmethod
    def _reached(access) -> tuple[tuple[Q, ...], models.QuerySet]:
        pool = Q(owner=None, stage__in=Lead.OPEN_STAGES, chain__in=access.chains)
        projects = Lead._meta.get_field("project").related_model.objects.reached(access)
        return (Q(owner=access.user), Q(chain__in=access.led_chains), pool), projects

    def open(self):
        return self.filter(stage__in=Lead.OPEN_STAGES)

    def due(self, on: date | None = None):
        """Return the open leads whose next follow-up is due or overdue."""
        return self.open().filter(next_follow_up_on__lte=on or today())

    def departed(self):
        """Return the open leads of owners who hold no post that courts (已离任)."""
        return self.filter(departed(Lead, *Lead.HELD_BY))

    def undated(self):
        """Return the owned open leads without a next follow-up, which are never due."""
        return self.open().filter(owner__isnull=False, next_follow_up_on=None)


class Lead(
    Courting,
    Dated,
    FollowedUp,
    Screened,
    Transferable,
    Pooled,
    Closing,
    Clocked,
    Staged,
    Row,
):
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
    HELD_BY = (
        Hand(
            "owner",
            roles=("SPECIALIST", "CHAIN_LEADER", "OFFICE"),
            permission="crm.assign_lead",
            done=~Q(stage__in=OPEN_STAGES),
            give=lambda lead, **given: lead.assign(**given),
            drop=lambda lead, **given: lead.release(**given),
            drop_label=_("Return to the pool"),
        ),
    )
    REQUIREMENTS = (PASSED,)
    CLOSED = _("Only an open lead of your own takes entries; please claim it first.")

    enterprise = models.ForeignKey(
        "crm.Enterprise", models.PROTECT, related_name="leads", verbose_name=_("enterprise")
    )
    title = LineField(_("subject"), max_length=100, validators=[no_personal_number])
    sort_key = PinyinKeyField(of="title")
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
    registered_at = models.DateTimeField(_("registered at"), auto_now_add=True)
    next_follow_up_on = models.DateField(_("next follow-up"), null=True, blank=True)

    objects = LeadQuerySet.as_manager()

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        ordering = ("-registered_at", "id")
        indexes = [
            models.Index(fields=["-registered_at", "id"], name="lead_registered"),
            models.Index(fields=["stage", "-registered_at"], name="lead_stage"),
            models.Index(fields=["sort_key", "id"], name="lead_sort_key"),
            # The columns of the board, in their order, of everybody and of one owner.
            models.Index(
                fields=["stage", "next_follow_up_on", "id"],
                include=["planned_investment_wan"],
                name="lead_board",
            ),
            models.Index(
                fields=["owner", "stage", "next_follow_up_on", "id"],
                include=["planned_investment_wan"],
                name="lead_owner_board",
            ),
            models.Index(fields=["chain", "stage"], name="lead_chain_stage"),
            models.Index(fields=["next_follow_up_on"], name="lead_next_follow_up"),
            models.Index(fields=["planned_investment_wan"], name="lead_investment"),
            trigram_index("title", name="crm_lead_title_trgm"),
            trigram_index("sort_key", name="crm_lead_pinyin"),
            # Of what the jobs and the lists of the day look for, a small part of the table.
            models.Index(
                fields=["protected_until"],
                condition=Q(stage__in=OPEN, owner__isnull=False),
                name="lead_protected",
            ),
            models.Index(
                fields=["owner"],
                condition=Q(stage__in=OPEN, owner__isnull=False, next_follow_up_on=None),
                name="lead_undated",
            ),
            models.Index(
                fields=["untouched_since"],
                condition=Q(untouched_since__isnull=False),
                name="lead_untouched",
            ),
            models.Index(
                fields=["lost_reason", "stage_since"],
                condition=~Q(lost_reason=""),
                name="lead_lost_reason",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(lost_reason="") | Q(stage__in=ENDED),
                name="lead_lost_reason_of_ended",
                violation_error_message=_("Only a lost or invalid lead has a reason of its end."),
            ),
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

    def can_follow_up(self, user) -> bool:
        return self.can_change(user) and user.has_perm("crm.add_followup", self)

    def can_advance(self, user) -> bool:
        in_hand = self.is_open and self._is_in_hand_of(user)
        return in_hand and user.has_perm("crm.advance_lead", self)

    def can_convert(self, user) -> bool:
        in_hand = self.stage in self.CONVERTIBLE_STAGES and self._is_in_hand_of(user)
        return in_hand and user.has_perm("crm.convert_lead", self)

    def _is_in_hand_of(self, user) -> bool:
        return self.owner_id == user.pk or user.has_perm("crm.assign_lead", self)

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
    def register(self, *, by, on: date | None = None, **whose):
        """Save a new lead as its first reporter's own, protected from others.

        Another system, which owns nothing itself, names the ``owner``, or None for the pool.
        """
        on = on or today()
        self.stage, self.owner = self.Stage.NEW, whose.get("owner", by)
        self.stage_since = on
        self.set_term(self.owner, on, protection_from(on))
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
        tell_given({self: self.owner}, by=by)

    @classmethod
    @transaction.atomic
    def register_all(cls, leads: dict[Lead, object], *, by, on: date | None = None):
        """Save new leads that have been checked, each with its owner or None for the pool.

        What ``register`` does for one, in a statement for each table; the line of its making
        tells the first stage and owner of a lead.
        """
        on = on or today()
        until = protection_from(on)
        for lead, owner in leads.items():
            lead.stage, lead.owner, lead.stage_since = cls.Stage.NEW, owner, on
            lead.set_term(owner, on, until)
        bulk.insert(cls, leads)
        step, handover = (
            getattr(cls, name).rel.related_model for name in ("stage_changes", "owner_changes")
        )
        same = {"by_id": by.pk, "on": on}
        first = {**same, "to_stage": cls.Stage.NEW}
        bulk.insert_values(step, [{"lead_id": lead.pk} for lead in leads], same=first)
        owners = [{"lead_id": lead.pk, "to_owner_id": lead.owner_id} for lead in leads]
        bulk.insert_values(handover, owners, same=same)
        tell_given(leads, by=by)

    mark_converted.alters_data = register.alters_data = True
