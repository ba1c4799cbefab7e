import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import zone.database.folding
import zone.fields
from zone.database.filling import fill


def fill_keys(apps, editor):
    fill(editor, apps.get_model("projects", "Project"), "sort_key")


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0013_search_keys"),
        ("projects", "0004_folded_search"),
        ("zone", "0007_sort_keys"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="project",
            name="sort_key",
            field=zone.fields.PinyinKeyField(
                blank=True, default="", editable=False, max_length=251, of="name"
            ),
        ),
        migrations.RunPython(fill_keys, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="project",
            index=models.Index(fields=["sort_key", "id"], name="project_sort_key"),
        ),
        migrations.AddIndex(
            model_name="project",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper(zone.database.folding.Folded("code")),
                    name="gin_trgm_ops",
                ),
                name="projects_project_code_trgm",
            ),
        ),
        migrations.AddIndex(
            model_name="project",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper(zone.database.folding.Folded("sort_key")),
                    name="gin_trgm_ops",
                ),
                name="projects_project_pinyin",
            ),
        ),
    ]
