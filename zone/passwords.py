"""What a password may not be, besides Django's own rules."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

SHORTEST = 2  # a Chinese name


class OwnNamesValidator:
    """Refuses a password that contains the user name, the name or the department."""

    def validate(self, password: str, user=None):
        names = (user.username, user.display_name, user.department) if user else ()
        for name in names:
            if len(name) >= SHORTEST and name.casefold() in password.casefold():
                raise ValidationError(
                    _("The password contains “%(name)s”; please leave out what is known of you."),
                    code="own_name",
                    params={"name": name},
                )

    def get_help_text(self) -> str:
        return _("It does not contain your user name, your name or your department.")
