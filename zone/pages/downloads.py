"""Handing out a file: to whoever may see its row, to be saved and never to be shown."""

import logging

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from zone.models import AuditEntry
from zone.models.file_rows import FileRow
from zone.navigation import record_url

logger = logging.getLogger(__name__)
# A browser that shows it all the same runs nothing of it and keeps none of it.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-store",
}


@require_GET
def download(request: HttpRequest, pk, *, model: type[FileRow]) -> HttpResponseBase:
    options = model._meta
    if not request.user.has_perm(f"{options.app_label}.view_{options.model_name}"):
        raise PermissionDenied
    visible = model.objects.visible_to(request.user, "view")
    row = get_object_or_404(visible.select_related(*model.BELONGS_TO), pk=pk)
    try:
        file = row.file.open()
    except FileNotFoundError:
        logger.error("%s %s: its file %s is missing", options.model_name, pk, row.file.name)
        messages.error(
            request,
            _("The file of “%(name)s” is missing on the server; please tell the administrator.")
            % {"name": row.name},
        )
        return redirect(record_url(type(row.owner), row.owner.pk))
    AuditEntry.objects.record(AuditEntry.Action.DOWNLOADED, by=request.user, of=row)
    return FileResponse(
        file,
        as_attachment=True,
        filename=row.name,
        content_type=row.content_type,
        headers=HEADERS,
    )
