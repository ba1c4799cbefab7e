from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.follow_ups import FollowUp
from zone.models.file_rows import FileRow


class FollowUpFile(FileRow):
    """A photo or paper that was sent with a follow-up."""

    SYNC = None
    BELONGS_TO = ("follow_up",)

    # What was said goes only after its files: no file stays behind without a row.
    follow_up = models.ForeignKey(
        FollowUp, models.PROTECT, related_name="files", verbose_name=_("follow-up")
    )

    class Meta(FileRow.Meta):
        verbose_name = _("file of a follow-up")
        verbose_name_plural = _("files of follow-ups")
