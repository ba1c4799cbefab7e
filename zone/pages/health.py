"""Probes of a load balancer (alive, ready), and the health page for administrators."""

import logging

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from zone.feed.log import lag
from zone.models import WorkerBeat
from zone.monitoring import health

logger = logging.getLogger(__name__)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive; asks nothing of the database, so that its fault restarts no server."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Ready: the database answers and has every migration, and the disks have room.

    Strangers are told what a disk is for and whether the worker is silent; where and why is for our
    own people and the log. Pages work without the worker: its silence sends nobody away.
    """
    disks, is_ours, more = health.bad_disks(), False, []
    try:
        ready = all_migrations_applied()
        if ready:
            is_ours = request_is_ours(request)
            more = _about_worker_and_feed(is_ours)
    except Error:
        logger.exception("readyz: the database does not answer")
        ready = False
    ready = ready and not disks
    faults = [disk.line if is_ours else f"disk: {disk.purpose}" for disk in disks]
    lines = ["ok" if ready else "not ready", *faults, *more]
    return HttpResponse("\n".join(lines), status=200 if ready else 503, content_type="text/plain")


def request_is_ours(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return bool(user and user.is_staff)


def _about_worker_and_feed(is_ours: bool) -> list[str]:
    """Tell our own people how far the change feed is behind, and when the worker last beat."""
    pulse = WorkerBeat.objects.pulse()
    if not is_ours:
        return [f"worker: {'silent' if pulse.is_silent else 'ok'}"]
    if pulse.last_beat_at is None:
        worker = "silent, never seen"
    elif pulse.is_silent:
        worker = f"silent since {pulse.last_beat_at.isoformat(timespec='seconds')}"
    else:
        worker = f"last beat {pulse.age.total_seconds():.0f} s ago"
    return [f"change feed: {lag()} ms behind", f"worker: {worker}"]


def all_migrations_applied() -> bool:
    if missing := health.missing_migrations():
        logger.error("readyz: %d migrations are not applied", missing)
    return not missing


@admin.site.admin_view
@require_safe
def health_page(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("zone.view_workerbeat"):
        raise PermissionDenied
    context = {"title": _("System health"), "checks": list(health.checks())}
    return TemplateResponse(request, "zone/health.html", admin.site.each_context(request) | context)
