from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from zone.access import addresses
from zone.access.row_access import OpenQuerySet
from zone.fields import LineField, PinyinKeyField
from zone.identifiers import no_personal_number
from zone.models.base import Row
from zone.models.webhooks import ApprovedHost


class GroupBotQuerySet(OpenQuerySet):
    def offered(self):
        return self.filter(is_disabled=False)


class GroupBot(Row):
    """A bot of a chat group, by which those who chose it get their morning digest.

    Whoever knows its address can write to the group: it is shown to nobody and in no trail.
    """

    SYNC = None
    PERSONAL = ("url",)

    class Kind(models.TextChoices):
        WECOM = "WECOM", _("WeCom")
        DINGTALK = "DINGTALK", _("DingTalk")

    name = LineField(_("chat group"), max_length=30, unique=True, validators=[no_personal_number])
    sort_key = PinyinKeyField()
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    url = models.CharField(
        _("address"),
        max_length=addresses.LONGEST,
        help_text=_(
            "As the group's settings show it when the bot is added. For DingTalk choose the "
            "keyword “招商提醒” there."
        ),
    )
    is_disabled = models.BooleanField(_("switched off"), default=False)

    objects = GroupBotQuerySet.as_manager()

    class Meta:
        verbose_name = _("group bot")
        verbose_name_plural = _("group bots")
        ordering = ("sort_key", "id")

    def __str__(self):
        return f"{self.name}（{self.get_kind_display()}）"

    @property
    def host(self) -> str:
        """Return the host for people: the rest of the address is a secret."""
        return self.url.split("/")[2] if self.url.count("/") > 1 else ""

    def clean(self):
        """The address is one of the approved ones, as of any other webhook."""
        if not self.url:
            return
        try:
            ApprovedHost.objects.for_target(addresses.read_url(self.url))
        except ValidationError as refusal:
            raise ValidationError({"url": refusal}) from refusal
