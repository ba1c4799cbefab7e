import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations

import zone.database.folding


class Migration(migrations.Migration):
    dependencies = [("crm", "0008_names")]

    operations = [
        migrations.RemoveIndex(
            model_name="contact",
            name="crm_contact_name_trgm",
        ),
        migrations.RemoveIndex(
            model_name="enterprise",
            name="crm_enterprise_name_trgm",
        ),
        migrations.RemoveIndex(
            model_name="followup",
            name="crm_followup_summary_trgm",
        ),
        migrations.RemoveIndex(
            model_name="lead",
            name="crm_lead_title_trgm",
        ),
        migrations.RemoveIndex(
            model_name="enterprise",
            name="crm_enterprise_pinyin",
        ),
        migrations.AddIndex(
            model_name="contact",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper(zone.database.folding.Folded("name")),
                    name="gin_trgm_ops",
                ),
                name="crm_contact_name_trgm",
            ),
        ),
        migrations.AddIndex(
            model_name="enterprise",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper(zone.database.folding.Folded("name")),
                    name="gin_trgm_ops",
                ),
                name="crm_enterprise_name_trgm",
            ),
        ),
        migrations.AddIndex(
            model_name="followup",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper(zone.database.folding.Folded("summary")),
                    name="gin_trgm_ops",
                ),
                name="crm_followup_summary_trgm",
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper(zone.database.folding.Folded("title")),
                    name="gin_trgm_ops",
                ),
                name="crm_lead_title_trgm",
            ),
        ),
        migrations.AddIndex(
            model_name="enterprise",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper(zone.database.folding.Folded("sort_key")),
                    name="gin_trgm_ops",
                ),
                name="crm_enterprise_pinyin",
            ),
        ),
    ]
