from django.db import migrations

import zone.fields
import zone.identifiers


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0009_folded_search"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="lead",
            options={
                "ordering": ("-registered_at", "id"),
                "permissions": [
                    ("advance_lead", "Can advance and close leads"),
                    ("convert_lead", "Can turn leads into projects"),
                    ("assign_lead", "Can assign leads"),
                    ("override_lead", "Can register leads of courted investors"),
                ],
                "verbose_name": "lead",
                "verbose_name_plural": "leads",
            },
        ),
        migrations.AddField(
            model_name="lead",
            name="override_reason",
            field=zone.fields.NoteField(
                blank=True,
                default="",
                help_text="Why the office lets this lead stand though its investor is courted already.",
                max_length=500,
                validators=[zone.identifiers.no_personal_number],
                verbose_name="why beside another lead",
            ),
        ),
    ]
