from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.models.contacts import Contact
from crm.models.leads import Lead
from crm.models.mentions import AT, mentioned
from crm.models.notices import MENTIONED, settle
from zone.calendar import today
from zone.feed.synced import Synced
from zone.fields import LineField, NoteField, trigram_index
from zone.identifiers import no_personal_number
from zone.models.base import Row
from zone.models.notices import Notice


class FollowUp(Row):
    """A contact with the investor of a lead or a project, and what comes next."""

    SYNC = Synced(9, "follow-ups")
    BELONGS_TO = ("lead", "project")

    class Kind(models.TextChoices):
        CALL = "CALL", _("call")
        WECHAT = "WECHAT", _("WeChat message")
        VISIT_OUT = "VISIT_OUT", _("visit to the enterprise")
        VISIT_IN = "VISIT_IN", _("visit to the zone")
        SURVEY = "SURVEY", _("site survey")
        EMAIL = "EMAIL", _("e-mail")
        MEETING = "MEETING", _("meeting")

    class Result(models.TextChoices):
        PROGRESS = "PROGRESS", _("progress")
        UNCHANGED = "UNCHANGED", _("no change")
        SETBACK = "SETBACK", _("setback")

    lead = models.ForeignKey(
        "crm.Lead",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="follow_ups",
        verbose_name=_("lead"),
    )
    project = models.ForeignKey(
        "projects.Project",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="follow_ups",
        verbose_name=_("project"),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    happened_on = models.DateField(_("happened on"), default=today)
    summary = NoteField(_("summary"), max_length=2000, validators=[no_personal_number])
    result = models.CharField(_("result"), max_length=10, choices=Result, blank=True, default="")
    participants = LineField(
        _("participants"), max_length=200, blank=True, default="", validators=[no_personal_number]
    )
    next_step = LineField(
        _("next step"), max_length=200, blank=True, default="", validators=[no_personal_number]
    )
    next_on = models.DateField(_("next date"), null=True, blank=True)
    no_next = models.BooleanField(
        _("no further follow-up"),
        default=False,
        help_text=_("Takes the lead's next date away; leave both empty to keep it."),
    )
    by = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        related_name="follow_ups",
        editable=False,
        verbose_name=_("by"),
    )

    class Meta:
        verbose_name = _("follow-up")
        verbose_name_plural = _("follow-ups")
        ordering = ("-happened_on", "-created_at", "id")
        indexes = [
            models.Index(fields=["-happened_on", "-created_at"], name="follow_up_date"),
            trigram_index("summary", name="crm_followup_summary_trgm"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(lead__isnull=False, project=None) | Q(lead=None, project__isnull=False),
                name="follow_up_one_subject",
                violation_error_message=_("A follow-up belongs to a lead or to a project."),
            ),
            models.CheckConstraint(
                condition=Q(next_on=None) | Q(next_on__gte=F("happened_on")),
                name="follow_up_next_after",
                violation_error_message=_("The next date cannot lie before this one."),
            ),
            models.CheckConstraint(
                condition=Q(next_on=None) | Q(no_next=False),
                name="follow_up_next_or_none",
                violation_error_message=_(
                    "Either give a next date or choose “no further follow-up”, not both."
                ),
            ),
        ]

    def __str__(self):
        return f"{self.happened_on} {self.get_kind_display()}"

    def clean(self):
        if self._state.adding and self.lead_id and not self.lead.is_open:
            raise ValidationError(
                {"lead": _("This lead is closed; follow its project up, or ask for a new lead.")}
            )
        if self.happened_on and self.happened_on > today():
            raise ValidationError(
                {"happened_on": _("A follow-up has happened; put plans into “next date”.")}
            )

    def can_remove_files(self, user) -> bool:
        return any(file.can_remove(user) for file in self.files.all())

    @transaction.atomic
    def save(self, *args, **kwargs):
        self.is_demo = self.is_demo or bool(self.lead_id and self.lead.is_demo)
        super().save(*args, **kwargs)
        self.after_writing([self])
        settle(self.by, self.lead or self.project)

    @classmethod
    def after_writing(cls, rows):
        """Keep the contacts longer, and the days of contact of the leads.

        The newest with a next date, or with none to come, sets the lead's.
        """
        for row in rows:
            # By ids: the project may be deleted at the same time.
            subject = {"pk": row.lead_id} if row.lead_id else {"project": row.project_id}
            contacts = Lead.objects.filter(**subject).order_by().values("contact")
            Contact.objects.filter(pk__in=contacts).keep_from(row.happened_on)
        Lead.objects.refresh_contacts({row.lead_id for row in rows if row.lead_id})
        for row in rows:
            if row.lead_id and row.lead.is_open and row._sets_next():
                row.lead.next_follow_up_on = row.next_on
                row.lead.save(update_fields=["next_follow_up_on"])
            row._tell_mentioned()

    def _tell_mentioned(self):
        if AT.search(text := f"{self.summary} {self.next_step}"):
            row = self.lead or self.project
            told = [(person, row, self.pk) for person in mentioned(text, row)]
            Notice.objects.tell(MENTIONED, told, by=self.by)

    def _sets_next(self) -> bool:
        if self.next_on is None and not self.no_next:
            return False
        later = self.lead.follow_ups.filter(happened_on__gt=self.happened_on)
        return not later.exclude(next_on=None, no_next=False).exists()
