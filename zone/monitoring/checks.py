"""System checks: no demo accounts in production, no application role that owns the trail."""

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.checks import Error, Tags, Warning, register
from django.db import DatabaseError, OperationalError, transaction

from zone.schema import grants


@register(Tags.security, deploy=True)
def demo_mode_is_off(app_configs, **kwargs) -> list:
    if settings.DEBUG or not settings.DEMO:
        return []
    return [
        Error("DEMO=1 switches the second factor off.", hint="Unset DEMO.", id="zone.E101"),
    ]


@register(Tags.security, deploy=True)
def no_demo_account_can_log_in(app_configs, **kwargs) -> list:
    """Look into the database, though plain ``check`` seldom does: the rows decide here."""
    from zone.models import User

    if settings.DEBUG:
        return []
    demo = User.objects.filter(is_demo=True, is_active=True)
    usable = demo.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    try:
        with transaction.atomic():
            number = usable.count()
    except OperationalError:
        return [
            Warning(
                "The database does not answer: nobody knows whether it holds demo accounts.",
                hint="Set DATABASE_URL, start the database, and check again.",
                id="zone.W101",
            )
        ]
    except DatabaseError:
        return []  # before the first migration there are no accounts
    if not number:
        return []
    return [
        Error(
            f"{number} demo accounts can log in, with a password that anybody can read.",
            hint="Run manage.py clear_demo.",
            id="zone.E102",
        )
    ]


@register(Tags.security, deploy=True)
def application_cannot_change_the_trail(app_configs, **kwargs) -> list:
    if settings.DEBUG:
        return []
    try:
        with transaction.atomic():
            owns, may_change = grants.owns_trail(), grants.may_change_trail()
    except DatabaseError:
        return []  # zone.W101 says it
    if owns:
        return [
            Error(
                "DATABASE_URL logs in as owner of the audit trail: whoever gets hold of it can "
                "switch the triggers off and write the trail anew.",
                hint="Let DATABASE_URL name a role that owns nothing and set DATABASE_OWNER_URL "
                "for migrate and purge_audit, see README.",
                id="zone.E103",
            )
        ]
    if may_change:
        return [
            Error(
                "The role of DATABASE_URL has rights to change the audit trail.",
                hint="Run manage.py migrate with DATABASE_OWNER_URL, which takes them; then look "
                "for what other roles and PUBLIC hand on.",
                id="zone.E104",
            )
        ]
    return []
