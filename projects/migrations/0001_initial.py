import uuid

import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.functions.datetime
from django.db import migrations, models

import zone.fields
import zone.files.storage
import zone.identifiers


class Migration(migrations.Migration):
    initial = True
    # A database of the last state before the squash is taken over as it stands.
    replaces = [("projects", "0001_ground")]

    dependencies = []

    operations = [
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
            ],
            options={
                "verbose_name": "agreement",
                "verbose_name_plural": "agreements",
                "ordering": ("-signed_on", "id"),
                "permissions": [
                    ("recognise_agreement", "Can recognise agreements and exclude them")
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
            ],
            options={
                "verbose_name": "attachment",
                "verbose_name_plural": "attachments",
                "ordering": ("-created_at", "id"),
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
            ],
            options={
                "verbose_name": "capital arrival",
                "verbose_name_plural": "capital arrivals",
                "ordering": ("-arrived_on", "id"),
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
            ],
            options={
                "verbose_name": "credit",
                "verbose_name_plural": "credits",
                "ordering": ("project", "-share", "id"),
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
            ],
            options={
                "verbose_name": "occupancy",
                "verbose_name_plural": "occupancies",
                "ordering": ("-created_at", "id"),
            },
        ),
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
            ],
            options={
                "verbose_name": "project",
                "verbose_name_plural": "projects",
                "ordering": ("-created_at", "id"),
                "permissions": [
                    ("advance_project", "Can advance projects"),
                    ("terminate_project", "Can suspend, resume and terminate projects"),
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
            ],
            options={
                "verbose_name": "stage change of a project",
                "verbose_name_plural": "stage changes of projects",
                "ordering": ("-at",),
                "abstract": False,
            },
        ),
    ]
