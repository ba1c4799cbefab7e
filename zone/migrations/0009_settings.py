from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("zone", "0008_imports"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="savedview",
            options={
                "ordering": ("created_at", "id"),
                "permissions": [("share_savedview", "Can share views of lists")],
                "verbose_name": "saved view",
                "verbose_name_plural": "saved views",
            },
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
                    ("ROWS_AT_ONCE", "rows at once"),
                    ("SCREENING_REQUIRED", "screening before a lead goes on"),
                    ("CONTACT_RETENTION_DAYS", "keeping of contacts"),
                    ("NEXT_FOLLOW_UP_DAYS", "days until the next follow-up"),
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
                    ("IMPORT_MOST_ROWS", "rows of one import"),
                    ("IMPORT_UNDO_HOURS", "undoing of an import"),
                    ("IMPORT_KEEP_DAYS", "keeping of imported files"),
                ],
                max_length=40,
                unique=True,
                verbose_name="setting",
            ),
        ),
    ]
