from decimal import Decimal

import django.core.validators
import django.db.models.functions.math
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


# Not valid: a row from before with such a number does not stop the upgrade; whoever saves it next
# mends it.
class Migration(migrations.Migration):
    dependencies = [
        ("zone", "0002_write_log"),
    ]

    operations = [
        migrations.AlterField(
            model_name="target",
            name="value",
            field=models.DecimalField(
                decimal_places=4,
                help_text="Amounts in 万元, the others as a count.",
                max_digits=16,
                validators=[
                    django.core.validators.MinValueValidator(
                        Decimal("0.0001"), "A target is more than 0; delete it to have none."
                    ),
                    django.core.validators.MaxValueValidator(
                        100000000, "More than 1万亿元 is no single amount; please check the unit."
                    ),
                ],
                verbose_name="value",
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
                ],
                max_length=40,
                unique=True,
                verbose_name="setting",
            ),
        ),
        AddConstraintNotValid(
            model_name="target",
            constraint=models.CheckConstraint(
                condition=models.Q(("value__range", (-100000000, 100000000))),
                name="target_bounded",
                violation_error_message="More than 1万亿元 is no single amount; please check the unit.",
            ),
        ),
        AddConstraintNotValid(
            model_name="target",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("measure", "SIGNED_AMOUNT"),
                    ("value", django.db.models.functions.math.Floor("value")),
                    _connector="OR",
                ),
                name="target_counts_are_whole",
                violation_error_message="Projects and tenants are counted in whole numbers.",
            ),
        ),
        AddConstraintNotValid(
            model_name="zonesetting",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("key__endswith", "_DAYS"), _negated=True),
                    ("value", django.db.models.functions.math.Floor("value")),
                    _connector="OR",
                ),
                name="zone_setting_whole_days",
                violation_error_message="Days are whole numbers.",
            ),
        ),
    ]
