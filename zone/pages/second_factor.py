"""The pages of the second factor: give a code, set up a phone, keep recovery codes."""

from django.contrib import admin, messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from zone.login import lockout, second_factor, sessions
from zone.login.forms import CodeForm


def page(view):
    """Show a page to whoever is logged in, never from a cache and never with its codes in a log."""
    return admin.site.admin_view(sensitive_post_parameters("code")(never_cache(view)))


def render(request: HttpRequest, template: str, title: str, **context) -> TemplateResponse:
    frame = admin.site.each_context(request) | {"site_url": "", "title": title}
    frame["next"] = sessions.where_to(request)
    frame["waiting"] = not request.session.get(sessions.VERIFIED)
    response = TemplateResponse(request, f"zone/login/{template}.html", frame | context)
    return lockout.with_status(response)


@page
def code(request: HttpRequest) -> HttpResponse:
    """Ask for a code: after the password, and again before the phone or the codes change."""
    if not request.user.has_second_factor:
        return redirect(sessions.where_to(request))
    used = []

    def check(text: str):
        used.append(second_factor.verify(request, text))

    form = CodeForm(request.POST if request.method == "POST" else None, check=check)
    if form.is_valid():
        second_factor.pass_gate(request, used[0])
        left = second_factor.codes_left(request.user)
        if used[0] == second_factor.RECOVERY:
            messages.warning(
                request,
                _("Recovery code used; %(left)s are left. Set up a new phone, or make new codes.")
                % {"left": left},
            )
        return redirect(sessions.where_to(request))
    return render(request, "code", _("Confirm that it is you"), form=form)


@page
def setup(request: HttpRequest) -> HttpResponse:
    """Set up a phone: scan, type the first code, keep the recovery codes."""
    person = request.user
    if person.has_second_factor and not second_factor.is_fresh(request):
        return sessions.send_to(request, reverse("second_factor"))
    device = second_factor.device_to_enrol(person)
    check = second_factor.check_new_phone(request, device)
    form = CodeForm(request.POST if request.method == "POST" else None, check=check)
    if form.is_valid():
        codes = second_factor.enrol(person, device)
        update_session_auth_hash(request, person)
        second_factor.pass_gate(request, second_factor.PHONE)
        return render(request, "recovery", _("Keep your recovery codes"), codes=codes)
    return render(
        request,
        "setup",
        _("Set up the second factor"),
        form=form,
        qr=second_factor.qr_code(device.config_url),
        key=second_factor.readable_key(device),
    )


@page
@require_POST
def recovery(request: HttpRequest) -> HttpResponse:
    """Make ten new recovery codes and show them once."""
    if not request.user.has_second_factor:
        return redirect("account")
    if not second_factor.is_fresh(request):
        return redirect(f"{reverse('second_factor')}?next={reverse('account')}")
    codes = second_factor.renew_codes(request.user)
    return render(
        request,
        "recovery",
        _("Keep your recovery codes"),
        codes=codes,
        next=reverse("account"),
    )
