from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _

from zone.access.roles import may_grant
from zone.access.row_access import RowQuerySet
from zone.calendar import today
from zone.models import in_hand
from zone.models.audit import AuditEntry, contents
from zone.models.base import Row
from zone.models.users import User

DAY_AFTER = Cast(F("ends_on"), models.DateField()) + 1
NOWHERE = Value(UUID(int=0), models.UUIDField())  # of a post without chain or park


class AppointmentQuerySet(RowQuerySet):
    def within(self, access):
        """Return all to offices and administrators, to others the own ones."""
        return self if access.knows_people else self.filter(user=access.user)

    def current(self, on: date):
        """Return those in force at the end of ``on``; the last day is included."""
        return self.filter(starts_on__lte=on).filter(Q(ends_on=None) | Q(ends_on__gte=on))


class Appointment(Row):
    """A person's post for a chain or a park, from one day to another."""

    SYNC = None
    BELONGS_TO = ("user",)

    class Role(models.TextChoices):
        LEADERSHIP = "LEADERSHIP", _("zone leadership")
        CHAIN_LEADER = "CHAIN_LEADER", _("chain leader")
        OFFICE = "OFFICE", _("promotion office")
        SPECIALIST = "SPECIALIST", _("promotion specialist")
        PARK_OPERATOR = "PARK_OPERATOR", _("park operator")
        SERVICE_AGENT = "SERVICE_AGENT", _("service agent")
        STATISTICIAN = "STATISTICIAN", _("statistician")
        SYSTEM_ADMIN = "SYSTEM_ADMIN", _("system administrator")
        SECURITY_ADMIN = "SECURITY_ADMIN", _("security administrator")
        AUDITOR = "AUDITOR", _("auditor")

    user = models.ForeignKey(
        User, models.CASCADE, related_name="appointments", verbose_name=_("person"), db_index=False
    )
    role = models.CharField(_("role"), max_length=20, choices=Role)
    chain = models.ForeignKey(
        "zone.IndustryChain",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="appointments",
        verbose_name=_("industry chain"),
    )
    park = models.ForeignKey(
        "zone.Park",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="appointments",
        verbose_name=_("park"),
    )
    starts_on = models.DateField(_("first day in post"), default=today)
    ends_on = models.DateField(_("last day in post"), null=True, blank=True)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        ordering = ("-starts_on", "id")
        indexes = [models.Index(fields=["user", "role", "starts_on"], name="appointment_person")]
        constraints = [
            models.CheckConstraint(
                # The day before the first: a post that was taken back before it gave anything.
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on") - 1),
                name="appointment_ends_after_start",
                violation_error_message=_("The last day cannot lie before the first."),
            ),
            ExclusionConstraint(
                name="appointment_held_once",
                expressions=[
                    (F("user"), RangeOperators.EQUAL),
                    (F("role"), RangeOperators.EQUAL),
                    (Coalesce(F("chain"), NOWHERE), RangeOperators.EQUAL),
                    (Coalesce(F("park"), NOWHERE), RangeOperators.EQUAL),
                    (
                        Func(F("starts_on"), DAY_AFTER, function="daterange"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message=_(
                    "This person already holds this post; end that one first."
                ),
            ),
            models.CheckConstraint(
                condition=Q(chain=None) | Q(park=None),
                name="appointment_one_reach",
                violation_error_message=_("Please choose either a chain or a park, not both."),
            ),
            models.CheckConstraint(
                condition=~Q(role="CHAIN_LEADER") | Q(chain__isnull=False),
                name="appointment_leader_has_chain",
                violation_error_message=_("A chain leader is appointed to a chain."),
            ),
            models.CheckConstraint(
                condition=~Q(role="PARK_OPERATOR") | Q(park__isnull=False),
                name="appointment_operator_has_park",
                violation_error_message=_("A park operator is appointed to a park."),
            ),
        ]

    @property
    def is_current(self) -> bool:
        day = today()
        return self.starts_on <= day and (self.ends_on is None or self.ends_on >= day)

    @property
    def reach_words(self) -> str:
        """Say what the post opens, as ``visible_to`` of the models has it."""
        where = self.chain or self.park or "—"
        return REACH_WORDS[self.role] % {"where": where}

    def can_appoint(self, user) -> bool:
        """Nobody grants what they do not hold."""
        return user.has_perm("zone.add_appointment") and may_grant(user, self.role)

    def can_end(self, user) -> bool:
        return (self.ends_on is None or self.ends_on >= today()) and self.can_appoint(user)

    @transaction.atomic
    def appoint(self, *, by, reason: str = ""):
        """Save a new appointment; refused where it would grant more than ``by`` holds."""
        if not self.can_appoint(by):
            raise ValidationError(
                {"role": _("You do not hold this role's rights yourself, so you cannot give it.")}
            )
        User.objects.select_for_update().get(pk=self.user_id)  # of two at once one is refused
        self.full_clean()
        self.save(force_insert=True)
        made = {name: ["", value] for name, value in contents(self).items()}
        self._record(AuditEntry.Action.APPOINTED, by, reason, made)

    @transaction.atomic
    def end(self, *, by, on: date, reason: str, to: dict | None = None):
        """Let the post end with the day ``on``: from the next day it gives nothing.

        The day before the first takes back a post that began today, or has not begun. What lies
        in the person's hand passes on in the same act: ``to`` names for each of ``left()`` who
        takes it. A post that ends after today leaves it where it is until then.
        """
        self.refresh_from_db(from_queryset=Appointment.objects.select_for_update())
        if not self.can_end(by):
            raise ValidationError(_("This post has ended or is not yours to end."), code="state")
        if not reason:
            raise ValidationError({"reason": _("Please say why.")}, code="reason")
        if self.ends_on and on > self.ends_on:
            raise ValidationError({"on": _("The post already ends earlier; appoint anew instead.")})
        if on < self.starts_on - timedelta(days=1):
            raise ValidationError({"on": _("The last day cannot lie before the first.")})
        if to or (on <= today() and self.is_current):
            in_hand.hand_over(self.left(), to or {}, by=by, reason=reason, without=self)
        before, self.ends_on = self.ends_on, on
        self.save(update_fields=["ends_on"])
        changes = {"ends_on": [str(before or ""), str(on)]}
        self._record(AuditEntry.Action.ENDED, by, reason, changes)

    def left(self) -> list[in_hand.Share]:
        """Return what the end of this post would leave without somebody who looks after it."""
        return in_hand.shares(self.user, without=self)

    appoint.alters_data = end.alters_data = True

    def _record(self, action, by, reason, changes):
        AuditEntry.objects.record(action, by=by, of=self, why=reason, changes=changes)

    def __str__(self):
        where = self.chain or self.park
        post = self.get_role_display()
        return f"{self.user} · {post} · {where}" if where else f"{self.user} · {post}"


REACH_WORDS = {
    Appointment.Role.LEADERSHIP: _("Reads every lead, project, agreement and figure of the zone."),
    Appointment.Role.CHAIN_LEADER: _(
        "All leads with their contacts, projects and agreements of the chain “%(where)s”."
    ),
    Appointment.Role.OFFICE: _("Everything of the zone; recognises agreements, sets targets."),
    Appointment.Role.SPECIALIST: _(
        "Own leads and projects, and the pool of the chain “%(where)s”."
    ),
    Appointment.Role.PARK_OPERATOR: _(
        "Buildings, spaces, occupancies and projects of the park “%(where)s”."
    ),
    Appointment.Role.SERVICE_AGENT: _("The projects whose errands were given to this person."),
    Appointment.Role.STATISTICIAN: _("Reads everything of the zone; enters capital arrivals."),
    Appointment.Role.SYSTEM_ADMIN: _("Accounts and posts; no lead, no project, no contact."),
    Appointment.Role.SECURITY_ADMIN: _(
        "Second factors, keys, approved hosts and security alerts; no lead, no project."
    ),
    Appointment.Role.AUDITOR: _("Reads the audit trail and changes nothing."),
}
