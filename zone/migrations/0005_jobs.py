import uuid

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("zone", "0004_sent_form"),
    ]

    operations = [
        migrations.CreateModel(
            name="JobRun",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        editable=False, max_length=40, unique=True, verbose_name="job"
                    ),
                ),
                (
                    "due_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="due at",
                    ),
                ),
                (
                    "held_until",
                    models.DateTimeField(editable=False, null=True, verbose_name="under way until"),
                ),
                (
                    "started_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="last start"),
                ),
                (
                    "succeeded_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="last success"),
                ),
                (
                    "outcome",
                    models.CharField(
                        default="", editable=False, max_length=500, verbose_name="result"
                    ),
                ),
                (
                    "fault",
                    models.CharField(
                        default="", editable=False, max_length=500, verbose_name="last fault"
                    ),
                ),
                (
                    "failures",
                    models.PositiveIntegerField(
                        default=0, editable=False, verbose_name="failures in a row"
                    ),
                ),
            ],
            options={
                "verbose_name": "periodic job",
                "verbose_name_plural": "periodic jobs",
                "ordering": ("name",),
                "permissions": [("run_jobrun", "Can run periodic jobs now")],
                "default_permissions": ("view",),
            },
        ),
        migrations.AlterField(
            model_name="workerbeat",
            name="loop",
            field=models.CharField(
                choices=[("STEPS", "uploads"), ("JOBS", "periodic jobs"), ("WEBHOOKS", "webhooks")],
                max_length=10,
                verbose_name="loop",
            ),
        ),
        migrations.AlterField(
            model_name="zonesetting",
            name="key",
            field=models.CharField(
                choices=[
                    ("LIGHT_YELLOW_FROM", "yellow light from"),
                    ("LIGHT_RED_ABOVE", "red light above"),
                    ("SIGNED_FLOOR_WAN", "smallest amount recognised"),
                    ("USUAL_AMOUNT_LEAST_WAN", "usual amount, at least"),
                    ("USUAL_AMOUNT_MOST_WAN", "usual amount, at most"),
                    ("USUAL_TARGET_LEAST_WAN", "usual target amount, at least"),
                    ("USUAL_TARGET_MOST_WAN", "usual target amount, at most"),
                    ("LEAD_PROTECTION_DAYS", "protection of a lead"),
                    ("CONTACT_RETENTION_DAYS", "keeping of contacts"),
                    ("LEAD_WARNING_DAYS", "warning before protection ends"),
                    ("CONTACT_EXTENDS_DAYS", "protection from a call or meeting"),
                    ("VISIT_EXTENDS_DAYS", "protection from a visit"),
                    ("STAGE_EXTENDS_DAYS", "protection from a new stage"),
                    ("HOLD_LIMIT", "leads one person may hold"),
                    ("CLAIM_COOLDOWN_DAYS", "wait before claiming again"),
                    ("FIRST_FOLLOW_UP_HOURS", "time for the first follow-up"),
                    ("REOPEN_DAYS", "reopening of a closed lead"),
                    ("COUNT_WORKDAYS", "clocks count workdays"),
                    ("RESPOND_DAYS", "clock: respond"),
                    ("SCREEN_DAYS", "clock: screen"),
                    ("FEEDBACK_DAYS", "clock: feed back"),
                    ("REPORT_DAYS", "clock: report"),
                    ("STALE_EARLY_DAYS", "clock: stale before negotiations"),
                    ("STALE_NEGOTIATING_DAYS", "clock: stale while negotiating"),
                    ("STALE_AGREEING_DAYS", "clock: stale before signing"),
                ],
                max_length=40,
                unique=True,
                verbose_name="setting",
            ),
        ),
    ]
