from django.db import migrations, models

import zone.fields
import zone.identifiers

# Computed while the table is written anew, so that no row counts as changed: half a million
# enterprises would be sent to every other system. No two rows have one, as no two had one name_key.
FILL = """
ALTER TABLE crm_enterprise ADD COLUMN exact_key varchar(300)
  GENERATED ALWAYS AS (lower(replace(normalize(name, NFKC), ' ', ''))) STORED;
ALTER TABLE crm_enterprise ALTER COLUMN exact_key DROP EXPRESSION;
ALTER TABLE crm_enterprise ALTER COLUMN exact_key SET NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0007_no_next")]

    operations = [
        migrations.RunSQL(
            FILL,
            "ALTER TABLE crm_enterprise DROP COLUMN exact_key",
            state_operations=[
                migrations.AddField(
                    "enterprise",
                    "exact_key",
                    models.CharField(editable=False, max_length=300),
                    preserve_default=False,
                )
            ],
        ),
        migrations.AlterField(
            "enterprise", "exact_key", models.CharField(editable=False, max_length=300, unique=True)
        ),
        migrations.AlterField(
            "enterprise",
            "name_key",
            models.CharField(db_index=True, editable=False, max_length=300),
        ),
        migrations.AddField(
            "enterprise",
            "is_distinct",
            models.BooleanField(
                default=False,
                help_text="Needed only when a like name is on record and one of the two has no "
                "credit code.",
                verbose_name="another enterprise of like name",
            ),
        ),
        migrations.AlterField(
            "enterprise",
            "name",
            zone.fields.RegisteredNameField(
                max_length=100,
                validators=[zone.identifiers.no_personal_number],
                verbose_name="name",
            ),
        ),
    ]
