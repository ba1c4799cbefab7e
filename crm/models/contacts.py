from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.enterprises import Enterprise
from zone import identifiers
from zone.fields import PhoneField
from zone.models.rows import Row
from zone.scoping import reach


class ContactQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Return the contacts behind leads and projects within reach, and those entered."""
        reached = reach(user)
        if reached.everything:
            return self
        leads, projects = (
            Enterprise._meta.get_field(name).related_model.objects.visible_to(user)
            for name in ("leads", "projects")
        )
        return self.filter(
            Q(entered_by=user)
            | Q(enterprise__chain__in=reached.led_chains)
            | Q(enterprise__in=leads.order_by().values("enterprise"))
            | Q(enterprise__in=projects.order_by().values("enterprise"))
        )


class Contact(Row):
    """A person of an enterprise, with the work numbers needed to reach them."""

    class Role(models.TextChoices):
        DECIDER = "DECIDER", _("decides")
        INFLUENCER = "INFLUENCER", _("influences")
        USER = "USER", _("uses")
        HANDLER = "HANDLER", _("handles")

    PERSONAL = ("phone", "wechat", "email")  # never written into the trail

    enterprise = models.ForeignKey(
        "crm.Enterprise",
        models.CASCADE,
        related_name="contacts",
        verbose_name=_("enterprise"),
    )
    name = models.CharField(_("full name"), max_length=50)
    title = models.CharField(_("post"), max_length=50, blank=True, default="")
    role = models.CharField(_("role"), max_length=10, choices=Role, blank=True, default="")
    phone = PhoneField(
        _("telephone"),
        max_length=20,
        blank=True,
        default="",
        validators=[identifiers.check_phone],
    )
    wechat = models.CharField(_("WeChat"), max_length=50, blank=True, default="")
    email = models.EmailField(_("e-mail"), blank=True, default="")
    entered_by = models.ForeignKey(
        "zone.User",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="entered_contacts",
        verbose_name=_("entered by"),
    )

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ("name", "id")

    def __str__(self):
        return f"{self.name}（{self.title}）" if self.title else self.name

    @property
    def masked_phone(self) -> str:
        """Return the number with its middle hidden: ``138****5678``."""
        digits = self.phone
        return f"{digits[:3]}****{digits[-4:]}" if len(digits) > 7 else "*" * len(digits)
