from importlib import import_module

from django.db import migrations

create_roles = import_module("projects.migrations.0004_roles").create_roles


class Migration(migrations.Migration):
    dependencies = [("projects", "0016_tidy_texts"), ("zone", "0029_worker_and_tries")]

    operations = [migrations.RunPython(create_roles, migrations.RunPython.noop)]
