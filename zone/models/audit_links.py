from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class AuditLink(models.Model):
    """The seal of a line of the trail: a hash over it and over the seal before it.

    The database writes it at commit (``zone.audit.triggers``), in the order of commits; the
    day is that of the commit. The first seal of a day stands on the last one of the day before.
    """

    position = models.BigIntegerField(_("position"), primary_key=True)
    day = models.DateField(_("day"))
    entry = models.OneToOneField(
        "zone.AuditEntry",
        models.DO_NOTHING,
        db_constraint=False,
        related_name="link",
        verbose_name=_("audit entry"),
    )
    previous = models.CharField(_("hash before"), max_length=64, blank=True)
    hash = models.CharField(_("hash"), max_length=64)

    class Meta:
        verbose_name = _("seal of an audit entry")
        verbose_name_plural = _("seals of audit entries")
        ordering = ("position",)
        default_permissions = ()
        indexes = [models.Index(fields=["day", "position"], name="audit_link_day")]

    def __str__(self):
        return f"{self.position} {self.hash[:12]}"


class AuditAnchor(models.Model):
    """How many anchors stand in a file outside the database (``zone.audit.anchors``)."""

    file = models.CharField(_("file of anchors"), max_length=500)
    number = models.PositiveIntegerField(_("anchors in the file"))
    signature = models.CharField(_("signature of the last one"), max_length=64, blank=True)
    at = models.DateTimeField(_("at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("file of anchors")
        verbose_name_plural = _("files of anchors")
        ordering = ("id",)
        default_permissions = ()
        indexes = [models.Index(fields=["file", "-id"], name="audit_anchor_file")]

    def __str__(self):
        return f"{self.file}: {self.number}"
