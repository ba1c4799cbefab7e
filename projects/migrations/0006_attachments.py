import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import zone.files.storage
from zone.database.row_versions import touch


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0005_service_agent"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Attachment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "version",
                    models.BigIntegerField(db_default=1, editable=False, verbose_name="version"),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="created at",
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="updated at",
                    ),
                ),
                (
                    "is_demo",
                    models.BooleanField(
                        default=False,
                        editable=False,
                        help_text="Invented for demonstration; removed by the command clear_demo.",
                        verbose_name="demo data",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("SCAN", "scan of an agreement"),
                            ("SITE_PHOTO", "photo of the site"),
                            ("MINUTES", "minutes"),
                            ("LICENCE", "licence or certificate"),
                            ("OTHER", "other"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "file",
                    models.FileField(
                        editable=False,
                        max_length=60,
                        unique=True,
                        upload_to=zone.files.storage.random_name,
                        verbose_name="file",
                    ),
                ),
                (
                    "name",
                    models.CharField(editable=False, max_length=120, verbose_name="file name"),
                ),
                ("size", models.PositiveIntegerField(editable=False, verbose_name="size (bytes)")),
                (
                    "content_type",
                    models.CharField(
                        editable=False, max_length=100, verbose_name="type of content"
                    ),
                ),
                ("sha256", models.CharField(editable=False, max_length=64, verbose_name="SHA-256")),
                (
                    "note",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="note"),
                ),
                (
                    "agreement",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attachments",
                        to="projects.agreement",
                        verbose_name="agreement",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attachments",
                        to="projects.project",
                        verbose_name="project",
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="uploaded by",
                    ),
                ),
            ],
            options={
                "verbose_name": "attachment",
                "verbose_name_plural": "attachments",
                "ordering": ("-created_at", "id"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("agreement", None), ("project__isnull", False)),
                            models.Q(("agreement__isnull", False), ("project", None)),
                            _connector="OR",
                        ),
                        name="attachment_of_one",
                        violation_error_message="An attachment belongs to one agreement or to one project.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sha256", ""), _negated=True),
                        name="attachment_was_checked",
                        violation_error_message="The file has not been checked.",
                    ),
                ],
            },
        ),
        *touch("projects_attachment"),
    ]
