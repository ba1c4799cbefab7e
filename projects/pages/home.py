"""The first page of each role."""

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from zone.models import Appointment

Role = Appointment.Role
# The first role that a person holds decides.
FIRST_PAGES = (
    (Role.SPECIALIST, "my_day", ""),
    (Role.OFFICE, "progress", ""),
    (Role.LEADERSHIP, "progress", ""),
    (Role.CHAIN_LEADER, "progress", ""),
    (Role.STATISTICIAN, "progress", ""),
    (Role.PARK_OPERATOR, "admin:zone_park_changelist", ""),
    (Role.SERVICE_AGENT, "admin:projects_project_changelist", ""),
    (Role.AUDITOR, "admin:zone_auditentry_changelist", ""),
    (Role.SECURITY_ADMIN, "admin:zone_securityalert_changelist", ""),
    (Role.SYSTEM_ADMIN, "admin:zone_user_changelist", ""),
)


def home(request: HttpRequest) -> HttpResponse:
    """Lead to the login, or to what this person opens first every day."""
    if not request.user.is_authenticated:
        return redirect_to_login("/", reverse("admin:login"))
    return redirect(first_page(request.user))


def first_page(user) -> str:
    if user.is_superuser:
        return reverse("progress")
    roles = user.roles()
    for role, page, query in FIRST_PAGES:
        if role in roles:
            return reverse(page) + query
    return reverse("admin:index")
