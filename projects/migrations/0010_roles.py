from importlib import import_module

from django.db import migrations

create_roles = import_module("projects.migrations.0004_roles").create_roles


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0009_change_feed"),
        ("zone", "0015_api_clients"),
        ("crm", "0009_change_feed"),
    ]

    operations = [migrations.RunPython(create_roles, migrations.RunPython.noop)]
