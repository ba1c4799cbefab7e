import django.contrib.postgres.constraints
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    # Of a database of the last state before the squash, like 0001_initial.
    replaces = [
        ("projects", "0002_links"),
        ("projects", "0003_row_triggers"),
        ("projects", "0004_roles"),
        ("projects", "0005_service_agent"),
        ("projects", "0006_attachments"),
        ("projects", "0007_roles"),
        ("projects", "0008_texts"),
        ("projects", "0009_change_feed"),
        ("projects", "0010_roles"),
        ("projects", "0011_webhook_roles"),
        ("projects", "0012_one_index_each"),
        ("projects", "0013_entered_by"),
        ("projects", "0014_fill_entered_by"),
        ("projects", "0015_one_line_texts"),
        ("projects", "0016_tidy_texts"),
        ("projects", "0017_health_roles"),
    ]

    dependencies = [
        ("crm", "0002_keys"),
        ("projects", "0001_initial"),
        ("zone", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="agreement",
            name="entered_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entered_agreements",
                to=settings.AUTH_USER_MODEL,
                verbose_name="entered by",
            ),
        ),
        migrations.AddField(
            model_name="agreement",
            name="handled_by",
            field=models.ForeignKey(
                blank=True,
                help_text="Whoever handles an agreement cannot recognise it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="handled_agreements",
                to=settings.AUTH_USER_MODEL,
                verbose_name="handled by",
            ),
        ),
        migrations.AddField(
            model_name="agreement",
            name="recognised_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="recognised_agreements",
                to=settings.AUTH_USER_MODEL,
                verbose_name="recognised by",
            ),
        ),
        migrations.AddField(
            model_name="agreement",
            name="upgrades",
            field=models.ForeignKey(
                blank=True,
                help_text="The framework agreement or letter of intent that this one makes formal.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="upgraded_by",
                to="projects.agreement",
                verbose_name="upgrades",
            ),
        ),
        migrations.AddField(
            model_name="agreementchange",
            name="agreement",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="changes",
                to="projects.agreement",
                verbose_name="agreement",
            ),
        ),
        migrations.AddField(
            model_name="agreementchange",
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
            model_name="agreementchange",
            name="responsible",
            field=models.ForeignKey(
                blank=True,
                help_text="For whom another system did it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="responsible",
            ),
        ),
        migrations.AddField(
            model_name="attachment",
            name="agreement",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="attachments",
                to="projects.agreement",
                verbose_name="agreement",
            ),
        ),
        migrations.AddField(
            model_name="attachment",
            name="uploaded_by",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="uploaded by",
            ),
        ),
        migrations.AddField(
            model_name="credit",
            name="specialist",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="credits",
                to=settings.AUTH_USER_MODEL,
                verbose_name="promotion specialist",
            ),
        ),
        migrations.AddField(
            model_name="occupancy",
            name="enterprise",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="occupancies",
                to="crm.enterprise",
                verbose_name="enterprise",
            ),
        ),
        migrations.AddField(
            model_name="occupancy",
            name="space",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="occupancies",
                to="zone.space",
                verbose_name="space",
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="chain",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="projects",
                to="zone.industrychain",
                verbose_name="industry chain",
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="entered_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entered_projects",
                to=settings.AUTH_USER_MODEL,
                verbose_name="entered by",
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="enterprise",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="projects",
                to="crm.enterprise",
                verbose_name="enterprise",
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="handler",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="handled_projects",
                to=settings.AUTH_USER_MODEL,
                verbose_name="handled by",
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="lead",
            field=models.OneToOneField(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="project",
                to="crm.lead",
                verbose_name="lead",
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="park",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="projects",
                to="zone.park",
                verbose_name="park",
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="service_agent",
            field=models.ForeignKey(
                blank=True,
                help_text="Runs the errands of this project and sees it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="served_projects",
                to=settings.AUTH_USER_MODEL,
                verbose_name="service agent",
            ),
        ),
        migrations.AddField(
            model_name="occupancy",
            name="project",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="occupancies",
                to="projects.project",
                verbose_name="project",
            ),
        ),
        migrations.AddField(
            model_name="credit",
            name="project",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="credits",
                to="projects.project",
                verbose_name="project",
            ),
        ),
        migrations.AddField(
            model_name="capitalarrival",
            name="project",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="arrivals",
                to="projects.project",
                verbose_name="project",
            ),
        ),
        migrations.AddField(
            model_name="attachment",
            name="project",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="attachments",
                to="projects.project",
                verbose_name="project",
            ),
        ),
        migrations.AddField(
            model_name="agreement",
            name="project",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="agreements",
                to="projects.project",
                verbose_name="project",
            ),
        ),
        migrations.AddField(
            model_name="stagechange",
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
            model_name="stagechange",
            name="project",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="stage_changes",
                to="projects.project",
                verbose_name="project",
            ),
        ),
        migrations.AddIndex(
            model_name="project",
            index=models.Index(fields=["-created_at", "id"], name="project_created"),
        ),
        migrations.AddIndex(
            model_name="project",
            index=models.Index(fields=["stage", "status"], name="project_stage"),
        ),
        migrations.AddIndex(
            model_name="project",
            index=models.Index(fields=["chain", "stage"], name="project_chain_stage"),
        ),
        migrations.AddIndex(
            model_name="project",
            index=models.Index(fields=["total_investment_wan"], name="project_investment"),
        ),
        migrations.AddIndex(
            model_name="project",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("name"), name="gin_trgm_ops"
                ),
                name="projects_project_name_trgm",
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("fixed_asset_investment_wan", None),
                    ("total_investment_wan", None),
                    ("fixed_asset_investment_wan__lte", models.F("total_investment_wan")),
                    _connector="OR",
                ),
                name="project_fixed_within_total",
                violation_error_message="The fixed assets cannot exceed the total investment.",
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("total_investment_wan", None), ("total_investment_wan__gt", 0), _connector="OR"
                ),
                name="project_investment_positive",
                violation_error_message="The total investment must be more than 0.",
            ),
        ),
        migrations.AddIndex(
            model_name="occupancy",
            index=models.Index(fields=["-created_at", "id"], name="occupancy_created"),
        ),
        migrations.AddConstraint(
            model_name="occupancy",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[("space", "="), ("period", "&&")],
                name="occupancy_no_overlap",
                violation_error_message="This space is already occupied in that period; please choose other dates or another space.",
            ),
        ),
        migrations.AddConstraint(
            model_name="occupancy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("period__isempty", False), ("period__startswith__isnull", False)
                ),
                name="occupancy_has_start",
                violation_error_message="An occupancy has a first day, before its end.",
            ),
        ),
        migrations.AddConstraint(
            model_name="credit",
            constraint=models.UniqueConstraint(
                fields=("project", "specialist"),
                name="credit_once_per_specialist",
                violation_error_message="This specialist already has a share; please edit it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="credit",
            constraint=models.CheckConstraint(
                condition=models.Q(("share__gt", 0), ("share__lte", 100)),
                name="credit_share_range",
                violation_error_message="A share is more than 0 % and at most 100 %.",
            ),
        ),
        migrations.AddIndex(
            model_name="capitalarrival",
            index=models.Index(fields=["-arrived_on", "id"], name="arrival_date"),
        ),
        migrations.AddConstraint(
            model_name="capitalarrival",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_wan", 0), _negated=True),
                name="arrival_not_zero",
                violation_error_message="The amount cannot be 0.",
            ),
        ),
        migrations.AddConstraint(
            model_name="attachment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("agreement", None), ("project__isnull", False)),
                    models.Q(("agreement__isnull", False), ("project", None)),
                    _connector="OR",
                ),
                name="attachment_of_one",
                violation_error_message="An attachment belongs to one agreement or to one project.",
            ),
        ),
        migrations.AddConstraint(
            model_name="attachment",
            constraint=models.CheckConstraint(
                condition=models.Q(("sha256", ""), _negated=True),
                name="attachment_was_checked",
                violation_error_message="The file has not been checked.",
            ),
        ),
        migrations.AddIndex(
            model_name="agreement",
            index=models.Index(fields=["-signed_on", "id"], name="agreement_signed"),
        ),
        migrations.AddIndex(
            model_name="agreement",
            index=models.Index(fields=["kind", "signed_on"], name="agreement_kind_signed"),
        ),
        migrations.AddIndex(
            model_name="agreement",
            index=models.Index(fields=["amount_wan"], name="agreement_amount"),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "FORMAL"), ("recognised_on__isnull", False)),
                fields=("project",),
                name="agreement_one_recognised_formal",
                violation_error_message="This project already has a recognised formal agreement; a project counts once.",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("recognised_by", None), ("recognised_on__isnull", False), _connector="OR"
                ),
                name="agreement_recogniser_has_date",
                violation_error_message="A recognition needs its date.",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("recognised_on", None),
                    ("recognised_on__gte", models.F("signed_on")),
                    _connector="OR",
                ),
                name="agreement_recognised_after_signing",
                violation_error_message="An agreement is recognised after it was signed.",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("recognised_on", None), ("kind__in", ("FORMAL", "SUPPLEMENT")), _connector="OR"
                ),
                name="agreement_recognisable_kind",
                violation_error_message="Only formal and supplementary agreements are recognised.",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_wan", None), ("amount_wan__gt", 0), _connector="OR"),
                name="agreement_amount_positive",
                violation_error_message="The amount must be more than 0.",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount_wan__isnull", False),
                    models.Q(("kind__in", ("FORMAL", "SUPPLEMENT")), _negated=True),
                    _connector="OR",
                ),
                name="agreement_counted_has_amount",
                violation_error_message="A formal or supplementary agreement states its amount.",
            ),
        ),
    ]
