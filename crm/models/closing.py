"""How a lead ends, why, and how it comes back."""

from __future__ import annotations

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models.pool import TERM, courts, protection_from
from zone.calendar import today
from zone.models import ZoneSetting


class Closing(models.Model):
    """What ends as lost or invalid, for a reason of a kind, and may be reopened for a time."""

    class LostReason(models.TextChoices):
        PRICE = "PRICE", _("price of land, plant or rent")
        LOCATION = "LOCATION", _("location or logistics")
        PREMISES = "PREMISES", _("no suitable land or plant")
        ENERGY = "ENERGY", _("power, energy or environmental limits")
        POLICY = "POLICY", _("policy terms")
        FUNDS = "FUNDS", _("investor's funds or decision")
        MARKET = "MARKET", _("market or technology")
        ELSEWHERE = "ELSEWHERE", _("settled elsewhere")
        SILENT = "SILENT", _("investor no longer answers")
        DUPLICATE = "DUPLICATE", _("recorded twice")
        WRONG_DATA = "WRONG_DATA", _("data are wrong")
        EXCLUDED = "EXCLUDED", _("excluded by the rules of recognition")
        OTHER = "OTHER", _("other")

    # What an outcome may be put down to; ``OTHER`` either.
    OF_INVALID = (LostReason.DUPLICATE, LostReason.WRONG_DATA, LostReason.EXCLUDED)

    lost_reason = models.CharField(
        _("reason of the end"),
        max_length=12,
        choices=LostReason,
        blank=True,
        default="",
        editable=False,
    )

    class Meta:
        abstract = True

    @property
    def is_closed(self) -> bool:
        """Whether the lead ended without a project."""
        return self.stage in (self.Stage.LOST, self.Stage.INVALID)

    def can_reopen(self, user) -> bool:
        in_hand = self.is_closed and self._is_in_hand_of(user)
        may = in_hand and user.has_perm("crm.advance_lead", self)
        return may and today() <= self.reopens_until

    @property
    def reopens_until(self) -> date:
        (days,) = ZoneSetting.whole(ZoneSetting.Key.REOPEN_DAYS)
        return self.stage_since + timedelta(days=days)

    @transaction.atomic
    def close(
        self,
        *,
        by,
        to: str,
        reason: str,
        lost_reason: str = LostReason.OTHER,
        on: date | None = None,
    ):
        """End the lead as lost or invalid, with the kind of reason and the reason in words."""
        self.lock()
        if not self.is_open:
            raise ValidationError(_("This lead is already closed."), code="stage")
        if to not in (self.Stage.LOST, self.Stage.INVALID):
            words = _("Please say whether the lead is lost or invalid.")
            raise ValidationError({"to": ValidationError(words, code="stage")})
        if not reason:
            raise ValidationError({"reason": _("Please say why the lead ends.")}, code="reason")
        if lost_reason not in self.reasons_for(to):
            words = _("This is no reason for that outcome; please choose another.")
            raise ValidationError({"lost_reason": ValidationError(words, code="reason")})
        self.lost_reason = lost_reason
        self.move(self.stage_changes, by=by, on=on, reason=reason, stage=to, also=["lost_reason"])

    @classmethod
    def reasons_for(cls, outcome: str) -> tuple:
        """Return the kinds of reason that fit an outcome."""
        is_invalid = outcome == cls.Stage.INVALID
        own = [one for one in cls.LostReason if (one in cls.OF_INVALID) is is_invalid]
        return tuple(dict.fromkeys([*own, cls.LostReason.OTHER]))

    @transaction.atomic
    def reopen(self, *, by, reason: str, to_pool: bool = False, on: date | None = None):
        """Bring the lead back to where it stood, to its former owner or to the pool.

        Refused once the time for it has passed, and while another lead courts the investor.
        """
        self.lock()
        on = on or today()
        self._refuse_reopening(by, reason, on)
        if to_pool and self.owner_id:
            self._own(None, by=by, on=on, reason=reason)
        elif self.owner_id:
            self._refuse_former_owner()
            self.set_term(self.owner, on, protection_from(on), timezone.now())
        last = self.stage_changes.filter(to_stage=self.stage).order_by("-at").first()
        self.lost_reason = ""
        self.move(
            self.stage_changes,
            by=by,
            on=on,
            reason=reason,
            stage=last.from_stage if last else self.STAGES[0],
            also=["lost_reason", *TERM],
        )

    def _refuse_reopening(self, by, reason: str, on: date):
        if not self.is_closed:
            raise ValidationError(_("Only a lost or invalid lead is reopened."), code="stage")
        if not reason:
            raise ValidationError({"reason": _("Please say why.")}, code="reason")
        if on > self.reopens_until:
            words = _("This lead could be reopened until %(day)s; please register a new one.")
            raise ValidationError(words, code="late", params={"day": self.reopens_until})
        if known := type(self).objects.courting([self]).get(self):
            raise ValidationError(known.courted_words(by), code="courted")

    def _refuse_former_owner(self):
        """Refuse to reopen a lead for somebody who courts no more, or holds too many."""
        if not courts(self.owner):
            words = _("%(owner)s no longer courts investors; reopen the lead to the pool instead.")
            raise ValidationError(words, code="owner", params={"owner": self.owner})
        self.refuse_full(self.owner)

    close.alters_data = reopen.alters_data = True
