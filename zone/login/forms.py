"""The forms of the login."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminOwnPasswordChangeForm, AuthenticationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from zone.calendar import limit_in_words
from zone.fields import LineInput
from zone.login import handover, lockout, sessions
from zone.models import User

TYPED_AS_IT_IS = {"autocapitalize": "none", "spellcheck": "false"}


class LoginForm(AuthenticationForm):
    """Name and password; a refusal says what to do and nothing about whether a name exists."""

    error_messages = {
        "invalid_login": format_lazy(
            _(
                "User name or password is wrong. Please check both; {failures} wrong entries in a "
                "row lock for {time}."
            ),
            failures=settings.AXES_FAILURE_LIMIT,
            time=limit_in_words("AXES_COOLOFF_TIME"),
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
        self.user_cache = lockout.try_password(self.request, username, password)
        if self.user_cache is None:
            raise self.get_invalid_login_error()
        self.confirm_login_allowed(self.user_cache)
        return self.cleaned_data

    def confirm_login_allowed(self, user: User):
        if not user.may_enter:
            lockout.record_failure(self.request, user.username, step="no_post")
            raise ValidationError(sessions.WHY["no_post"], code="no_post")


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """The person's own new password, which ends the other sessions."""

    def __init__(self, user, *args, **kwargs):
        super().__init__(user, *args, **kwargs)
        if user.needs_handover_code:
            self.fields["handover_code"] = LineInput(
                label=_("Handover code"),
                max_length=20,
                widget=UnfoldAdminTextInputWidget(attrs=TYPED_AS_IT_IS),
                help_text=_(
                    "You get it in person from the promotion office or the security administrator."
                ),
            )

    def clean_old_password(self):
        password = self.cleaned_data["old_password"]
        if not lockout.try_old_password(self.user, password):
            raise ValidationError(
                self.error_messages["password_incorrect"], code="password_incorrect"
            )
        return password

    def clean_handover_code(self):
        if "old_password" not in self.cleaned_data:
            return ""  # whoever does not know the password learns nothing about the code
        if refusal := handover.failure(self.user, self.cleaned_data["handover_code"]):
            raise refusal
        return ""  # it has served

    def clean_new_password2(self):
        password = self.cleaned_data.get("new_password2", "")
        # Compared with what was typed: to compare with the hash would be one more guess.
        if password and password == self.cleaned_data.get("old_password"):
            raise ValidationError(_("This is the password you have; please choose a new one."))
        return password

    def save(self, commit: bool = True) -> User:
        self.user.change_password(self.cleaned_data["new_password1"], by=self.user)
        return self.user


class CodeForm(forms.Form):
    """A code from the phone, or a recovery code; ``check`` says whether it is one."""

    code = LineInput(
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
