"""Contacts in the admin: masked wherever they stand, revealed on a page of their own."""

from __future__ import annotations

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from crm.admin.revealing import reveal_page
from crm.models import Contact, Lead
from crm.revealing import contacts_of_number, note_ending
from zone import identifiers
from zone.admin.base import ScopedModelAdmin, ZoneInline, display, searched
from zone.admin.records import Record, Related
from zone.admin.state import ReasonForm, StateAction
from zone.fields import FOUR_DIGITS
from zone.navigation import Menu

KEY_PEOPLE = ("title", "role", "stance", "display_phone")  # of the record of a lead or enterprise


def found_by_number(request: HttpRequest, term: str):
    """Return the contacts that a whole telephone number finds; None when ``term`` is no number.

    Only whoever may reveal numbers finds by them: to anybody else the search would be a way to
    try out the four digits that a mask hides.
    """
    if not identifiers.phone_digits(term) or not request.user.has_perm("crm.view_contact_pii"):
        return None
    return contacts_of_number(term, by=request.user)


def four_digits(term: str) -> str:
    """Return the four digits that ``term`` is; "" if it is anything else."""
    term = identifiers.folded(searched(term))
    return term if FOUR_DIGITS.fullmatch(term) else ""


def reveal_link(contact: Contact, user, lead=None) -> str:
    """Return the address that reveals ``contact``; "" for whoever may not."""
    if not contact.can_reveal(user):
        return ""
    url = reverse("admin:crm_contact_reveal", args=[contact.pk])
    return f"{url}?lead={lead.pk}" if lead else url


def numbers_of(contact: Contact | None, reveal_url: str = "") -> str:
    """Return the masked numbers with the link that reveals them."""
    if contact is None or not contact.numbers:
        return "—"
    numbers = format_html_join(" · ", "{}", ((number,) for number in contact.numbers.values()))
    if not reveal_url:
        return numbers
    return format_html('{} <a class="zone-link" href="{}">{}</a>', numbers, reveal_url, _("Reveal"))


def mark_entered(formset, user):
    """Let new rows of a contact formset say who entered them."""
    for form in formset.extra_forms:
        form.instance.entered_by = user


class ContactInline(ZoneInline):
    model = Contact
    fields = ("name", "title", "role", "stance", "phone", "wechat", "email", "display_reveal")
    readonly_fields = ("display_reveal",)

    def get_queryset(self, request):
        # What has been anonymised can neither be read nor changed here.
        return super().get_queryset(request).filter(anonymised_at=None)

    def get_fields(self, request, obj=None):
        may = request.user.has_perm("crm.view_contact_pii")
        return self.fields if may else self.fields[:-1]

    @display(description=_("reveal"))
    def display_reveal(self, contact):
        if contact._state.adding or not contact.numbers:
            return "—"
        url = reverse("admin:crm_contact_reveal", args=[contact.pk])
        return format_html('<a class="zone-link" href="{}">{}</a>', url, _("Reveal"))


class AnonymiseForm(ReasonForm):
    def apply(self):
        self.row.anonymise(by=self.user, **self.cleaned_data)


@admin.register(Contact)
class ContactAdmin(ScopedModelAdmin):
    menu = Menu("promotion", "contacts", 40)
    list_display = ("name", "enterprise", "title", "role", "stance", "display_phone")
    optional_columns = ("consent_source", "retain_until")
    sortable_by = ("name",)
    list_filter = ("role", "stance", "consent_source")
    search_fields = (
        "name",
        "~sort_key",
        "=phone_end_key",
        "enterprise__name",
        "~enterprise__sort_key",
    )
    search_help_text = _("A name, an enterprise, a whole telephone number or its last four digits.")
    in_search = ("enterprise", "title", "role")
    autocomplete_fields = ("enterprise",)
    list_select_related = ("enterprise",)
    readonly_fields = ("entered_by", "anonymised_at")
    fieldsets = (
        (None, {"fields": ("enterprise", "name", "title", "role", "stance")}),
        (_("Contact data"), {"fields": ("phone", "wechat", "email")}),
        (
            _("Ground and keeping"),
            {"fields": ("consent_source", "retain_until", "entered_by", "anonymised_at")},
        ),
    )
    state_actions = (
        StateAction(
            "anonymise",
            _("Anonymise"),
            AnonymiseForm,
            "can_anonymise",
            _("The contact has been anonymised; its follow-ups and figures stay as they were."),
            explain=lambda contact: _(
                "Name, post, telephone, WeChat and e-mail are emptied for good; nobody can bring "
                "them back. Leads, follow-ups and figures stay."
            ),
        ),
    )

    record = Record(
        under=("enterprise", "title"),
        facts=("role", "stance", "display_phone", "wechat", "email", "consent_source")
        + ("retain_until",),
        main=("reveal",),
        related=[
            Related(
                Lead,
                "contact",
                ("display_stage", "display_owner", "display_investment"),
                total="planned_investment_wan",
            )
        ],
    )

    def get_search_results(self, request, queryset, search_term):
        callers = found_by_number(request, search_term)
        if callers is not None:
            return queryset.filter(pk__in=callers), False
        if ending := four_digits(search_term):
            note_ending(ending, by=request.user)
        return super().get_search_results(request, queryset, search_term)

    def save_model(self, request, obj, form, change):
        if not change:
            obj.entered_by = request.user
        super().save_model(request, obj, form, change)

    def get_custom_urls(self):
        reveal = ("<uuid:object_id>/reveal/", "crm_contact_reveal", self.reveal_view)
        return (*super().get_custom_urls(), reveal)

    def reveal_view(self, request: HttpRequest, object_id, model_admin=None) -> HttpResponse:
        contact = self.get_object(request, str(object_id))
        if contact is None:
            raise Http404
        return reveal_page(self, request, contact)

    def state_links(self, request, obj):
        links = super().state_links(request, obj)
        if url := reveal_link(obj, request.user):
            label = _("Reveal contact data")
            links.insert(0, {"name": "reveal", "label": label, "primary": True, "url": url})
        return links

    def state_notes(self, request, contact):
        if contact.anonymised_at:
            return [{"text": _("This contact has been anonymised and is read-only.")}]
        if contact.numbers:
            return [
                {
                    "text": _(
                        "Numbers are shown masked. Leave them as they are to keep them, or enter "
                        "a new one in full."
                    )
                }
            ]
        return []

    @display(description=_("telephone"))
    def display_phone(self, contact):
        return contact.phone or "—"
