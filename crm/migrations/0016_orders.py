from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0015_screening"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="screeningcriterion",
            options={
                "ordering": ("position", "id"),
                "verbose_name": "screening criterion",
                "verbose_name_plural": "screening criteria",
            },
        ),
        migrations.AlterModelOptions(
            name="screeningscore",
            options={
                "ordering": ("criterion__position", "criterion"),
                "verbose_name": "score of a screening",
                "verbose_name_plural": "scores of screenings",
            },
        ),
    ]
