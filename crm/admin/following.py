"""Writing a follow-up: a sheet over the record of what is followed up."""

from __future__ import annotations

from datetime import date
from functools import partial

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_date
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from crm.models import FollowUp
from crm.models.follow_up_files import FollowUpFile
from zone.admin.base import display
from zone.admin.files import FilesField, taken
from zone.admin.inputs import ChipsWidget, DayWidget, coming_days
from zone.admin.records import NextStep
from zone.admin.state import StateAction, StateForm
from zone.calendar import days_ago, short_day, today
from zone.fields import LineInput, ProseInput
from zone.identifiers import no_personal_number

NONE, PICK = "none", "pick"


def usual_days(on: date) -> list[tuple[str, str]]:
    """Return the usual days of a next contact as choices, each with its date."""
    days: dict[date, str] = {}
    for label, day in coming_days(on):
        days.setdefault(day, label)
    return [(day.isoformat(), _chip(label, short_day(day))) for day, label in days.items()]


def _chip(label: str, hint: str) -> str:
    return format_html("{}<small>{}</small>", label, hint)


class FollowUpForm(StateForm):
    """What was said, and when to speak again; the day and who took part only when asked for."""

    kind = forms.ChoiceField(
        label=_("how"), choices=FollowUp.Kind, initial=FollowUp.Kind.CALL, widget=ChipsWidget
    )
    summary = ProseInput(
        label=_("what was said"),
        max_length=2000,
        validators=[no_personal_number],
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 3, "placeholder": _("@ and a colleague's name tells that person")}
        ),
    )
    result = forms.ChoiceField(
        label=_("result"), choices=FollowUp.Result, required=False, widget=ChipsWidget
    )
    next_step = LineInput(
        label=_("next step"),
        max_length=200,
        required=False,
        validators=[no_personal_number],
        widget=UnfoldAdminTextInputWidget,
    )
    when = forms.ChoiceField(label=_("when"), required=False, widget=ChipsWidget)
    next_on = forms.DateField(
        label=_("next date"), required=False, widget=DayWidget(coming=True, usual=False)
    )
    files = FilesField(label=_("photos or files"), required=False, allow_empty_file=True)
    happened_on = forms.DateField(label=_("day"), initial=today, widget=DayWidget())
    participants = LineInput(
        label=_("participants"),
        max_length=200,
        required=False,
        validators=[no_personal_number],
        widget=UnfoldAdminTextInputWidget,
    )
    folded = ("happened_on", "participants")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["when"].choices = [
            *usual_days(today()),
            (NONE, _chip(_("no further follow-up"), _("takes the date away"))),
            (PICK, _chip(_("another day"), _("choose below"))),
        ]

    def clean(self):
        data = super().clean()
        if data.get("next_on") and not data.get("when"):
            data["when"] = PICK
        if data.get("when") == PICK and not data.get("next_on") and "next_on" not in self.errors:
            self.add_error("next_on", ValidationError(_("Please choose the day.")))
        self._ask_for_files_again(data)
        return data

    def clean_files(self):
        return taken(self.cleaned_data["files"], partial(FollowUpFile, uploaded_by=self.user))

    def _ask_for_files_again(self, data):
        """Say which files a refusal of something else has lost: a browser sends none twice."""
        if self.errors and (names := [file.name for file in data.get("files") or ()]):
            words = _("Nothing was saved. Once the rest is right, choose again: %(names)s.")
            self.add_error("files", words % {"names": gettext(", ").join(names)})

    def apply(self):
        data = dict(self.cleaned_data)
        files = data.pop("files")
        when, picked = data.pop("when"), data.pop("next_on")
        next_on = picked if when == PICK else parse_date(when)
        row = FollowUp(by=self.user, next_on=next_on, no_next=when == NONE, **data)
        setattr(row, self.row._meta.model_name, self.row)
        row.full_clean()
        row.clean_for(self.user)
        row.save()
        for file in files:
            file.follow_up, file.is_demo = row, row.is_demo
            file.full_clean()
            file.save()


FOLLOW_UP = StateAction(
    "follow_up",
    _("Write a follow-up"),
    FollowUpForm,
    "can_follow_up",
    _("The follow-up on “%(row)s” is saved."),
    primary=True,
    icon="edit_note",
    is_sheet=True,
)


class FollowedUpAdmin:
    """For admin classes of what is followed up: the next step and the last contact of a record."""

    def get_object(self, request, object_id, from_field=None):
        row = super().get_object(request, object_id, from_field)
        if row is not None and not request.user.has_perm("crm.view_followup", row):
            row.latest_follow_ups = []  # nothing of them is told
        return row

    def next_step(self, request, row) -> NextStep:
        return NextStep(row.coming.text, row.next_contact_on, row.can_follow_up(request.user))

    @display(description=_("last contact"))
    def display_last_contact(self, row):
        return days_ago(row.last_contact_on) if row.last_contact_on else _("never")
