"""What fits what is typed into the box of a standard code."""

from __future__ import annotations

from django.contrib import admin
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from zone.codes.lists import LISTS


@require_safe
@admin.site.admin_view
def codes(request: HttpRequest, kind: str) -> JsonResponse:
    if kind not in LISTS:
        raise Http404
    found = LISTS[kind]().find(request.GET.get("q", ""))
    lines = [{"label": line.label, "path": " ".join(line.path)} for line in found]
    return JsonResponse({"found": lines})
