"""The first page of each role."""

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from zone.calendar import today
from zone.models import Appointment


def home(request: HttpRequest) -> HttpResponse:
    """Lead to the login, to one's own leads, to the target progress, to the parks, the trail."""
    if not request.user.is_authenticated:
        return redirect_to_login("/", reverse("admin:login"))
    return redirect(first_page(request.user))


def first_page(user) -> str:
    posts = Appointment.objects.filter(user=user).current(today()).values_list("role", flat=True)
    roles = set(posts)
    sees_targets = user.has_perm("zone.view_target")
    if Appointment.Role.SPECIALIST in roles or (
        user.has_perm("crm.change_lead") and not sees_targets
    ):
        return f"{reverse('admin:crm_lead_changelist')}?whose=mine"
    if sees_targets:
        return reverse("progress")
    if Appointment.Role.PARK_OPERATOR in roles or user.has_perm("zone.change_space"):
        return reverse("admin:zone_park_changelist")
    if Appointment.Role.AUDITOR in roles:
        return reverse("admin:zone_auditentry_changelist")
    return reverse("admin:index")
