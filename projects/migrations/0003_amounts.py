from decimal import Decimal

import django.core.validators
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

import zone.fields


# Not valid: a row from before with such a number does not stop the upgrade; whoever saves it next
# mends it.
class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0006_amounts"),
        ("projects", "0002_project_number"),
        ("zone", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="agreement",
            name="amount_wan",
            field=zone.fields.WanField(
                blank=True,
                decimal_places=4,
                help_text="Planned total investment as written in it; the increment in a supplement.",
                max_digits=16,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(
                        Decimal("0.0001"), "The amount must be more than 0."
                    )
                ],
                verbose_name="amount (10,000 yuan)",
            ),
        ),
        migrations.AlterField(
            model_name="project",
            name="fixed_asset_investment_wan",
            field=zone.fields.WanField(
                blank=True,
                decimal_places=4,
                max_digits=16,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(
                        Decimal("0"), "The amount cannot be negative."
                    )
                ],
                verbose_name="of which fixed assets (10,000 yuan)",
            ),
        ),
        migrations.AlterField(
            model_name="project",
            name="total_investment_wan",
            field=zone.fields.WanField(
                blank=True,
                decimal_places=4,
                max_digits=16,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(
                        Decimal("0"), "The amount cannot be negative."
                    )
                ],
                verbose_name="total investment (10,000 yuan)",
            ),
        ),
        AddConstraintNotValid(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_wan__range", (-100000000, 100000000))),
                name="agreement_amount_bounded",
                violation_error_message="More than 1万亿元 is no single amount; please check the unit.",
            ),
        ),
        AddConstraintNotValid(
            model_name="capitalarrival",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_wan__range", (-100000000, 100000000))),
                name="arrival_amount_bounded",
                violation_error_message="More than 1万亿元 is no single amount; please check the unit.",
            ),
        ),
        AddConstraintNotValid(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("total_investment_wan__range", (-100000000, 100000000)),
                    ("fixed_asset_investment_wan__range", (-100000000, 100000000)),
                ),
                name="project_bounded",
                violation_error_message="More than 1万亿元 is no single amount; please check the unit.",
            ),
        ),
    ]
