import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("zone", "0005_trail_triggers"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditLink",
            fields=[
                (
                    "position",
                    models.BigIntegerField(
                        primary_key=True, serialize=False, verbose_name="position"
                    ),
                ),
                ("day", models.DateField(verbose_name="day")),
                (
                    "previous",
                    models.CharField(blank=True, max_length=64, verbose_name="hash before"),
                ),
                ("hash", models.CharField(max_length=64, verbose_name="hash")),
            ],
            options={
                "verbose_name": "seal of an audit entry",
                "verbose_name_plural": "seals of audit entries",
                "ordering": ("position",),
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="auditentry",
            name="parent",
            field=models.CharField(
                blank=True,
                default="",
                help_text="app.model:ID",
                max_length=110,
                verbose_name="belongs to the row",
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                condition=models.Q(("parent", ""), _negated=True),
                fields=["parent", "-id"],
                name="audit_parent",
            ),
        ),
        migrations.AddField(
            model_name="auditlink",
            name="entry",
            field=models.OneToOneField(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="link",
                to="zone.auditentry",
                verbose_name="audit entry",
            ),
        ),
        migrations.AddIndex(
            model_name="auditlink",
            index=models.Index(fields=["day", "position"], name="audit_link_day"),
        ),
    ]
