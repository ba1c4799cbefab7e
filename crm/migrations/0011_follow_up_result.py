from django.db import migrations, models

import zone.fields
import zone.identifiers


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0010_override"),
    ]

    operations = [
        migrations.AddField(
            model_name="followup",
            name="participants",
            field=zone.fields.LineField(
                blank=True,
                default="",
                max_length=200,
                validators=[zone.identifiers.no_personal_number],
                verbose_name="participants",
            ),
        ),
        migrations.AddField(
            model_name="followup",
            name="result",
            field=models.CharField(
                blank=True,
                choices=[
                    ("PROGRESS", "progress"),
                    ("UNCHANGED", "no change"),
                    ("SETBACK", "setback"),
                ],
                default="",
                max_length=10,
                verbose_name="result",
            ),
        ),
        migrations.AlterField(
            model_name="followup",
            name="summary",
            field=zone.fields.NoteField(
                max_length=2000,
                validators=[zone.identifiers.no_personal_number],
                verbose_name="summary",
            ),
        ),
    ]
