"""Whose a lead is: the pool (公海), claims, and what protects an owner's lead (报备)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models.notices import tell_owner_change, tell_returned
from zone.access.row_access import RowQuerySet
from zone.calendar import hours_before, today
from zone.database import bulk
from zone.models import AuditEntry, User, ZoneSetting

AT_ONCE = 1000  # leads returned in one transaction
KEY = ZoneSetting.Key
TERM = ("owned_on", "untouched_since", "protected_until")  # what follows from the owner


class PoolQuerySet(RowQuerySet):
    def pool(self):
        """Return the open leads that nobody owns (公海)."""
        return self.open().filter(owner=None)

    def owned(self):
        return self.open().filter(owner__isnull=False)

    def held_by(self, person):
        """Return the leads that count toward the limit of what ``person`` may hold."""
        return self.open().filter(owner=person).exclude(tier=Pooled.Tier.A)

    def ending(self, on: date | None = None):
        """Return the owned leads whose protection ends soon: their owners are to be warned."""
        on = on or today()
        (days,) = ZoneSetting.whole(KEY.LEAD_WARNING_DAYS)
        return self.owned().filter(protected_until__range=(on, on + timedelta(days=days)))

    def unprotected(self, on: date | None = None):
        """Return the owned leads whose protection has ended before ``on``."""
        return self.owned().filter(protected_until__lt=on or today())

    def untouched(self):
        """Return the leads that were claimed or assigned and not followed up since."""
        return self.owned().filter(untouched_since__isnull=False)

    def neglected(self, now: datetime | None = None):
        """Return the untouched leads whose time for the first follow-up has passed."""
        hours, workdays = ZoneSetting.whole(KEY.FIRST_FOLLOW_UP_HOURS, KEY.COUNT_WORKDAYS)
        if not hours:
            return self.none()
        limit = hours_before(now or timezone.now(), hours, workdays=bool(workdays))
        return self.untouched().filter(untouched_since__lt=limit)

    @transaction.atomic
    def return_to_pool(self, *, reason: str, on: date | None = None) -> int:
        """Take up to ``AT_ONCE`` of these from their owners, and return how many.

        What ``release`` does for one, in a statement for each table. A lead that somebody else
        has locked is left for the next run.
        """
        rows = self.order_by().select_for_update(skip_locked=True, of=("self",))
        leads = list(rows.select_related("owner")[:AT_ONCE])
        if not leads:
            return 0
        handover = self.model._meta.get_field("owner_changes").related_model
        lines = [
            {"lead_id": lead.pk, "from_owner_id": lead.owner_id, "is_demo": lead.is_demo}
            for lead in leads
        ]
        bulk.insert_values(handover, lines, same={"on": on or today(), "reason": reason})
        changes = {lead: {"owner": [str(lead.owner), ""]} for lead in leads}
        AuditEntry.objects.record_all_states(changes, by=None, why=reason)
        taken = self.model._base_manager.filter(pk__in=[lead.pk for lead in leads])
        taken.update(owner=None, **dict.fromkeys(TERM))
        tell_returned({lead: lead.owner for lead in leads})
        return len(leads)

    return_to_pool.alters_data = True


class Pooled(models.Model):
    """What somebody owns for a time, or nobody: then it lies in the pool and may be claimed."""

    class Tier(models.TextChoices):
        A = "A", _("tier A")
        B = "B", _("tier B")
        C = "C", _("tier C")

    tier = models.CharField(
        _("tier"),
        max_length=1,
        choices=Tier,
        blank=True,
        default="",
        help_text=_("Set by the office or the chain leader; A does not count as held."),
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
    owned_on = models.DateField(_("owned since"), null=True, blank=True, editable=False)
    untouched_since = models.DateTimeField(
        _("without follow-up since"), null=True, blank=True, editable=False
    )
    protected_until = models.DateField(_("protected until"), null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    def clean_for(self, user, before=None):
        super().clean_for(user, before)
        if self.tier != (before.tier if before else "") and not user.has_perm("crm.assign_lead"):
            words = _("The tier is set by the office or the chain leader.")
            raise ValidationError({"tier": ValidationError(words, code="post")})

    def can_assign(self, user) -> bool:
        return self.is_open and user.has_perm("crm.assign_lead", self)

    def can_claim(self, user) -> bool:
        return self.is_open and self.owner_id is None and user.has_perm("crm.change_lead", self)

    def can_release(self, user) -> bool:
        own = self.owner_id == user.pk and user.has_perm("crm.change_lead", self)
        mine = own or user.has_perm("crm.assign_lead", self)
        return self.is_open and self.owner_id is not None and mine

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
        self._refuse_returned(owner or by, on or today())
        self.refuse_full(owner or by)
        self._own(owner or by, by=by, on=on, reason="")

    @transaction.atomic
    def assign(self, *, by, to, reason: str, on: date | None = None, until: date | None = None):
        """Give the lead to a specialist, with the reason; protected no longer than ``until``."""
        self.lock()
        if not self.is_open:
            raise ValidationError(_("This lead is already closed."), code="stage")
        if not reason:
            raise ValidationError({"reason": _("Please say why.")}, code="reason")
        self._own(to, by=by, on=on, reason=reason, until=until)

    @transaction.atomic
    def release(self, *, by, reason: str, on: date | None = None):
        """Give the lead back to the pool, with the reason."""
        self.lock()
        if not self.is_open or self.owner_id is None:
            raise ValidationError(_("This lead is already in the pool."), code="pool")
        if not reason:
            raise ValidationError({"reason": _("Please say why.")}, code="reason")
        self._own(None, by=by, on=on, reason=reason)

    for _writer in (claim, assign, release):
        _writer.alters_data = True
    del _writer

    def refuse_full(self, person):
        """Refuse one lead more than ``person`` may hold; of two at once the second counts both."""
        if self.tier == self.Tier.A:
            return
        # Not FOR UPDATE: every row that names the person would have to wait.
        User.objects.select_for_update(no_key=True).get(pk=person.pk)
        (limit,) = ZoneSetting.whole(KEY.HOLD_LIMIT)
        held = type(self).objects.held_by(person).exclude(pk=self.pk).count()
        if held >= limit:
            raise ValidationError(
                _(
                    "%(person)s holds %(held)d leads, and the limit is %(limit)d: convert or close "
                    "one, or return one to the pool first."
                ),
                code="full",
                params={"person": person, "held": held, "limit": limit},
            )

    def _refuse_returned(self, person, on: date):
        """Refuse who had the lead until lately, so that nobody renews a protection by a claim."""
        returns = self.owner_changes.filter(to_owner=None, from_owner=person)
        last = returns.aggregate(last=models.Max("on"))["last"]
        if last is None:
            return
        (days,) = ZoneSetting.whole(KEY.CLAIM_COOLDOWN_DAYS)
        if on < (again := last + timedelta(days=days)):
            raise ValidationError(
                _(
                    "%(person)s had this lead until %(last)s and may claim it again from "
                    "%(again)s on; until then the office or the chain leader may assign it."
                ),
                code="cooldown",
                params={"person": person, "last": last, "again": again},
            )

    def set_term(self, owner, on: date, until: date | None, untouched: datetime | None = None):
        """Set since when and until when the lead is the owner's; nobody has it for any time."""
        self.owned_on = on if owner else None
        self.protected_until = until if owner else None
        self.untouched_since = untouched if owner else None

    def _own(self, owner, *, by, on, reason, until: date | None = None):
        on = on or today()
        if owner is not None:
            refuse_idle(owner)
            until = min(new := protection_from(on), until or new)
        self.set_term(owner, on, until, _moment() if owner else None)
        before = self.owner
        self.move(self.owner_changes, by=by, on=on, reason=reason, owner=owner, also=TERM)
        tell_owner_change(self, before, by=by)


def _moment() -> datetime:
    """Return now by the clock of the database, which says when contacts were entered."""
    with connection.cursor() as cursor:
        [moment] = cursor.execute("SELECT now()").fetchone()
    return moment


def courts(person) -> bool:
    """Whether a person may work leads today."""
    return person.is_active and person.has_perm("crm.change_lead")


def refuse_idle(person):
    """Refuse to give a lead to whoever has left or holds no post that works leads."""
    if not courts(person):
        words = _("%(owner)s no longer courts investors; please choose somebody else.")
        raise ValidationError(words, code="owner", params={"owner": person})


def protection_from(on: date) -> date:
    (days,) = ZoneSetting.whole(KEY.LEAD_PROTECTION_DAYS)
    return on + timedelta(days=days)
