"""Whether a session lives, for the script that keeps what is typed (``zone/drafts.js``)."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from zone.login import sessions, steps


@never_cache
@login_not_required
@require_http_methods(["GET", "POST"])
def session(request: HttpRequest) -> HttpResponse:
    """Say whose session this is and how many seconds are left; only a POST prolongs it.

    With it comes a token for the forms that were drawn before a new login, or have lost theirs.
    """
    person = request.user
    if not person.is_authenticated or sessions.why_over(request) or steps.next_step(request):
        return JsonResponse({"user": None})
    if request.method == "POST":
        sessions.prolong(request)
    left = sessions.seconds_left(request)
    return JsonResponse({"user": str(person.pk), "left": left, "token": get_token(request)})


@admin.site.admin_view
def logged_in_again(request: HttpRequest) -> HttpResponse:
    """Lead whoever logged in beside a form of theirs back to it."""
    context = {"title": _("You are logged in again")}
    return TemplateResponse(
        request, "zone/login/again.html", admin.site.each_context(request) | context
    )


def time_left(request: HttpRequest) -> dict:
    """Return how long a page lasts that is drawn now, for its script; a context processor."""
    return {"session_left": int(settings.SESSION_IDLE.total_seconds())}
