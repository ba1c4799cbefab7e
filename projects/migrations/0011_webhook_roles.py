from importlib import import_module

from django.db import migrations

create_roles = import_module("projects.migrations.0004_roles").create_roles


class Migration(migrations.Migration):
    dependencies = [("projects", "0010_roles"), ("zone", "0018_webhooks")]

    operations = [migrations.RunPython(create_roles, migrations.RunPython.noop)]
