"""What administrators do to somebody's login: a new password, no second factor, signed out."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.forms import SetPasswordMixin
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget

from zone.admin.state import ReasonForm, StateAction
from zone.login import handover


class ResetPasswordForm(SetPasswordMixin, ReasonForm):
    password1, password2 = SetPasswordMixin.create_password_fields(
        _("New password"), _("New password, again")
    )
    field_order = ("password1", "password2", "reason")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("password1", "password2"):
            field = self.fields[name]
            field.widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
            field.help_text = ""
        self.fields["password1"].help_text = _(
            "At least %(count)d characters, not a common password."
        ) % {"count": settings.PASSWORD_LENGTH}

    def clean(self):
        self.validate_passwords()
        self.validate_password_for_user(self.row)
        return super().clean()

    def apply(self):
        cleaned = self.cleaned_data
        self.row.change_password(cleaned["password1"], by=self.user, reason=cleaned["reason"])


class ResetSecondFactorForm(ReasonForm):
    def apply(self):
        self.row.reset_second_factor(by=self.user, **self.cleaned_data)


class HandoverForm(ReasonForm):
    def apply(self):
        self.secret = handover.issue(self.row, by=self.user, **self.cleaned_data)


class SignOutForm(ReasonForm):
    def apply(self):
        self.row.sign_out_everywhere(by=self.user, **self.cleaned_data)


RESET_PASSWORD = StateAction(
    "password",
    _("Reset password"),
    ResetPasswordForm,
    can="can_reset_password",
    done=_("%(row)s has a new password, and has to choose another one at the next login."),
    explain=lambda row: _(
        "Hand the new password over in person. It holds for one login: then the person chooses "
        "another. All logins of this account end."
    ),
)
ACTIONS = (
    RESET_PASSWORD,
    StateAction(
        "second-factor",
        _("Reset second factor"),
        ResetSecondFactorForm,
        can="can_reset_second_factor",
        done=_("%(row)s has no second factor any more."),
        explain=lambda row: _(
            "Make sure in person that it is really them. Phone and recovery codes stop working, "
            "all logins of this account end, and the person sets up a phone anew."
        ),
    ),
    StateAction(
        "handover",
        _("Issue handover code"),
        HandoverForm,
        can="can_issue_handover_code",
        done="",
        primary=True,
        explain=lambda row: (
            _(
                "%(chooser)s set the password of this account and holds fewer rights than it has. "
                "Make sure in person that its owner asked for that; with the code the owner gets "
                "in and chooses a password of their own."
            )
            % {"chooser": row.password_chosen_by}
        ),
        secret_note=_(
            "Give this code in person to the owner of the account, and to nobody else. It is asked "
            "for when the owner chooses a password of their own."
        ),
    ),
    StateAction(
        "sign-out",
        _("Sign out everywhere"),
        SignOutForm,
        can="can_sign_out",
        done=_("%(row)s is signed out everywhere."),
        explain=lambda row: _(
            "All logins of this account end at once; with the password a new one is possible. To "
            "close the account, end its appointments or take its tick “active” away."
        ),
    ),
)
