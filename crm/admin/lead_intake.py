"""Logging a lead on one page: the enterprise in one box, the contact, and the rest folded."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import MaxLengthValidator
from django.http import JsonResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from crm.admin.courting import LONGEST, chosen, look_up
from crm.daily import usual_next
from crm.intake import find_enterprise, log_lead
from crm.models import Contact, Enterprise, Lead
from zone import identifiers
from zone.access.row_access import row_access
from zone.access.throttling import Limit
from zone.admin.autocomplete import KnowingForm
from zone.admin.code_input import CodeInput, code_of
from zone.fields import LineInput, NormalisedText, ProseInput

LOOK_UPS = 60, timedelta(minutes=1)  # of one person; nobody types faster for long


class EnterpriseBox(UnfoldAdminTextInputWidget):
    """A name that is typed in full, or chosen from those found (crm/static/crm/courting.js)."""

    def get_context(self, name, value, attrs):
        box = {
            "data-courting": reverse("admin:crm_lead_courting"),
            "data-new": _("New"),
            "role": "combobox",
            "aria-autocomplete": "list",
            "aria-expanded": "false",
            "aria-controls": "crm-enterprises",
            "autocomplete": "off",
            "autocapitalize": "off",
            "spellcheck": "false",
            "placeholder": _("Name, pinyin, initials or credit code; a new one in full"),
        }
        return super().get_context(name, value, box | (attrs or {}))


def may_override(user) -> bool:
    return user.has_perm("crm.override_lead")


class LeadIntakeForm(KnowingForm):
    """The form for a new lead: an enterprise by its name, on record or new, and a contact."""

    enterprise_name = NormalisedText(
        label=_("enterprise"),
        normalise=identifiers.registered_name,
        validators=[MaxLengthValidator(100)],
        widget=EnterpriseBox,
        error_messages={"required": _("Please enter the enterprise's full name.")},
    )
    is_distinct = forms.BooleanField(
        label=_("another enterprise of like name"), required=False, widget=UnfoldBooleanSwitchWidget
    )
    contact_name = LineInput(
        label=_("contact"),
        max_length=50,
        validators=[identifiers.no_personal_number],
        widget=UnfoldAdminTextInputWidget,
    )
    contact_title = LineInput(
        label=_("post"),
        max_length=50,
        required=False,
        validators=[identifiers.no_personal_number],
        widget=UnfoldAdminTextInputWidget,
    )
    contact_phone = NormalisedText(
        label=_("telephone"),
        required=False,
        normalise=identifiers.compact_phone,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "tel"}),
    )
    origin_region = Enterprise._meta.get_field("origin_region").formfield(
        widget=CodeInput("region"), normalise=code_of("region"), help_text=_("Of a new enterprise.")
    )
    override_reason = ProseInput(
        label=_("why beside another lead"),
        max_length=500,
        required=False,
        validators=[identifiers.no_personal_number],
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=_("Only where the investor is courted already; 10 characters or more."),
    )

    class Meta:
        model = Lead
        fields = ("title", "chain", "source", "planned_investment_wan")

    def clean_contact_phone(self):
        phone = self.cleaned_data["contact_phone"]
        if phone:
            identifiers.check_phone(phone)
        return phone

    def clean(self):
        data = super().clean()
        name = data.get("enterprise_name")
        enterprise = self._named(name, data["is_distinct"]) if name else None
        if enterprise:
            self._check_courted(enterprise)
        return data

    def _named(self, name: str, is_distinct: bool) -> Enterprise | None:
        """Return the enterprise of this name, or a new one; None where something is wrong."""
        if known := find_enterprise(name):
            return self._within_reach(known)
        new = Enterprise(name=name, is_distinct=is_distinct)
        try:
            new.full_clean()
        except ValidationError as refusal:
            errors = [error for found in refusal.error_dict.values() for error in found]
            self.add_error("enterprise_name", errors)
            return None
        return new

    def _check_courted(self, enterprise: Enterprise):
        data = self.cleaned_data
        contact = Contact(enterprise=enterprise, phone=data.get("contact_phone") or "")
        lead = Lead(enterprise=enterprise, contact=contact)
        lead.override_reason = data.get("override_reason") or ""
        try:
            lead.refuse_override(self.user)
            lead.refuse_courted(self.user)
        except ValidationError as refusal:
            told = {
                {"enterprise": "enterprise_name"}.get(name, name): errors
                for name, errors in refusal.update_error_dict({}).items()
            }
            self.add_error(None, ValidationError(told))
            if "enterprise_name" in told and may_override(self.user):
                self.add_error("override_reason", _("If it shall stand all the same, say why."))

    def _within_reach(self, enterprise):
        """Return ``enterprise``; a name alone opens no enterprise of another chain."""
        reached = Enterprise.objects.visible_to(self.user, "view")
        if reached.filter(pk=enterprise.pk).exists():
            self.instance.enterprise = enterprise
            return enterprise
        refusal = _("This enterprise is already being courted elsewhere; please ask the office.")
        self.add_error("enterprise_name", ValidationError(refusal, code="beyond_reach"))
        return None

    def intake(self) -> dict:
        """Return what ``crm.intake.log_lead`` needs beside the lead."""
        names = ("enterprise_name", "is_distinct", "contact_name", "contact_title")
        names += ("contact_phone", "origin_region")
        return {name: self.cleaned_data[name] for name in names}


class IntakeAdmin:
    """For the admin class of leads: its add form, and what is told while that is filled in."""

    add_fieldsets = (
        (
            None,
            {
                "fields": (
                    "enterprise_name",
                    "title",
                    ("chain", "source"),
                    "planned_investment_wan",
                    ("contact_name", "contact_phone"),
                    "next_follow_up_on",
                ),
                "classes": ("crm-intake",),
            },
        ),
        (
            _("More"),
            {
                "fields": (
                    "contact_title",
                    "segment",
                    "origin_region",
                    "tier",
                    "referrer",
                    "planned_fixed_asset_wan",
                    "expected_output_wan",
                    "expected_tax_wan",
                    "needs",
                ),
                "classes": ("collapse",),
            },
        ),
    )

    class Media:
        js = ("crm/courting.js",)
        css = {"all": ("crm/courting.css",)}

    def get_custom_urls(self):
        lookup = ("courting/", "crm_lead_courting", self.courting_view)
        return (*super().get_custom_urls(), lookup)

    def get_changeform_initial_data(self, request):
        """Propose one's chain, the source of one's last lead, the usual next day, and whom for."""
        chains = set(row_access(request.user).chains)
        own = Lead.objects.filter(owner=request.user).order_by("-registered_at")
        source, chain = own.values_list("source", "chain").first() or ("", None)
        chain = next(iter(chains)) if len(chains) == 1 else chain
        proposed = {"next_follow_up_on": usual_next(), "source": source}
        proposed |= {"chain": chain} if chain in chains else {}
        given = super().get_changeform_initial_data(request)
        enterprises = Enterprise.objects.visible_to(request.user)
        if enterprise := chosen(enterprises, given.pop("enterprise", "")):
            given["enterprise_name"] = enterprise.name
        return proposed | given

    def courting_view(self, request, model_admin=None):
        """Tell, while a new lead is typed, which enterprise it may be and who courts it already."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if not Limit("lead enterprise", str(request.user.pk), *LOOK_UPS).take().is_open:
            words = _("Too many look-ups at once; please go on typing in a moment.")
            return JsonResponse({"options": [], "lines": [words]}, status=429)
        return JsonResponse(look_up(request.user, request.GET.get("name", "")))

    def get_form(self, request, obj=None, change=False, **kwargs):
        if obj is None:
            kwargs["form"] = LeadIntakeForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None:
            return fieldsets
        (title, first), (more, rest) = fieldsets
        name, *others = first["fields"]
        asked = questions(request) if request.method == "POST" else []
        may_set = request.user.has_perm("crm.assign_lead")
        folded = [one for one in rest["fields"] if one != "tier" or may_set]
        first, rest = (
            first | {"fields": (name, *asked, *others)},
            rest | {"fields": tuple(folded)},
        )
        return [(title, first), (more, rest)]

    def save_model(self, request, obj, form, change):
        if change:
            super().save_model(request, obj, form, change)
        else:
            log_lead(obj, by=request.user, **form.intake())


def questions(request) -> list[str]:
    """Return what is asked only where something speaks against the lead."""
    name = request.POST.get("enterprise_name", "")[:LONGEST]
    alike = Enterprise.objects.filter(name_key=identifiers.name_key(name))
    is_asked = name and alike.exclude(exact_key=identifiers.exact_key(name)).exists()
    asked = ["is_distinct"] if is_asked else []
    return asked + (["override_reason"] if may_override(request.user) else [])
