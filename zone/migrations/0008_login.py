from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("zone", "0007_trail_chain"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="user",
            options={
                "permissions": [("reset_second_factor", "Can reset the second factor of a person")],
                "verbose_name": "person",
                "verbose_name_plural": "people",
            },
        ),
        migrations.AddField(
            model_name="user",
            name="must_change_password",
            field=models.BooleanField(
                default=False,
                editable=False,
                help_text="Set when somebody else chose the password.",
                verbose_name="must change the password",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="password_changed_at",
            field=models.DateTimeField(
                blank=True, editable=False, null=True, verbose_name="password changed at"
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="session_round",
            field=models.PositiveIntegerField(
                default=0, editable=False, verbose_name="rounds of sessions ended"
            ),
        ),
    ]
