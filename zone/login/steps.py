"""Steps between password and pages: code, new password, enrolment of a phone."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse

from zone.login.sessions import VERIFIED, is_open_to_all, send_to

# Open at every step: leaving, and choosing the language.
ALWAYS = {"admin:logout", "set_language"}


def next_step(request: HttpRequest) -> str:
    """Return the name of the page this person has to pass first, "" when all is open."""
    person, session = request.user, request.session
    if not person.is_authenticated:
        return ""
    if VERIFIED not in session:
        # Enrolling ends the other sessions, so "has none" stays true for as long as one lasts.
        if person.has_second_factor:
            return "second_factor"
        session[VERIFIED] = ""
    if person.must_change_password:
        return "admin:password_change"
    if not session[VERIFIED] and person.needs_second_factor:
        return "second_factor_setup"
    return ""


class GateMiddleware:
    """Lets nothing through, page, script or form, before the steps of the login are done."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if is_open_to_all(request, view) or request.resolver_match.view_name in ALWAYS:
            return None
        step = next_step(request)
        if not step or request.resolver_match.view_name == step:
            return None
        return send_to(request, reverse(step))
