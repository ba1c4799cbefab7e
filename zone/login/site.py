"""The admin site: who may enter, and what entering and leaving writes.

It stands outside ``zone.admin`` because Django makes it before the admin modules register there.
"""

from __future__ import annotations

from functools import partial

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.decorators import method_decorator
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from unfold.sites import UnfoldAdminSite

from zone import navigation
from zone.login import devices, lockout, sessions
from zone.login import steps as login_steps
from zone.login.forms import LoginForm, OwnPasswordForm
from zone.models import AuditEntry

Action = AuditEntry.Action
A_DAY = 24 * 60 * 60  # seconds
MUST_CHANGE, MAY_CHANGE = "zone/login/new_password.html", "registration/password_change_form.html"


class ForwardAutocompleteView(AutocompleteJsonView):
    """Looks rows up for the fields that point at them.

    A name of the reverse side (``project`` of a lead) is no form's field, and Django's view
    fails on it. Who is looked up for a task holds its post.
    """

    def get_queryset(self):
        rows, field = super().get_queryset(), self.source_field
        role = getattr(field.model, "HOLDERS", {}).get(field.name)
        return rows.holding(role) if role else rows

    def process_request(self, request):
        term, model_admin, field, to_field_name = super().process_request(request)
        if not field.concrete:
            raise PermissionDenied
        return term, model_admin, field, to_field_name


class ZoneAdminSite(UnfoldAdminSite):
    """Opens for who holds a post today; ``is_staff`` decides nothing."""

    index_title = _("All records")
    empty_value_display = "—"
    login_form = LoginForm
    login_template = "zone/login/login.html"

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated and request.user.may_enter

    @method_decorator((never_cache, sensitive_post_parameters("password")))
    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        # A database that is away is told before somebody types a password.
        connection.cursor().close()
        why = sessions.WHY.get(request.GET.get("why", ""), "")
        response = super().login(request, {"why": why, "site_url": "", **(extra_context or {})})
        if request.method == "POST" and isinstance(response, HttpResponseRedirect):
            sessions.begin(request)
            devices.remember(request, response, lockout.plain(request.user.username))
            lockout.old_password_limit(request.user).reset()
            request.user.origin = request.origin
            step = "password" if login_steps.next_step(request) else "complete"
            AuditEntry.objects.record(Action.LOGIN, by=request.user, of=request.user, step=step)
        return lockout.with_status(response)

    def get_sidebar_list(self, request: HttpRequest) -> list[dict]:
        """Return the sidebar as it is: Unfold copies it and works out rights that it has by now."""
        return navigation.sidebar(request)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict]:
        """Return the list of all tables; only the index reads what each page is given."""
        return SimpleLazyObject(partial(super().get_app_list, request, app_label))

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return ForwardAutocompleteView.as_view(admin_site=self)(request)

    def i18n_javascript(self, request: HttpRequest, extra_context: dict | None = None):
        """Return Django's texts for its scripts; they change with the cookie of the language."""
        response = super().i18n_javascript(request, extra_context)
        patch_cache_control(response, private=True, max_age=A_DAY)
        patch_vary_headers(response, ["Cookie"])
        return response

    def logout(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        if request.method == "POST":
            AuditEntry.objects.record(Action.LOGOUT, by=request.user, of=request.user, step="own")
        return super().logout(request, extra_context)

    def password_change(
        self, request: HttpRequest, extra_context: dict | None = None
    ) -> HttpResponse:
        """Change one's own password; whoever has to goes on to where they were going."""
        must = request.user.must_change_password
        done = reverse(f"{self.name}:password_change_done")
        request.current_app = self.name
        response = PasswordChangeView.as_view(
            form_class=OwnPasswordForm,
            success_url=sessions.where_to(request) if must else done,
            template_name=MUST_CHANGE if must else MAY_CHANGE,
            extra_context={
                **self.each_context(request),
                "next": sessions.where_to(request),
                "site_url": "",
                "waiting": must,
                **(extra_context or {}),
            },
        )(request)
        return sessions.end(request, "guessed") if lockout.is_guessed(response) else response
