import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    # Of a database of the last state before the squash, like 0001_initial.
    replaces = [
        ("crm", "0002_links"),
        ("crm", "0003_row_triggers"),
        ("crm", "0004_search"),
        ("crm", "0005_entered_by"),
        ("crm", "0006_contact_privacy"),
        ("crm", "0007_contact_keys"),
        ("crm", "0008_texts"),
        ("crm", "0009_change_feed"),
        ("crm", "0010_one_index_each"),
        ("crm", "0011_contact_feed"),
        ("crm", "0012_one_line_texts"),
        ("crm", "0013_tidy_texts"),
    ]

    dependencies = [
        ("crm", "0001_initial"),
        ("projects", "0001_initial"),
        ("zone", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="entered_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="entered_contacts",
                to=settings.AUTH_USER_MODEL,
                verbose_name="entered by",
            ),
        ),
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
            model_name="enterprise",
            name="entered_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="entered_enterprises",
                to=settings.AUTH_USER_MODEL,
                verbose_name="entered by",
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
                db_index=False,
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
                db_index=False,
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
            model_name="enterprise",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("name"), name="gin_trgm_ops"
                ),
                name="crm_enterprise_name_trgm",
            ),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("anonymised_at", None),
                    models.Q(
                        ("consent_source", ""),
                        ("email", ""),
                        ("name", "已匿名"),
                        ("phone", ""),
                        ("phone_key", ""),
                        ("title", ""),
                        ("wechat", ""),
                    ),
                    _connector="OR",
                ),
                name="contact_anonymised_is_empty",
                violation_error_message="This contact has been anonymised; please add a new contact instead.",
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
        migrations.AddIndex(
            model_name="lead",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("title"), name="gin_trgm_ops"
                ),
                name="crm_lead_title_trgm",
            ),
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
