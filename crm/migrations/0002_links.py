import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("crm", "0001_ground"),
        ("projects", "0001_ground"),
        ("zone", "0001_ground"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="enterprise",
            name="chain",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="enterprises",
                to="zone.industrychain",
                verbose_name="industry chain",
            ),
        ),
        migrations.AddField(
            model_name="contact",
            name="enterprise",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="contacts",
                to="crm.enterprise",
                verbose_name="enterprise",
            ),
        ),
        migrations.AddField(
            model_name="followup",
            name="by",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="follow_ups",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddField(
            model_name="followup",
            name="project",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="follow_ups",
                to="projects.project",
                verbose_name="project",
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="chain",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="leads",
                to="zone.industrychain",
                verbose_name="industry chain",
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="contact",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="leads",
                to="crm.contact",
                verbose_name="contact",
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="enterprise",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="leads",
                to="crm.enterprise",
                verbose_name="enterprise",
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                help_text="Empty means the pool.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="leads",
                to=settings.AUTH_USER_MODEL,
                verbose_name="owner",
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="segment",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="leads",
                to="zone.chainsegment",
                verbose_name="chain segment",
            ),
        ),
        migrations.AddField(
            model_name="followup",
            name="lead",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="follow_ups",
                to="crm.lead",
                verbose_name="lead",
            ),
        ),
        migrations.AddField(
            model_name="leadownerchange",
            name="by",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty when the system did it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddField(
            model_name="leadownerchange",
            name="from_owner",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="owner before",
            ),
        ),
        migrations.AddField(
            model_name="leadownerchange",
            name="lead",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="owner_changes",
                to="crm.lead",
                verbose_name="lead",
            ),
        ),
        migrations.AddField(
            model_name="leadownerchange",
            name="to_owner",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="owner after",
            ),
        ),
        migrations.AddField(
            model_name="leadstagechange",
            name="by",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty when the system did it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddField(
            model_name="leadstagechange",
            name="lead",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="stage_changes",
                to="crm.lead",
                verbose_name="lead",
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["-registered_at", "id"], name="lead_registered"),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["stage", "-registered_at"], name="lead_stage"),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["owner", "stage"], name="lead_owner_stage"),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["chain", "stage"], name="lead_chain_stage"),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["next_follow_up_on"], name="lead_next_follow_up"),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["planned_investment_wan"], name="lead_investment"),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=models.CheckConstraint(
                condition=models.Q(("planned_investment_wan__gt", 0)),
                name="lead_investment_positive",
                violation_error_message="The planned investment must be more than 0.",
            ),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("planned_fixed_asset_wan", None),
                    ("planned_fixed_asset_wan__lte", models.F("planned_investment_wan")),
                    _connector="OR",
                ),
                name="lead_fixed_within_total",
                violation_error_message="The fixed assets cannot exceed the planned investment.",
            ),
        ),
        migrations.AddIndex(
            model_name="followup",
            index=models.Index(fields=["-happened_on", "-created_at"], name="follow_up_date"),
        ),
        migrations.AddConstraint(
            model_name="followup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lead__isnull", False), ("project", None)),
                    models.Q(("lead", None), ("project__isnull", False)),
                    _connector="OR",
                ),
                name="follow_up_one_subject",
                violation_error_message="A follow-up belongs to a lead or to a project.",
            ),
        ),
        migrations.AddConstraint(
            model_name="followup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("next_on", None), ("next_on__gte", models.F("happened_on")), _connector="OR"
                ),
                name="follow_up_next_after",
                violation_error_message="The next date cannot lie before this one.",
            ),
        ),
    ]
