"""The security administrator's page of other systems: what they may do, their keys."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from zone.access.api_scopes import OWN, by_resource
from zone.admin.base import Colours, ScopedModelAdmin, ZoneInline, display
from zone.admin.state import ReasonForm, StateAction
from zone.models import ApiClient, ApiKey, AuditEntry
from zone.models.clients import LIVE_KEYS
from zone.navigation import Menu

MONTHS = ((30, _("1 month")), (90, _("3 months")), (180, _("half a year")), (365, _("a year")))
IN_FORCE, REVOKED, EXPIRED = _("in force"), _("revoked"), _("expired")


def scope_choices() -> list[tuple]:
    """Return the scopes to tick, a line for each resource."""
    lines = [
        (f"{found.title} {name}", [(f"{name}:{act}", label) for act, label in found.acts.items()])
        for name, found in by_resource().items()
    ]
    return [*lines, *((key, [(key, OWN[key])]) for key in OWN)]


class ClientForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        label=_("may"),
        choices=scope_choices,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "zone-scopes"}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["scopes"].help_text = format_html(
            '{} <a class="zone-link" href="{}">{}</a>',
            _("Nothing is allowed that is not ticked."),
            reverse("api:docs"),
            _("What each scope opens"),
        )

    def clean(self):
        data = super().clean()
        some = data.get("chains") or data.get("parks")
        if bool(some) == bool(data.get("whole_zone")):
            raise forms.ValidationError(
                _("Please tick the whole zone, or else choose chains or parks.")
            )
        return data


def reached(client: ApiClient) -> dict[str, str]:
    """Return the chains and parks of a client in words, for the trail."""
    places = {"chains": client.chains.all(), "parks": client.parks.all()}
    return {name: "、".join(map(str, rows)) for name, rows in places.items()}


class IssueForm(ReasonForm):
    days = forms.TypedChoiceField(
        label=_("holds for"),
        choices=MONTHS,
        coerce=int,
        initial=365,
        widget=UnfoldAdminSelectWidget,
    )
    field_order = ("days", "reason")

    def apply(self):
        self.secret = self.row.issue_key(by=self.user, **self.cleaned_data)


class RevokeForm(ReasonForm):
    key = forms.ModelChoiceField(
        label=_("key"), queryset=ApiKey.objects.none(), widget=UnfoldAdminSelectWidget
    )
    field_order = ("key", "reason")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["key"].queryset = self.row.keys.live()
        self.initial["key"] = self.row.keys.live().last()

    def apply(self):
        self.cleaned_data["key"].revoke(by=self.user, reason=self.cleaned_data["reason"])


class KeyInline(ZoneInline):
    """Which keys there are, never what they are."""

    model = ApiKey
    fields = ("display_key", "display_state", "created_at", "expires_at", "last_used_at")
    readonly_fields = fields
    can_delete = False

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    @display(description=_("key"))
    def display_key(self, key):
        return str(key)

    @display(
        description=_("state"),
        label=Colours({IN_FORCE: "success", REVOKED: "danger", EXPIRED: "warning"}),
    )
    def display_state(self, key):
        if key.revoked_at:
            return REVOKED
        return IN_FORCE if key.is_live else EXPIRED


@admin.register(ApiClient)
class ApiClientAdmin(ScopedModelAdmin):
    menu = Menu("system", "api", 60)
    form = ClientForm
    list_display = ("name", "owner", "display_reach", "display_keys", "is_disabled")
    list_filter = ("is_disabled",)
    search_fields = ("name", "purpose")
    autocomplete_fields = ("owner", "chains", "parks")
    list_select_related = ("owner",)
    inlines = (KeyInline,)
    fieldsets = (
        (None, {"fields": ("name", "purpose", "owner", "is_disabled")}),
        (_("Rows it sees"), {"fields": ("whole_zone", "chains", "parks")}),
        (_("Where from and what"), {"fields": ("networks", "sources", "scopes")}),
    )
    state_actions = (
        StateAction(
            "issue",
            _("Issue a key"),
            IssueForm,
            "can_issue_key",
            "",
            primary=True,
            explain=lambda client: (
                _(
                    "Up to %(most)d keys are in force at a time, so that a new one can take over "
                    "before the old one is revoked."
                )
                % {"most": LIVE_KEYS}
            ),
            secret_note=_(
                "Hand this key to whoever runs the other system over a safe way; it opens all "
                "that is ticked here. Only a hash of it is kept."
            ),
        ),
        StateAction(
            "revoke",
            _("Revoke a key"),
            RevokeForm,
            "can_revoke_key",
            _("The key of “%(row)s” opens nothing any more."),
        ),
    )

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if obj.warning:
            messages.warning(request, obj.warning)

    def state_notes(self, request, client):
        return [{"tone": "warning", "text": client.warning}] if client.warning else []

    def save_related(self, request, form, formsets, change):
        before = reached(form.instance) if change else {}
        super().save_related(request, form, formsets, change)
        after = reached(form.instance)
        changes = {name: [before.get(name, ""), after[name]] for name in after}
        moved = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
        if moved:
            rights = AuditEntry.Action.RIGHTS
            AuditEntry.objects.record(rights, by=request.user, of=form.instance, changes=moved)

    def get_inlines(self, request, obj):
        return self.inlines if obj else ()

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("chains", "parks", "keys")

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name in ("networks", "sources"):
            kwargs["widget"] = UnfoldAdminTextInputWidget
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @display(description=_("rows it sees"))
    def display_reach(self, client):
        if client.whole_zone:
            return _("the whole zone")
        return "、".join(str(place) for place in (*client.chains.all(), *client.parks.all()))

    @display(description=_("keys in force"))
    def display_keys(self, client):
        return str(sum(key.is_live for key in client.keys.all()))
