"""What a load balancer asks: is the process alive, and may it be sent people?"""

import logging

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from zone.feed.log import lag

logger = logging.getLogger(__name__)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive; asks nothing of the database, so that its fault restarts no server."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Ready: the database answers and has every migration. The reason for a no is only logged."""
    try:
        ready = all_migrations_applied()
    except DatabaseError:
        logger.exception("readyz: the database does not answer")
        ready = False
    lines = ["ok" if ready else "not ready", *(_for_staff(request) if ready else ())]
    return HttpResponse("\n".join(lines), status=200 if ready else 503, content_type="text/plain")


def _for_staff(request: HttpRequest) -> list[str]:
    """Tell our own people how far the change feed is behind; strangers learn nothing."""
    user = getattr(request, "user", None)
    return [f"change feed: {lag()} ms behind"] if user and user.is_staff else []


def all_migrations_applied() -> bool:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        logger.error("readyz: %d migrations are not applied", len(waiting))
    return not waiting
