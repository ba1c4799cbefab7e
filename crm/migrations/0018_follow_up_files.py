import datetime
import uuid

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

import zone.fields
import zone.files.storage
import zone.identifiers


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0017_enterprises"),
        ("zone", "0009_settings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FollowUpFile",
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
                    zone.fields.LineField(
                        editable=False,
                        max_length=120,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="file name",
                    ),
                ),
                ("size", models.PositiveIntegerField(editable=False, verbose_name="size (bytes)")),
                (
                    "content_type",
                    models.CharField(
                        editable=False, max_length=100, verbose_name="type of content"
                    ),
                ),
                ("sha256", models.CharField(editable=False, max_length=64, verbose_name="SHA-256")),
            ],
            options={
                "verbose_name": "file of a follow-up",
                "verbose_name_plural": "files of follow-ups",
                "ordering": ("-created_at", "id"),
                "abstract": False,
            },
        ),
        # Trips of before keep their days until they are changed.
        AddConstraintNotValid(
            model_name="trip",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "ends_on__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("starts_on"), "+", models.Value(datetime.timedelta(days=183))
                        ),
                    )
                ),
                name="trip_within_half_a_year",
                violation_error_message="A trip lasts half a year at most; please check the year of the last day.",
            ),
        ),
        migrations.AddField(
            model_name="followupfile",
            name="follow_up",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="files",
                to="crm.followup",
                verbose_name="follow-up",
            ),
        ),
        migrations.AddField(
            model_name="followupfile",
            name="uploaded_by",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="uploaded by",
            ),
        ),
        migrations.AddConstraint(
            model_name="followupfile",
            constraint=models.CheckConstraint(
                condition=models.Q(("sha256", ""), _negated=True),
                name="followupfile_was_checked",
                violation_error_message="The file has not been checked.",
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(
                    ("next_follow_up_on", None),
                    ("owner__isnull", False),
                    ("stage__in", ("NEW", "SCREENED", "NEGOTIATING", "AGREEING")),
                ),
                fields=["owner"],
                name="lead_undated",
            ),
        ),
    ]
