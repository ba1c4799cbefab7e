"""The security administrator's pages of webhooks: where to, what is approved, what was sent."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminTextInputWidget

from zone.admin.base import Colours, ScopedModelAdmin, display
from zone.admin.state import ReasonForm, StateAction
from zone.calendar import in_words
from zone.feed.synced import entities
from zone.models import ApprovedHost, WebhookDelivery, WebhookEndpoint
from zone.models.webhooks import OLD_SECRET_HOLDS
from zone.navigation import Menu

ON, OFF, NO_SECRET = _("switched on"), _("switched off"), _("without a secret")
WAITS, DELIVERED, DEAD = _("waiting to be sent"), _("delivered"), _("given up")
MOST_AT_ONCE = 1_000


def entity_choices() -> list[tuple[str, str]]:
    return [
        (name, f"{model._meta.verbose_name_plural} {name}") for name, model in entities().items()
    ]


class EndpointForm(forms.ModelForm):
    entities = forms.MultipleChoiceField(
        label=_("is told of"),
        choices=entity_choices,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "zone-scopes"}),
        help_text=_("Nothing chosen: of all that the client may read."),
    )


class SecretForm(ReasonForm):
    def apply(self):
        self.secret = self.row.issue_secret(by=self.user, **self.cleaned_data)


class DisableForm(ReasonForm):
    def apply(self):
        self.row.disable(by=self.user, **self.cleaned_data)


class EnableForm(ReasonForm):
    def apply(self):
        self.row.enable(by=self.user, **self.cleaned_data)


class SendAgainForm(ReasonForm):
    def apply(self):
        self.row.send_again(by=self.user, **self.cleaned_data)


def explain_secret(endpoint: WebhookEndpoint) -> str:
    if not endpoint.secret_seed:
        return _("Nothing is sent before the receiver can verify it with a secret.")
    words = _("For %(time)s messages are signed with the new secret and with the one before it.")
    return words % {"time": in_words(OLD_SECRET_HOLDS)}


ENDPOINT_ACTIONS = (
    StateAction(
        "secret",
        _("Issue a secret"),
        SecretForm,
        "can_issue_secret",
        "",
        primary=True,
        explain=explain_secret,
        secret_note=_(
            "Hand this secret to whoever runs the other system over a safe way: with it the "
            "receiver verifies that a message comes from here."
        ),
    ),
    StateAction(
        "enable",
        _("Switch on"),
        EnableForm,
        "can_enable",
        _("“%(row)s” is switched on."),
        primary=True,
        explain=lambda endpoint: _("It goes on where it was left off; nothing was missed."),
    ),
    StateAction(
        "disable",
        _("Switch off"),
        DisableForm,
        "can_disable",
        _("“%(row)s” is switched off."),
        explain=lambda endpoint: _("What changes meanwhile is told when it is switched on again."),
    ),
)


def number_of(deliveries: QuerySet) -> Coalesce:
    """Return how many of ``deliveries`` an endpoint has, as a column of its list."""
    own = deliveries.filter(endpoint=OuterRef("pk")).order_by().values("endpoint")
    counted = Subquery(own.annotate(number=Count("pk")).values("number"))
    return Coalesce(counted, 0, output_field=IntegerField())


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ScopedModelAdmin):
    menu = Menu("system", "webhook", 70)
    form = EndpointForm
    list_display = ("client", "host", "display_state", "display_waiting", "display_dead")
    list_filter = ("is_disabled", "client")
    search_fields = ("client__name", "url")
    autocomplete_fields = ("client",)
    list_select_related = ("client",)
    fields = ("client", "url", "entities")
    state_actions = ENDPOINT_ACTIONS

    def get_queryset(self, request):
        messages_ = WebhookDelivery.objects.all()
        return (
            super()
            .get_queryset(request)
            .annotate(waiting=number_of(messages_.waiting()), dead=number_of(messages_.dead()))
        )

    def get_readonly_fields(self, request, obj=None):
        return ("client",) if obj else ()

    def has_delete_permission(self, request, obj=None):
        return False  # switched off: what was sent stays to be looked up

    def state_notes(self, request, obj):
        notes = []
        if obj.is_disabled:
            text = _("Switched off: %(reason)s") % {"reason": obj.disabled_reason}
            notes.append({"text": text, "tone": "warning"})
        if not obj.secret_seed:
            text = _("Issue a secret and hand it over; nothing is sent before that.")
            notes.append({"text": text, "tone": "warning"})
        if obj.dead:
            text = ngettext(
                "%(number)d message was given up.", "%(number)d messages were given up.", obj.dead
            )
            url = reverse("admin:zone_webhookdelivery_changelist")
            query = f"?state=dead&endpoint__id__exact={obj.pk}"
            note = {"text": text % {"number": obj.dead}, "url": url + query, "link": _("Open them")}
            notes.append(note)
        return notes

    @display(description=_("host"), ordering="url")
    def host(self, endpoint):
        return endpoint.host

    @display(
        description=_("state"),
        ordering="is_disabled",
        label=Colours({ON: "success", OFF: "danger", NO_SECRET: "warning"}),
    )
    def display_state(self, endpoint):
        if endpoint.is_disabled:
            return OFF
        return ON if endpoint.secret_seed else NO_SECRET

    @display(description=_("waiting to be sent"), ordering="waiting")
    def display_waiting(self, endpoint):
        return endpoint.waiting

    @display(description=_("given up"), ordering="dead")
    def display_dead(self, endpoint):
        return endpoint.dead


@admin.register(ApprovedHost)
class ApprovedHostAdmin(ScopedModelAdmin):
    menu = Menu("system", "verified_user", 90)
    list_display = ("host", "display_networks", "display_ports", "allows_http", "approved_by")
    list_filter = ("allows_http",)
    search_fields = ("host", "reason")
    list_select_related = ("approved_by",)
    fields = ("host", "networks", "ports", "allows_http", "reason", "approved_by")
    readonly_fields = ("approved_by",)

    def save_model(self, request, obj, form, change):
        obj.approved_by = request.user
        super().save_model(request, obj, form, change)

    def get_fields(self, request, obj=None):
        return self.fields if obj else self.fields[:-1]

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name in ("networks", "ports"):
            kwargs["widget"] = UnfoldAdminTextInputWidget
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @display(description=_("networks it stands in"))
    def display_networks(self, host):
        return "、".join(host.networks)

    @display(description=_("ports"))
    def display_ports(self, host):
        return "、".join(map(str, host.ports))


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return [("dead", DEAD), ("waiting", WAITS), ("delivered", DELIVERED)]

    def queryset(self, request, rows):
        found = {"dead": rows.dead(), "waiting": rows.waiting()}
        found["delivered"] = rows.filter(delivered_at__isnull=False)
        return found.get(self.value(), rows)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ScopedModelAdmin):
    menu = Menu("system", "outbox", 80)
    list_display = (
        "type", "endpoint", "display_state", "attempts", "last_status", "last_fault", "next_at",
        "created_at",
    )  # fmt: skip
    list_filter = (StateFilter, "endpoint__client", "last_fault")
    lookups = ("endpoint__id",)
    search_fields = ("webhook_id",)
    list_select_related = ("endpoint__client",)
    fields = (
        "webhook_id", "endpoint", "type", "display_state", "attempts", "next_at", "delivered_at",
        "dead_at", "last_status", "last_fault", "display_body",
    )  # fmt: skip
    readonly_fields = fields
    actions = ("send_again",)
    state_actions = (
        StateAction(
            "again",
            _("Send again"),
            SendAgainForm,
            "can_send_again",
            _("“%(row)s” is sent again."),
            primary=True,
            explain=lambda message: _(
                "The same message goes out anew; its receiver knows by its webhook-id whether it "
                "has had it already."
            ),
        ),
    )

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def has_replay_permission(self, request) -> bool:
        return request.user.has_perm("zone.replay_webhookdelivery")

    @admin.action(description=_("Send the chosen messages again"), permissions=["replay"])
    def send_again(self, request, rows):
        chosen = list(rows.order_by("created_at", "id")[:MOST_AT_ONCE])
        ended = [row for row in chosen if row.can_send_again(request.user)]
        for row in ended:
            row.send_again(by=request.user)
        text = ngettext(
            "%(number)d message is sent again.", "%(number)d messages are sent again.", len(ended)
        )
        messages.success(request, text % {"number": len(ended)})
        if len(chosen) > len(ended):
            messages.info(request, _("The others still wait to be sent anyway."))

    @display(
        description=_("state"), label=Colours({DELIVERED: "success", DEAD: "danger", WAITS: "info"})
    )
    def display_state(self, message):
        if message.is_waiting:
            return WAITS
        return DEAD if message.dead_at else DELIVERED

    @display(description=_("content"))
    def display_body(self, message):
        words = message.body.replace(',"', ',\n"').replace('":{', '": {\n')
        return format_html('<span class="zone-content">{}</span>', words)
