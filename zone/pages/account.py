"""My account: who I am here, what I may do, and how safe my login is."""

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from zone.calendar import in_words, today
from zone.login import second_factor
from zone.models import AuditEntry
from zone.models.calendar_tokens import CalendarToken
from zone.pages import reminders

Action = AuditEntry.Action
LOGINS = (Action.LOGIN, Action.LOGIN_FAILED, Action.LOCKED_OUT)
SHOWN = 8  # of the latest logins


@admin.site.admin_view
def account(request: HttpRequest) -> HttpResponse:
    person = request.user
    posts = person.appointments.select_related("chain", "park")
    context = {
        "title": _("My account"),
        "person": person,
        "posts": posts.current(today()),
        "phone": second_factor.phone_of(person),
        "idle": in_words(settings.SESSION_IDLE),
        "longest": in_words(settings.SESSION_LONGEST),
        "codes_left": second_factor.codes_left(person),
        "logins": AuditEntry.objects.of(person).filter(action__in=LOGINS)[:SHOWN],
        "reminders": reminders.ReminderForm(person),
        "calendar": CalendarToken.objects.visible_to(person).first(),
    }
    return TemplateResponse(
        request, "zone/account.html", admin.site.each_context(request) | context
    )


@admin.site.admin_view
@require_POST
def sign_out_elsewhere(request: HttpRequest) -> HttpResponse:
    """End every session of one's own but this one."""
    request.user.sign_out_everywhere(by=request.user)
    update_session_auth_hash(request, request.user)
    messages.success(request, _("You are signed out everywhere else; here you stay logged in."))
    return redirect("account")
