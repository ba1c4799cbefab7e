"""Handing out an attachment: to whoever may see its row, to be saved and never to be shown."""

import logging

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from projects.models import Attachment
from zone.models import AuditEntry
from zone.navigation import record_url

logger = logging.getLogger(__name__)
# A browser that shows it all the same runs nothing of it and keeps none of it.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-store",
}


@require_GET
def download(request: HttpRequest, pk) -> HttpResponseBase:
    if not request.user.has_perm("projects.view_attachment"):
        raise PermissionDenied
    visible = Attachment.objects.visible_to(request.user, "view")
    attachment = get_object_or_404(visible.select_related("agreement", "project"), pk=pk)
    try:
        file = attachment.file.open()
    except FileNotFoundError:
        logger.error("attachment %s: its file %s is missing", pk, attachment.file.name)
        messages.error(
            request,
            _("The file of “%(name)s” is missing on the server; please tell the administrator.")
            % {"name": attachment.name},
        )
        owner = attachment.owner
        return redirect(record_url(type(owner), owner.pk))
    AuditEntry.objects.record(AuditEntry.Action.DOWNLOADED, by=request.user, of=attachment)
    return FileResponse(
        file,
        as_attachment=True,
        filename=attachment.name,
        content_type=attachment.content_type,
        headers=HEADERS,
    )
