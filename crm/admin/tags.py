"""Tags of enterprises: their kinds, who carries one, and giving one to many at once."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.db.models import Prefetch, prefetch_related_objects
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from crm.models.tags import EnterpriseTag, TagKind
from zone.admin.base import Colours, ScopedModelAdmin, display
from zone.admin.events import tell
from zone.admin.inputs import DayWidget
from zone.admin.scope import LookedUpFilter
from zone.admin.state import StateAction, StateForm
from zone.calendar import today
from zone.navigation import Menu

tell(
    EnterpriseTag,
    "changes",
    "label",
    on="valid_from",
    who="",
    text="kind__name",
    note_on="valid_until",
    note_label=_("valid until"),
)
SHOWN = 4  # on a row of the list
VALID, OVER, AHEAD = _("valid"), _("no longer valid"), _("not yet valid")


def with_tags(enterprises: list) -> list:
    """Load the tags that hold today with the enterprises, in the office's order."""
    tags = EnterpriseTag.objects.valid().select_related("kind")
    tags = tags.order_by("kind__position", "kind")
    prefetch_related_objects(enterprises, Prefetch("tags", queryset=tags, to_attr="tags_today"))
    return enterprises


def names_of(enterprise) -> list[str]:
    if not hasattr(enterprise, "tags_today"):
        with_tags([enterprise])
    return [str(tag.kind) for tag in enterprise.tags_today]


def display_chips(enterprise) -> str:
    names = names_of(enterprise)
    if len(names) > SHOWN:
        names = [*names[: SHOWN - 1], f"+{len(names) - SHOWN + 1}"]
    chips = ((name,) for name in names)
    return format_html_join(" ", '<span class="zone-label info">{}</span>', chips) or "—"


class TagFilter(admin.SimpleListFilter):
    """The enterprises that carry a tag today."""

    title = _("has the tag today")
    parameter_name = "tag"

    def lookups(self, request, model_admin):
        return [(str(kind.pk), kind.name) for kind in TagKind.objects.all()]

    def queryset(self, request, rows):
        known = {value for value, _name in self.lookup_choices}
        if self.value() not in known:
            return rows
        tags = EnterpriseTag.objects.valid().filter(kind=self.value())
        return rows.filter(pk__in=tags.order_by().values("enterprise"))


class TagForm(StateForm):
    kind = forms.ModelChoiceField(
        label=_("tag"),
        queryset=TagKind.objects.filter(is_active=True),
        widget=UnfoldAdminSelectWidget,
    )
    valid_from = forms.DateField(label=_("valid from"), initial=today, widget=DayWidget())
    valid_until = forms.DateField(
        label=_("valid until"),
        required=False,
        widget=DayWidget(usual=False),
        help_text=EnterpriseTag._meta.get_field("valid_until").help_text,
    )

    def apply(self):
        self.row.tag(by=self.user, **self.cleaned_data)


TAG = StateAction(
    "tag",
    _("Add a tag"),
    TagForm,
    "can_tag",
    _("“%(row)s” has the tag."),
    many="crm.add_enterprisetag",
)


@admin.register(TagKind)
class TagKindAdmin(ScopedModelAdmin):
    menu = Menu("promotion", "label", 95, permission="crm.change_tagkind")
    list_display = ("name", "is_active", "position", "source")
    sortable_by = ("position",)
    list_filter = ("is_active",)
    search_fields = ("name",)


@admin.register(EnterpriseTag)
class EnterpriseTagAdmin(ScopedModelAdmin):
    list_display = ("kind", "enterprise", "valid_from", "valid_until", "display_state")
    sortable_by = ("valid_from",)
    list_filter = ("kind", "valid_until", ("enterprise", LookedUpFilter))
    search_fields = ("enterprise__name", "~enterprise__sort_key")
    fields = ("enterprise", "kind", "valid_from", "valid_until")
    autocomplete_fields = ("enterprise", "kind")
    list_select_related = ("kind", "enterprise")

    @display(
        description=_("state"), label=Colours({VALID: "success", OVER: "default", AHEAD: "info"})
    )
    def display_state(self, tag):
        if tag.is_valid:
            return VALID
        return AHEAD if tag.valid_from > today() else OVER
