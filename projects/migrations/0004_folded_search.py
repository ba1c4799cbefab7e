import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations

import zone.database.folding


class Migration(migrations.Migration):
    dependencies = [("projects", "0003_amounts")]

    operations = [
        migrations.RemoveIndex(
            model_name="project",
            name="projects_project_name_trgm",
        ),
        migrations.AddIndex(
            model_name="project",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper(zone.database.folding.Folded("name")),
                    name="gin_trgm_ops",
                ),
                name="projects_project_name_trgm",
            ),
        ),
    ]
