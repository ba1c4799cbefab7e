from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.models import Q

from zone.access.roles import permissions_by_role


def create_roles(apps, schema_editor):
    # Permissions are otherwise made after the last migration, too late for the groups.
    for label in ("admin", "zone", "crm", "projects"):
        create_permissions(installed.get_app_config(label), verbosity=0)
    group_model = apps.get_model("auth", "Group")
    permission_model = apps.get_model("auth", "Permission")
    for name, codes in permissions_by_role().items():
        group, _ = group_model.objects.get_or_create(name=name)
        wanted = Q(pk=None)
        for app, codename in (code.split(".") for code in codes):
            wanted |= Q(content_type__app_label=app, codename=codename)
        group.permissions.set(permission_model.objects.filter(wanted))


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0003_row_triggers"),
        ("crm", "0004_search"),
        ("zone", "0002_row_triggers"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(create_roles, migrations.RunPython.noop)]
