from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from zone import identifiers
from zone.fields import PhoneField
from zone.models.rows import Row


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
