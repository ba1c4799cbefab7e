from django.contrib import admin

from zone.admin.base import ZoneAdmin, ZoneInline
from zone.models import ChainSegment, IndustryChain


class SegmentInline(ZoneInline):
    model = ChainSegment
    fields = ("name", "parent", "position", "gap")
    autocomplete_fields = ("parent",)


@admin.register(IndustryChain)
class IndustryChainAdmin(ZoneAdmin):
    list_display = ("name", "code", "position")
    search_fields = ("name", "code")
    inlines = (SegmentInline,)


@admin.register(ChainSegment)
class ChainSegmentAdmin(ZoneAdmin):
    list_display = ("name", "chain", "position", "gap")
    list_filter = ("chain", "position", "gap")
    search_fields = ("name",)
    autocomplete_fields = ("chain", "parent")
    list_select_related = ("chain",)
