import uuid

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import zone.fields
import zone.files.storage
import zone.identifiers


class Migration(migrations.Migration):
    # A database of the last state before the squash is taken over as it stands.
    replaces = [
        ("projects", "0001_ground"),
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

    initial = True

    dependencies = [
        ("crm", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Project",
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
                    "code",
                    zone.fields.LineField(
                        editable=False,
                        help_text="Given by the system, such as CZGX-2025-0001.",
                        max_length=20,
                        unique=True,
                        verbose_name="number",
                    ),
                ),
                (
                    "name",
                    zone.fields.LineField(
                        max_length=150,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="name",
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("RESERVED", "in reserve"),
                            ("SIGNED", "signed"),
                            ("LANDED", "landed"),
                            ("STARTED", "construction started"),
                            ("BUILDING", "under construction"),
                            ("PRODUCING", "producing"),
                            ("AT_CAPACITY", "at capacity"),
                        ],
                        default="RESERVED",
                        editable=False,
                        max_length=12,
                        verbose_name="stage",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("ACTIVE", "going ahead"),
                            ("SUSPENDED", "suspended"),
                            ("TERMINATED", "terminated"),
                        ],
                        default="ACTIVE",
                        editable=False,
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                (
                    "total_investment_wan",
                    zone.fields.WanField(
                        blank=True,
                        decimal_places=4,
                        max_digits=16,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="total investment (10,000 yuan)",
                    ),
                ),
                (
                    "fixed_asset_investment_wan",
                    zone.fields.WanField(
                        blank=True,
                        decimal_places=4,
                        max_digits=16,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="of which fixed assets (10,000 yuan)",
                    ),
                ),
                (
                    "project_code",
                    zone.fields.CodeField(
                        blank=True,
                        error_messages={
                            "unique": "Another project already has this national code."
                        },
                        help_text="20 digits in five groups, given by the online approval platform.",
                        max_length=24,
                        null=True,
                        unique=True,
                        validators=[zone.identifiers.check_project_code],
                        verbose_name="national project code",
                    ),
                ),
                (
                    "key_level",
                    models.CharField(
                        choices=[
                            ("NONE", "not a key project"),
                            ("ZONE", "key project of the zone"),
                            ("CITY", "key project of the city"),
                            ("PROVINCE", "key project of the province"),
                        ],
                        default="NONE",
                        max_length=10,
                        verbose_name="key project",
                    ),
                ),
                (
                    "planned_start_on",
                    models.DateField(
                        blank=True, null=True, verbose_name="planned start of construction"
                    ),
                ),
                (
                    "content",
                    zone.fields.ProseField(
                        blank=True,
                        default="",
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="what is built",
                    ),
                ),
                (
                    "published_status",
                    zone.fields.LineField(
                        blank=True,
                        default="",
                        max_length=200,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="status as published",
                    ),
                ),
                (
                    "source",
                    zone.fields.LineField(
                        blank=True,
                        default="",
                        max_length=100,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="source of the record",
                    ),
                ),
                (
                    "chain",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="projects",
                        to="zone.industrychain",
                        verbose_name="industry chain",
                    ),
                ),
                (
                    "entered_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entered_projects",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="entered by",
                    ),
                ),
                (
                    "enterprise",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="projects",
                        to="crm.enterprise",
                        verbose_name="enterprise",
                    ),
                ),
                (
                    "handler",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="handled_projects",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="handled by",
                    ),
                ),
                (
                    "lead",
                    models.OneToOneField(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="project",
                        to="crm.lead",
                        verbose_name="lead",
                    ),
                ),
                (
                    "park",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="projects",
                        to="zone.park",
                        verbose_name="park",
                    ),
                ),
                (
                    "service_agent",
                    models.ForeignKey(
                        blank=True,
                        help_text="Runs the errands of this project and sees it.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="served_projects",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="service agent",
                    ),
                ),
            ],
            options={
                "verbose_name": "project",
                "verbose_name_plural": "projects",
                "ordering": ("-created_at", "id"),
                "permissions": [
                    ("advance_project", "Can advance projects"),
                    ("terminate_project", "Can suspend, resume and terminate projects"),
                ],
                "indexes": [
                    models.Index(fields=["-created_at", "id"], name="project_created"),
                    models.Index(fields=["stage", "status"], name="project_stage"),
                    models.Index(fields=["chain", "stage"], name="project_chain_stage"),
                    models.Index(fields=["total_investment_wan"], name="project_investment"),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("name"), name="gin_trgm_ops"
                        ),
                        name="projects_project_name_trgm",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("fixed_asset_investment_wan", None),
                            ("total_investment_wan", None),
                            ("fixed_asset_investment_wan__lte", models.F("total_investment_wan")),
                            _connector="OR",
                        ),
                        name="project_fixed_within_total",
                        violation_error_message="The fixed assets cannot exceed the total investment.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("total_investment_wan", None),
                            ("total_investment_wan__gt", 0),
                            _connector="OR",
                        ),
                        name="project_investment_positive",
                        violation_error_message="The total investment must be more than 0.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Agreement",
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
                            ("FRAMEWORK", "framework agreement"),
                            ("INTENT", "letter of intent"),
                            ("FORMAL", "formal agreement"),
                            ("SUPPLEMENT", "supplementary agreement"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "title",
                    zone.fields.LineField(
                        blank=True,
                        default="",
                        max_length=150,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="title",
                    ),
                ),
                ("signed_on", models.DateField(verbose_name="signed on")),
                (
                    "amount_wan",
                    zone.fields.WanField(
                        blank=True,
                        decimal_places=4,
                        help_text="Planned total investment as written in it; the increment in a supplement.",
                        max_digits=16,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="amount (10,000 yuan)",
                    ),
                ),
                (
                    "recognised_on",
                    models.DateField(
                        blank=True, editable=False, null=True, verbose_name="recognised on"
                    ),
                ),
                (
                    "exclusion_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("LOCAL_INVESTOR", "investor entirely from the city"),
                            ("PUBLIC_FUNDS", "built with public funds"),
                            ("BRANCH_OUTLET", "branch of a vertical institution"),
                            ("LOCAL_MINERALS", "purely local minerals"),
                            ("UNSUPPORTED_TRADE", "farming, real estate or daily services"),
                            ("LATER_PHASE", "later phase within an earlier contract"),
                            ("LOCAL_RELOCATION", "local relocation or new line in the old plant"),
                            ("BELOW_FLOOR", "below the smallest amount"),
                            ("LATE_REPORT", "not reported in time"),
                        ],
                        default="",
                        editable=False,
                        max_length=20,
                        verbose_name="why it does not count",
                    ),
                ),
                (
                    "entered_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entered_agreements",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="entered by",
                    ),
                ),
                (
                    "handled_by",
                    models.ForeignKey(
                        blank=True,
                        help_text="Whoever handles an agreement cannot recognise it.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="handled_agreements",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="handled by",
                    ),
                ),
                (
                    "recognised_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recognised_agreements",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="recognised by",
                    ),
                ),
                (
                    "upgrades",
                    models.ForeignKey(
                        blank=True,
                        help_text="The framework agreement or letter of intent that this one makes formal.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="upgraded_by",
                        to="projects.agreement",
                        verbose_name="upgrades",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="agreements",
                        to="projects.project",
                        verbose_name="project",
                    ),
                ),
            ],
            options={
                "verbose_name": "agreement",
                "verbose_name_plural": "agreements",
                "ordering": ("-signed_on", "id"),
                "permissions": [
                    ("recognise_agreement", "Can recognise agreements and exclude them")
                ],
                "indexes": [
                    models.Index(fields=["-signed_on", "id"], name="agreement_signed"),
                    models.Index(fields=["kind", "signed_on"], name="agreement_kind_signed"),
                    models.Index(fields=["amount_wan"], name="agreement_amount"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "FORMAL"), ("recognised_on__isnull", False)),
                        fields=("project",),
                        name="agreement_one_recognised_formal",
                        violation_error_message="This project already has a recognised formal agreement; a project counts once.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("recognised_by", None),
                            ("recognised_on__isnull", False),
                            _connector="OR",
                        ),
                        name="agreement_recogniser_has_date",
                        violation_error_message="A recognition needs its date.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("recognised_on", None),
                            ("recognised_on__gte", models.F("signed_on")),
                            _connector="OR",
                        ),
                        name="agreement_recognised_after_signing",
                        violation_error_message="An agreement is recognised after it was signed.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("recognised_on", None),
                            ("kind__in", ("FORMAL", "SUPPLEMENT")),
                            _connector="OR",
                        ),
                        name="agreement_recognisable_kind",
                        violation_error_message="Only formal and supplementary agreements are recognised.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_wan", None), ("amount_wan__gt", 0), _connector="OR"
                        ),
                        name="agreement_amount_positive",
                        violation_error_message="The amount must be more than 0.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_wan__isnull", False),
                            models.Q(("kind__in", ("FORMAL", "SUPPLEMENT")), _negated=True),
                            _connector="OR",
                        ),
                        name="agreement_counted_has_amount",
                        violation_error_message="A formal or supplementary agreement states its amount.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AgreementChange",
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
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="at"
                    ),
                ),
                ("on", models.DateField(verbose_name="effective on")),
                (
                    "reason",
                    zone.fields.NoteField(
                        blank=True,
                        default="",
                        max_length=500,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="reason",
                    ),
                ),
                (
                    "is_demo",
                    models.BooleanField(default=False, editable=False, verbose_name="demo data"),
                ),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("RECOGNISED", "recognised"),
                            ("WITHDRAWN", "recognition withdrawn"),
                            ("EXCLUDED", "excluded"),
                            ("INCLUDED", "exclusion withdrawn"),
                        ],
                        max_length=12,
                        verbose_name="decision",
                    ),
                ),
                (
                    "agreement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="changes",
                        to="projects.agreement",
                        verbose_name="agreement",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty when the system did it.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "responsible",
                    models.ForeignKey(
                        blank=True,
                        help_text="For whom another system did it.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="responsible",
                    ),
                ),
            ],
            options={
                "verbose_name": "decision on an agreement",
                "verbose_name_plural": "decisions on agreements",
                "ordering": ("-at",),
                "abstract": False,
            },
        ),
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
                (
                    "note",
                    zone.fields.LineField(
                        blank=True,
                        default="",
                        max_length=200,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="note",
                    ),
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
                    "uploaded_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="uploaded by",
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
        migrations.CreateModel(
            name="CapitalArrival",
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
                ("arrived_on", models.DateField(verbose_name="arrived on")),
                (
                    "amount_wan",
                    zone.fields.WanField(
                        decimal_places=4,
                        help_text="To correct an entry, add a negative one.",
                        max_digits=16,
                        verbose_name="amount (10,000 yuan)",
                    ),
                ),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("OUTSIDE_PROVINCE", "from outside the province"),
                            ("OUTSIDE_CITY", "from the province outside the city"),
                            ("CITY", "from the city"),
                            ("FOREIGN", "from abroad"),
                        ],
                        max_length=16,
                        verbose_name="origin",
                    ),
                ),
                (
                    "use",
                    models.CharField(
                        choices=[
                            ("FIXED_ASSETS", "fixed assets"),
                            ("WORKING_CAPITAL", "working capital"),
                        ],
                        default="FIXED_ASSETS",
                        max_length=16,
                        verbose_name="use",
                    ),
                ),
                (
                    "note",
                    zone.fields.LineField(
                        blank=True,
                        default="",
                        max_length=200,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="note",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="arrivals",
                        to="projects.project",
                        verbose_name="project",
                    ),
                ),
            ],
            options={
                "verbose_name": "capital arrival",
                "verbose_name_plural": "capital arrivals",
                "ordering": ("-arrived_on", "id"),
                "indexes": [models.Index(fields=["-arrived_on", "id"], name="arrival_date")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_wan", 0), _negated=True),
                        name="arrival_not_zero",
                        violation_error_message="The amount cannot be 0.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Credit",
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
                    "share",
                    models.DecimalField(
                        decimal_places=2,
                        max_digits=5,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="share (%)",
                    ),
                ),
                (
                    "specialist",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credits",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="promotion specialist",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="credits",
                        to="projects.project",
                        verbose_name="project",
                    ),
                ),
            ],
            options={
                "verbose_name": "credit",
                "verbose_name_plural": "credits",
                "ordering": ("project", "-share", "id"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("project", "specialist"),
                        name="credit_once_per_specialist",
                        violation_error_message="This specialist already has a share; please edit it.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("share__gt", 0), ("share__lte", 100)),
                        name="credit_share_range",
                        violation_error_message="A share is more than 0 % and at most 100 %.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Occupancy",
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
                    "period",
                    django.contrib.postgres.fields.ranges.DateRangeField(
                        help_text="The last day is the day of moving out.", verbose_name="period"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("LEASE", "lease"), ("SALE", "sale"), ("TEAM", "research team")],
                        default="LEASE",
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                (
                    "note",
                    zone.fields.LineField(
                        blank=True,
                        default="",
                        max_length=200,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="note",
                    ),
                ),
                (
                    "enterprise",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="occupancies",
                        to="crm.enterprise",
                        verbose_name="enterprise",
                    ),
                ),
                (
                    "space",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="occupancies",
                        to="zone.space",
                        verbose_name="space",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="occupancies",
                        to="projects.project",
                        verbose_name="project",
                    ),
                ),
            ],
            options={
                "verbose_name": "occupancy",
                "verbose_name_plural": "occupancies",
                "ordering": ("-created_at", "id"),
                "indexes": [models.Index(fields=["-created_at", "id"], name="occupancy_created")],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[("space", "="), ("period", "&&")],
                        name="occupancy_no_overlap",
                        violation_error_message="This space is already occupied in that period; please choose other dates or another space.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("period__isempty", False), ("period__startswith__isnull", False)
                        ),
                        name="occupancy_has_start",
                        violation_error_message="An occupancy has a first day, before its end.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StageChange",
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
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="at"
                    ),
                ),
                ("on", models.DateField(verbose_name="effective on")),
                (
                    "reason",
                    zone.fields.NoteField(
                        blank=True,
                        default="",
                        max_length=500,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="reason",
                    ),
                ),
                (
                    "is_demo",
                    models.BooleanField(default=False, editable=False, verbose_name="demo data"),
                ),
                (
                    "from_stage",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("RESERVED", "in reserve"),
                            ("SIGNED", "signed"),
                            ("LANDED", "landed"),
                            ("STARTED", "construction started"),
                            ("BUILDING", "under construction"),
                            ("PRODUCING", "producing"),
                            ("AT_CAPACITY", "at capacity"),
                        ],
                        max_length=12,
                        verbose_name="stage before",
                    ),
                ),
                (
                    "to_stage",
                    models.CharField(
                        choices=[
                            ("RESERVED", "in reserve"),
                            ("SIGNED", "signed"),
                            ("LANDED", "landed"),
                            ("STARTED", "construction started"),
                            ("BUILDING", "under construction"),
                            ("PRODUCING", "producing"),
                            ("AT_CAPACITY", "at capacity"),
                        ],
                        max_length=12,
                        verbose_name="stage after",
                    ),
                ),
                (
                    "from_status",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ACTIVE", "going ahead"),
                            ("SUSPENDED", "suspended"),
                            ("TERMINATED", "terminated"),
                        ],
                        max_length=12,
                        verbose_name="status before",
                    ),
                ),
                (
                    "to_status",
                    models.CharField(
                        choices=[
                            ("ACTIVE", "going ahead"),
                            ("SUSPENDED", "suspended"),
                            ("TERMINATED", "terminated"),
                        ],
                        max_length=12,
                        verbose_name="status after",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty when the system did it.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stage_changes",
                        to="projects.project",
                        verbose_name="project",
                    ),
                ),
            ],
            options={
                "verbose_name": "stage change of a project",
                "verbose_name_plural": "stage changes of projects",
                "ordering": ("-at",),
                "abstract": False,
            },
        ),
    ]
