"""The roles as Django groups, with the permissions that the apps declare."""

from __future__ import annotations

from django.contrib.auth.management import create_permissions

from zone.access.roles import permissions_by_role
from zone.apps import our_apps


def install(using: str = "default") -> list[str]:
    """Give each role's group its permissions and no others; return the roles that differed."""
    from django.contrib.auth.models import Group, Permission

    for config in our_apps():
        # Django makes them after this step, app by app.
        create_permissions(config, verbosity=0, using=using)
    labels = [config.label for config in our_apps()]
    rows = Permission.objects.using(using).filter(content_type__app_label__in=labels)
    known = {
        f"{row.content_type.app_label}.{row.codename}": row.pk for row in rows.select_related()
    }
    groups = Group.objects.using(using).prefetch_related("permissions")
    held = {group.name: {row.pk for row in group.permissions.all()} for group in groups}
    differing = []
    for role, permissions in permissions_by_role().items():
        wanted = {known[permission] for permission in permissions}
        if held.get(role) != wanted:
            group, _created = Group.objects.using(using).get_or_create(name=role)
            group.permissions.set(wanted)
            differing.append(role)
    return differing
