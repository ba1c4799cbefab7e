import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("zone", "0028_audit_anchors"),
    ]

    operations = [
        migrations.CreateModel(
            name="WorkerBeat",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("host", models.CharField(max_length=100, verbose_name="host")),
                ("pid", models.PositiveIntegerField(verbose_name="process")),
                (
                    "loop",
                    models.CharField(
                        choices=[("STEPS", "uploads and upkeep"), ("WEBHOOKS", "webhooks")],
                        max_length=10,
                        verbose_name="loop",
                    ),
                ),
                (
                    "started_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="started at",
                    ),
                ),
                (
                    "beat_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="last beat",
                    ),
                ),
                ("step", models.CharField(max_length=100, verbose_name="last step")),
                ("faults", models.PositiveIntegerField(default=0, verbose_name="failed steps")),
            ],
            options={
                "verbose_name": "background worker",
                "verbose_name_plural": "background workers",
                "ordering": ("host", "pid", "loop"),
                "default_permissions": ("view",),
            },
        ),
        migrations.AlterModelOptions(
            name="apiuploadpart",
            options={"default_permissions": (), "ordering": ("upload", "number", "offset")},
        ),
        migrations.RemoveConstraint(
            model_name="apiuploadpart",
            name="upload_part_once",
        ),
        migrations.AddField(
            model_name="apiuploadpart",
            name="offset",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="apiuploadpart",
            name="tries",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="lost",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AlterField(
            model_name="webhookdelivery",
            name="last_fault",
            field=models.CharField(
                blank=True,
                choices=[
                    ("STATUS", "the receiver answered with an error"),
                    ("TIMEOUT", "no answer in time"),
                    ("CONNECTION", "no connection"),
                    ("TLS", "the certificate or encryption is not valid"),
                    ("NAME", "the name of the host leads nowhere"),
                    ("REFUSED", "the address is not approved"),
                    ("INTERNAL", "it cannot be processed here"),
                ],
                default="",
                editable=False,
                max_length=10,
                verbose_name="last fault",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("lease__isnull", False)),
                fields=["leased_until"],
                name="webhook_leased",
            ),
        ),
        migrations.AddConstraint(
            model_name="apiuploadpart",
            constraint=models.UniqueConstraint(
                fields=("upload", "number", "offset"), name="upload_part_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="workerbeat",
            constraint=models.UniqueConstraint(
                fields=("host", "pid", "loop"), name="worker_loop_once"
            ),
        ),
    ]
