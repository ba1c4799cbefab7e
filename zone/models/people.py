from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from zone.models.accounts import Account
from zone.models.rows import Row


class User(Row, Account):
    """A person who logs in."""

    display_name = models.CharField(_("display name"), max_length=50, blank=True, default="")
    department = models.CharField(_("department"), max_length=100, blank=True, default="")

    class Meta(Account.Meta):
        verbose_name = _("person")
        verbose_name_plural = _("people")
        permissions = [("reset_second_factor", "Can reset the second factor of a person")]

    def __str__(self):
        return self.display_name or self.username

    def get_full_name(self):
        return str(self)

    get_short_name = get_full_name


class AppointmentQuerySet(models.QuerySet):
    def current(self, on: date):
        """Return those in force at the end of ``on``; the last day is included."""
        return self.filter(starts_on__lte=on).filter(Q(ends_on=None) | Q(ends_on__gte=on))


class Appointment(Row):
    """A person's post for a chain or a park, from one day to another."""

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
        User, models.CASCADE, related_name="appointments", verbose_name=_("person")
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
    starts_on = models.DateField(_("first day in post"))
    ends_on = models.DateField(_("last day in post"), null=True, blank=True)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        ordering = ("-starts_on", "id")
        indexes = [models.Index(fields=["user", "role", "starts_on"], name="appointment_person")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="appointment_ends_after_start",
                violation_error_message=_("The last day cannot lie before the first."),
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

    def __str__(self):
        where = self.chain or self.park
        post = self.get_role_display()
        return f"{self.user} · {post} · {where}" if where else f"{self.user} · {post}"
