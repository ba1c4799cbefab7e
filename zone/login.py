"""The forms of the login, and the lines they leave in the trail."""

from __future__ import annotations

from django import forms
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminOwnPasswordChangeForm, AuthenticationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from zone import handover, lockout, sessions
from zone.models import AuditEntry, User

Action = AuditEntry.Action
TYPED_AS_IT_IS = {"autocapitalize": "none", "spellcheck": "false"}


class LoginForm(AuthenticationForm):
    """Name and password; a refusal says what to do and nothing about whether a name exists."""

    error_messages = {
        "invalid_login": _(
            "User name or password is wrong. Please check both; five wrong entries in a row lock "
            "for 15 minutes."
        ),
    }

    def __init__(self, request=None, *args, **kwargs):
        super().__init__(request, *args, **kwargs)
        # A phone would begin the name with a capital.
        self.fields["username"].widget.attrs |= TYPED_AS_IT_IS

    def clean(self):
        username = self.cleaned_data.get("username")
        password = self.cleaned_data.get("password")
        if username is None or not password:
            return self.cleaned_data
        self.user_cache = authenticate(self.request, username=username, password=password)
        if self.user_cache is None:
            raise self._refusal(username)
        self.confirm_login_allowed(self.user_cache)
        return self.cleaned_data

    def _refusal(self, username: str) -> ValidationError:
        locked = self.request.axes_locked_out
        record_failure(self.request, username, locked=locked)
        if not locked:
            return self.get_invalid_login_error()
        until = lockout.locked_until(self.request, username)
        # Axes counts no further once it is locked: only the entry that locked carries a count.
        if self.request.axes_failures_since_start:
            record(self.request, Action.LOCKED_OUT, username, until=until.isoformat())
        return lockout.refusal(until)

    def confirm_login_allowed(self, user: User):
        if not user.may_enter:
            record_failure(self.request, user.username, step="no_post")
            raise ValidationError(sessions.WHY["no_post"], code="no_post")


def record_failure(request: HttpRequest, username: str, **detail):
    record(request, Action.LOGIN_FAILED, username, **detail)


def record(request: HttpRequest, action: str, username: str, **detail):
    """Write a line about an account; a name that is none may be a password and is not kept."""
    account = User.objects.filter(username=username).first()
    AuditEntry.objects.record(
        action,
        of=account,
        origin=request.origin,
        username=username if account else "unknown",
        **detail,
    )


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """The person's own new password, which ends the other sessions."""

    def __init__(self, user, *args, **kwargs):
        super().__init__(user, *args, **kwargs)
        if user.needs_handover_code:
            self.fields["handover_code"] = forms.CharField(
                label=_("Handover code"),
                max_length=20,
                widget=UnfoldAdminTextInputWidget(attrs=TYPED_AS_IT_IS),
                help_text=_(
                    "You get it in person from the promotion office or the security administrator."
                ),
            )

    def clean_handover_code(self):
        if refusal := handover.failure(self.user, self.cleaned_data["handover_code"]):
            raise refusal
        return ""  # it has served

    def clean_new_password2(self):
        password = self.cleaned_data.get("new_password2", "")
        if password and self.user.check_password(password):
            raise ValidationError(_("This is the password you have; please choose a new one."))
        return password

    def save(self, commit: bool = True) -> User:
        self.user.change_password(self.cleaned_data["new_password1"], by=self.user)
        return self.user


class CodeForm(forms.Form):
    """A code from the phone, or a recovery code; ``check`` says whether it is one."""

    code = forms.CharField(
        label=_("Verification code"),
        max_length=20,
        widget=UnfoldAdminTextInputWidget(
            attrs={
                "autofocus": True,
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                **TYPED_AS_IT_IS,
            }
        ),
    )

    def __init__(self, *args, check=None, **kwargs):
        self.check = check
        super().__init__(*args, **kwargs)

    def clean_code(self):
        self.check("".join(self.cleaned_data["code"].split()))
        return ""  # used up: nobody needs it any more
