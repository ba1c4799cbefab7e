from importlib import import_module

from django.db import migrations

create_roles = import_module("projects.migrations.0004_roles").create_roles


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0006_attachments"),
        ("zone", "0009_security_alerts"),
        ("crm", "0007_contact_keys"),
    ]

    operations = [migrations.RunPython(create_roles, migrations.RunPython.noop)]
