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
        ("crm", "0005_enterprise_pinyin"),
        ("zone", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="enterprise",
            name="registered_capital_wan",
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
                verbose_name="registered capital (10,000 yuan)",
            ),
        ),
        migrations.AlterField(
            model_name="lead",
            name="expected_output_wan",
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
                verbose_name="expected yearly output (10,000 yuan)",
            ),
        ),
        migrations.AlterField(
            model_name="lead",
            name="expected_tax_wan",
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
                verbose_name="expected yearly tax (10,000 yuan)",
            ),
        ),
        migrations.AlterField(
            model_name="lead",
            name="planned_fixed_asset_wan",
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
            model_name="lead",
            name="planned_investment_wan",
            field=zone.fields.WanField(
                decimal_places=4,
                max_digits=16,
                validators=[
                    django.core.validators.MinValueValidator(
                        Decimal("0.0001"), "The amount must be more than 0."
                    )
                ],
                verbose_name="planned investment (10,000 yuan)",
            ),
        ),
        AddConstraintNotValid(
            model_name="enterprise",
            constraint=models.CheckConstraint(
                condition=models.Q(("registered_capital_wan__range", (-100000000, 100000000))),
                name="enterprise_capital_bounded",
                violation_error_message="More than 1万亿元 is no single amount; please check the unit.",
            ),
        ),
        AddConstraintNotValid(
            model_name="lead",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("planned_investment_wan__range", (-100000000, 100000000)),
                    ("planned_fixed_asset_wan__range", (-100000000, 100000000)),
                    ("expected_output_wan__range", (-100000000, 100000000)),
                    ("expected_tax_wan__range", (-100000000, 100000000)),
                ),
                name="lead_amounts_bounded",
                violation_error_message="More than 1万亿元 is no single amount; please check the unit.",
            ),
        ),
    ]
