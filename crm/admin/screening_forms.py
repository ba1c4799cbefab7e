"""The screening sheet: a page with a line for each criterion, a total, an opinion, a result."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from crm.models import Lead
from crm.models.screenings import Screening, ScreeningCriterion
from zone.admin.state import StateAction, StateForm
from zone.fields import PlainNumber, ProseInput
from zone.identifiers import no_personal_number

PREFIX = "points-"


class PointsField(PlainNumber):
    """The points of one criterion; empty while it is not scored."""

    def __init__(self, criterion: ScreeningCriterion, heading: str):
        self.heading = heading
        words = {"name": criterion.name, "points": f"{criterion.max_points.normalize():f}"}
        attrs = {"data-points": words["points"], "data-total": _("Total"), "autocomplete": "off"}
        super().__init__(
            label=_("%(name)s (%(points)s points)") % words,
            help_text=criterion.guidance,
            required=False,
            max_digits=5,
            decimal_places=1,
            validators=[MinValueValidator(Decimal(0)), MaxValueValidator(criterion.max_points)],
            widget=UnfoldAdminTextInputWidget(attrs=attrs),
        )


class ScreenForm(StateForm):
    opinion = ProseInput(
        label=_("opinion"),
        max_length=2000,
        required=False,
        validators=[no_personal_number],
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )
    result = forms.ChoiceField(
        label=_("result"),
        required=False,
        choices=[("", _("leave it open for the decision")), *Screening.Result.choices],
        widget=UnfoldAdminSelectWidget,
    )

    class Media:
        js = ("crm/screening.js",)
        css = {"all": ("crm/screening.css",)}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._add_criteria()
        sheet = self.row.screenings.waiting().first()
        if sheet is not None:
            scores = sheet.scores.values_list("criterion", "points")
            self.initial |= {f"{PREFIX}{pk}": points for pk, points in scores}
            self.initial["opinion"] = sheet.opinion
        if not self.row.can_decide(self.user):
            del self.fields["result"]

    def _add_criteria(self):
        groups = {}
        for criterion in ScreeningCriterion.objects.asked_of(self.row):
            groups.setdefault(criterion.group, []).append(criterion)
        for group, criteria in groups.items():
            for place, criterion in enumerate(criteria):
                heading = "" if place else group
                self.fields[f"{PREFIX}{criterion.pk}"] = PointsField(criterion, heading)
        self.order_fields([name for name in self.fields if name.startswith(PREFIX)])

    def apply(self):
        points = {
            name.removeprefix(PREFIX): value
            for name, value in self.cleaned_data.items()
            if name.startswith(PREFIX) and value is not None
        }
        known = {str(one.pk): one.pk for one in ScreeningCriterion.objects.asked_of(self.row)}
        self.row.screen(
            by=self.user,
            points={known[key]: value for key, value in points.items() if key in known},
            opinion=self.cleaned_data["opinion"],
            result=self.cleaned_data.get("result", ""),
        )


def _explain(lead: Lead) -> str:
    sheet = lead.screenings.order_by("-created_at").first()
    if sheet is None:
        return _("Score what you know; what is empty can follow before the decision.")
    words = _("Last sheet: %(points)s points, %(result)s, by %(person)s.")
    return words % {
        "points": sheet.points_in_words,
        "result": sheet.get_result_display() or _("to be decided"),
        "person": sheet.decided_by or sheet.prepared_by or "—",
    }


SCREEN = StateAction(
    "screen",
    _("Screening sheet"),
    ScreenForm,
    "can_screen",
    _("The screening sheet of “%(row)s” is saved."),
    explain=_explain,
)


def address_of(lead: Lead) -> str:
    return reverse("admin:crm_lead_screen", args=[lead.pk])


def explain_advance(lead: Lead) -> str:
    """Lead to the sheet from the page where its lack refuses."""
    if lead.stage != Lead.Stage.NEW or lead.has_passed or not lead.needs_screening:
        return ""
    words = _("A new lead goes on with a passed screening.")
    link = '{} <a class="zone-link" href="{}">{}</a>'
    return format_html(link, words, address_of(lead), _("Open the screening sheet"))


def screening_notes(request, lead: Lead) -> list[dict]:
    """Return what the page of a lead says of its screening: what is missing, what was decided."""
    if not lead.is_open:
        return []
    sheet = lead.screenings.order_by("-created_at").first()
    if sheet is None:
        return _missing(request, lead)
    words = {"points": sheet.points_in_words, "person": sheet.decided_by}
    to_sheet = {"url": address_of(lead), "link": _("Open the screening sheet")}
    to_sheet = to_sheet if lead.can_screen(request.user) else {}
    if not sheet.result:
        text = _("The screening sheet (%(points)s points) waits for its decision.")
        return [{"text": text % words, **to_sheet}]
    if sheet.result == Screening.Result.HOLD:
        text = _("Screening: on hold (%(points)s points, %(person)s). Score it anew in time.")
        return [{"text": text % words, "tone": "warning", **to_sheet}]
    if sheet.result == Screening.Result.REJECT:
        text = _("Screening: rejected (%(points)s points, %(person)s).") % words
        url = reverse("admin:crm_lead_close", args=[lead.pk])
        to_close = {"url": url, "link": _("Close the lead")}
        to_close = to_close if lead.can_advance(request.user) else {}
        return [{"text": text, "tone": "warning", **to_close}]
    return []


def _missing(request, lead: Lead) -> list[dict]:
    if lead.stage != Lead.Stage.NEW or not lead.can_screen(request.user):
        return []
    if not lead.needs_screening:
        return []
    text = _("A new lead goes on with a passed screening.")
    return [{"text": text, "url": address_of(lead), "link": _("Open the screening sheet")}]
