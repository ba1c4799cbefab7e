from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext_lazy as _

from zone.admin.base import ScopedModelAdmin, ZoneInline
from zone.models import ChainSegment, IndustryChain
from zone.navigation import Menu


class SegmentFormSet(BaseInlineFormSet):
    """Compares what is typed in one go: a unique check skips segments without a parent."""

    def clean(self):
        super().clean()
        rows = [form.cleaned_data for form in self.forms if hasattr(form, "cleaned_data")]
        names = [(row.get("parent"), row["name"]) for row in rows if row.get("name")]
        if len(set(names)) < len(names):
            raise ValidationError(_("This chain already has a segment of this name."))


class SegmentInline(ZoneInline):
    model = ChainSegment
    formset = SegmentFormSet
    fields = ("name", "parent", "position", "gap")
    autocomplete_fields = ("parent",)

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("parent__chain")


@admin.register(IndustryChain)
class IndustryChainAdmin(ScopedModelAdmin):
    menu = Menu("system", "account_tree", 10, permission="zone.change_chainsegment")
    fields = ("code", "name", "position", "description")
    list_display = ("name", "code", "position")
    search_fields = ("name", "~sort_key", "code")
    inlines = (SegmentInline,)


@admin.register(ChainSegment)
class ChainSegmentAdmin(ScopedModelAdmin):
    menu = Menu("system", "schema", 20, permission="zone.change_chainsegment")
    list_display = ("name", "chain", "position", "gap")
    list_filter = ("chain", "position", "gap")
    search_fields = ("name", "~sort_key")
    autocomplete_fields = ("chain", "parent")
    list_select_related = ("chain",)
