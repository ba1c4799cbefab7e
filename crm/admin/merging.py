"""Merging two enterprises: which values hold, what moves, what stands against it; and undoing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from crm.admin.screenings import ReadOnly
from crm.merging import merge_enterprises, preview, refuse_pair
from crm.models import Enterprise, Lead
from crm.models.merges import EnterpriseMerge
from crm.unmerging import undo
from zone.admin.autocomplete import KnownAutocomplete
from zone.admin.base import Colours, ScopedModelAdmin, display
from zone.admin.inputs import ChipsWidget
from zone.admin.records import in_words
from zone.admin.state import ReasonForm, StateAction, perform
from zone.calendar import local_date
from zone.fields import ProseInput
from zone.identifiers import no_personal_number
from zone.navigation import Menu, record_url

KEPT, DROPPED = "kept", "dropped"
CODE_LISTS = {"industry_code": "industry", "origin_region": "region"}
PAIR = 2
MERGED, UNDONE = _("merged"), _("undone")


class ChooseForm(forms.Form):
    """Asks for the record that is kept; ``dropped`` goes into it."""

    kept = forms.ModelChoiceField(label=_("keep this record"), queryset=Enterprise.objects.none())

    def __init__(self, *args, dropped: Enterprise, user, **kwargs):
        super().__init__(*args, **kwargs)
        field = self.fields["kept"]
        field.queryset = Enterprise.objects.visible_to(user).exclude(pk=dropped.pk)
        # Looked up as the parent company is: over all that one sees.
        field.widget = KnownAutocomplete(Enterprise._meta.get_field("parent"), admin.site)
        field.widget.choices = field.choices


class MergeForm(ReasonForm):
    """The value of each field in which both differ, and what becomes of the leads of both."""

    close = forms.ModelMultipleChoiceField(
        label=_("leads that end, as recorded twice"),
        queryset=Lead.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    override_reason = ProseInput(
        label=_("why the others stand side by side"),
        max_length=500,
        required=False,
        validators=[no_personal_number],
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=_("Needed where more than one open lead is left; at least 10 characters."),
    )

    def __init__(self, *args, dropped: Enterprise, moves, **kwargs):
        super().__init__(*args, **kwargs)
        self.dropped, self.differing = dropped, moves.differing
        for name in moves.differing:
            self.fields[name] = self._choice(name)
        if moves.leads:
            self.fields["close"].queryset = Lead.objects.filter(
                pk__in=[lead.pk for lead in moves.leads]
            )
            self.fields["close"].choices = [(lead.pk, lead_words(lead)) for lead in moves.leads]
            self.fields["close"].heading = _("Both are courted")
        else:
            del self.fields["close"], self.fields["override_reason"]
        self.order_fields([*moves.differing, "close", "override_reason", "reason"])

    def _choice(self, name: str) -> forms.ChoiceField:
        field = Enterprise._meta.get_field(name)
        pair = ((KEPT, self.row), (DROPPED, self.dropped))
        choices = [(side, value_in_words(row, field)) for side, row in pair]
        return forms.ChoiceField(
            label=capfirst(str(field.verbose_name)),
            choices=choices,
            initial=KEPT,
            required=False,
            widget=ChipsWidget,
        )

    def apply(self):
        answers = dict(self.cleaned_data)
        take = [name for name in self.differing if answers.pop(name) == DROPPED]
        close = [lead.pk for lead in answers.pop("close", ())]
        return merge_enterprises(
            self.row, self.dropped, by=self.user, take=take, close=close, **answers
        )


class UndoForm(ReasonForm):
    def apply(self):
        return undo(self.row, by=self.user, **self.cleaned_data)


MERGE = StateAction(
    "merge",
    _("Merge"),
    MergeForm,
    "can_merge",
    _("Both records are “%(row)s” now."),
)
UNDO = StateAction(
    "undo",
    _("Undo the merger"),
    UndoForm,
    "can_undo",
    _("“%(row)s” is a record of its own again."),
    primary=True,
    explain=lambda merge: _(
        "Both records come back as they were, with all that was their own. What was entered since "
        "stays with the kept one. A lead that the merger ended is reopened, unless another one "
        "courts its investor."
    ),
)


def value_in_words(row: Enterprise, field) -> str:
    """Return a value as people read it, a standard code with its name."""
    value = getattr(row, field.name)
    if field.name not in CODE_LISTS:
        return in_words(field, value)
    name = row.industry_name if field.name == "industry_code" else row.origin_name
    return value if name == value else f"{value} {name}"


def lead_words(lead: Lead) -> str:
    owner = lead.owner or _("pool")
    since = local_date(lead.registered_at)
    return f"{lead.title} · {lead.enterprise} · {owner} · {lead.get_stage_display()} · {since}"


class MergingAdmin:
    """For the admin class of enterprises: the pages that merge two."""

    actions = ("merge_chosen",)

    def get_custom_urls(self):
        return (*super().get_custom_urls(), ("merge/", "crm_enterprise_merge", self.merge_view))

    def has_merge_permission(self, request) -> bool:
        return request.user.has_perm("crm.merge_enterprise")

    @admin.action(description=_("Merge two"), permissions=["merge"])
    def merge_chosen(self, request, rows):
        keys = list(rows.order_by("created_at").values_list("pk", flat=True)[: PAIR + 1])
        if len(keys) != PAIR:
            messages.warning(request, _("Please choose exactly two rows."))
            return None
        return redirect(_address(*keys))

    def state_links(self, request, obj):
        links = super().state_links(request, obj)
        if obj.can_merge(request.user):
            url = f"{reverse('admin:crm_enterprise_merge')}?{urlencode({DROPPED: obj.pk})}"
            links.append({"name": "merge", "label": _("Merge into…"), "url": url})
        return links

    def state_notes(self, request, obj):
        notes = super().state_notes(request, obj)
        if not obj.can_merge(request.user):
            return notes
        last = EnterpriseMerge.objects.filter(kept_key=obj.pk, undone_at=None).first()
        if last is None or not last.can_undo(request.user):
            return notes
        words = _("“%(name)s” was merged into this record; that can be undone until %(until)s.")
        until = timezone.localtime(last.undo_until)
        words %= {"name": last.dropped_name, "until": f"{until:%Y-%m-%d %H:%M}"}
        url = reverse("admin:crm_enterprisemerge_change", args=[last.pk])
        return [*notes, {"text": words, "url": url, "link": _("Look at the merger")}]

    def merge_view(self, request: HttpRequest, model_admin=None) -> HttpResponse:
        if not self.has_merge_permission(request):
            raise PermissionDenied
        kept, dropped = (self.get_object(request, request.GET.get(n, "")) for n in (KEPT, DROPPED))
        if dropped is None or (kept is None and request.GET.get(KEPT)):
            return self._gone(request)
        if kept is None or kept == dropped:
            return self._choose(request, dropped)
        try:
            refuse_pair(kept, dropped)
        except ValidationError as refusal:
            return self._page(request, kept, dropped, against=refusal.messages)
        moves = preview(kept, dropped)
        form = partial(MergeForm, dropped=dropped, moves=moves)
        action = replace(MERGE, form=form)
        here = _address(kept.pk, dropped.pk)
        answer = self.once(request, lambda: perform(self, action, request, kept), here)
        if not hasattr(answer, "context_data"):
            return answer
        return self._page(request, kept, dropped, moves=moves, **answer.context_data)

    def _choose(self, request, dropped: Enterprise) -> TemplateResponse:
        form = ChooseForm(dropped=dropped, user=request.user)
        title = _("Merge “%(row)s” into another record") % {"row": dropped}
        context = {"form": form, "dropped": dropped, "title": title}
        context |= {"opts": self.opts, "back": record_url(Enterprise, dropped.pk)}
        context |= self.admin_site.each_context(request) | {"title": title}
        return TemplateResponse(request, "crm/merging/choose.html", context)

    def _page(self, request, kept, dropped, **context) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            **context,
            "title": _("Merge two enterprises"),
            "kept": kept,
            "dropped": dropped,
            "swapped": _address(dropped.pk, kept.pk),
            "back": record_url(Enterprise, dropped.pk),
        }
        if moves := context.get("moves"):
            context["counts"] = [
                (capfirst(str(model._meta.verbose_name_plural)), number)
                for model, number in moves.moved
            ]
        return TemplateResponse(request, "crm/merging/page.html", context)

    def _gone(self, request) -> HttpResponse:
        """Say where a record went that somebody else has merged meanwhile."""
        asked = [request.GET.get(name, "") for name in (DROPPED, KEPT)]
        words = _("One of the two records no longer exists.")
        for key in asked:
            merge = _merge_of(key)
            if merge:
                words = _("“%(dropped)s” was merged into “%(kept)s” by %(by)s in the meantime.")
                params = {"dropped": merge.dropped_name, "kept": merge.kept_name, "by": merge.by}
                words %= params
                break
        messages.warning(request, words)
        return redirect("admin:crm_enterprise_changelist")


def _address(kept, dropped) -> str:
    query = urlencode({KEPT: kept, DROPPED: dropped})
    return f"{reverse('admin:crm_enterprise_merge')}?{query}"


def _merge_of(key: str) -> EnterpriseMerge | None:
    try:
        rows = EnterpriseMerge.objects.filter(dropped_key=key, undone_at=None)
        return rows.select_related("by").first()
    except ValidationError:  # an address may carry anything
        return None


@admin.register(EnterpriseMerge)
class EnterpriseMergeAdmin(ReadOnly, ScopedModelAdmin):
    menu = Menu("promotion", "merge", 96)
    list_display = ("created_at", "dropped_name", "kept_name", "by", "display_state", "reason")
    sortable_by = ("created_at",)
    list_filter = ("created_at",)
    search_fields = ("kept_name", "dropped_name")
    list_select_related = ("by", "undone_by")
    fields = ("dropped_name", "display_kept", "by", "created_at", "reason", "display_state")
    fields += ("undone_at", "undone_by")
    readonly_fields = fields
    state_actions = (UNDO,)

    @display(description=_("state"), label=Colours({MERGED: "success", UNDONE: "default"}))
    def display_state(self, merge):
        return UNDONE if merge.undone_at else MERGED

    @display(description=_("kept record"))
    def display_kept(self, merge):
        return merge.kept_name
