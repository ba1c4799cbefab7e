import uuid
from decimal import Decimal

import django.contrib.auth.models
import django.contrib.auth.validators
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations, models

import zone.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        BtreeGistExtension(),
        TrigramExtension(),
        migrations.CreateModel(
            name="Fund",
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
                ("name", models.CharField(max_length=100, unique=True, verbose_name="name")),
                (
                    "purpose",
                    models.CharField(
                        blank=True, default="", max_length=300, verbose_name="purpose"
                    ),
                ),
                (
                    "announced_on",
                    models.DateField(blank=True, null=True, verbose_name="announced on"),
                ),
                (
                    "source",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="source"),
                ),
            ],
            options={
                "verbose_name": "industry fund",
                "verbose_name_plural": "industry funds",
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="IndustryChain",
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
                    models.CharField(
                        max_length=40,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z][a-z0-9-]*\\Z", "Use lower-case letters, digits and hyphens."
                            )
                        ],
                        verbose_name="code",
                    ),
                ),
                ("name", models.CharField(max_length=50, unique=True, verbose_name="name")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="order")),
                (
                    "description",
                    models.TextField(blank=True, default="", verbose_name="description"),
                ),
            ],
            options={
                "verbose_name": "industry chain",
                "verbose_name_plural": "industry chains",
                "ordering": ("position", "code"),
            },
        ),
        migrations.CreateModel(
            name="User",
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
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                (
                    "first_name",
                    models.CharField(blank=True, max_length=150, verbose_name="first name"),
                ),
                (
                    "last_name",
                    models.CharField(blank=True, max_length=150, verbose_name="last name"),
                ),
                (
                    "email",
                    models.EmailField(blank=True, max_length=254, verbose_name="email address"),
                ),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="date joined"
                    ),
                ),
                (
                    "display_name",
                    models.CharField(
                        blank=True, default="", max_length=50, verbose_name="display name"
                    ),
                ),
                (
                    "department",
                    models.CharField(
                        blank=True, default="", max_length=100, verbose_name="department"
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "person",
                "verbose_name_plural": "people",
                "abstract": False,
            },
            managers=[
                ("objects", django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="Park",
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
                ("code", models.CharField(max_length=40, unique=True, verbose_name="code")),
                ("name", models.CharField(max_length=100, unique=True, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("FEATURED", "featured park"),
                            ("INDUSTRIAL", "industrial park"),
                            ("PLATFORM", "innovation platform"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        blank=True, default="", max_length=100, verbose_name="status as published"
                    ),
                ),
                (
                    "description",
                    models.TextField(blank=True, default="", verbose_name="description"),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="order")),
                (
                    "chain",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="parks",
                        to="zone.industrychain",
                        verbose_name="industry chain",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        help_text="For a phase of a larger park.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="phases",
                        to="zone.park",
                        verbose_name="part of",
                    ),
                ),
            ],
            options={
                "verbose_name": "park",
                "verbose_name_plural": "parks",
                "ordering": ("position", "code"),
            },
        ),
        migrations.CreateModel(
            name="Building",
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
                ("name", models.CharField(max_length=50, verbose_name="name")),
                (
                    "floors",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="floors"),
                ),
                (
                    "park",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="buildings",
                        to="zone.park",
                        verbose_name="park",
                    ),
                ),
            ],
            options={
                "verbose_name": "building",
                "verbose_name_plural": "buildings",
                "ordering": ("park", "name"),
            },
        ),
        migrations.CreateModel(
            name="Appointment",
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
                    "role",
                    models.CharField(
                        choices=[
                            ("LEADERSHIP", "zone leadership"),
                            ("CHAIN_LEADER", "chain leader"),
                            ("OFFICE", "promotion office"),
                            ("SPECIALIST", "promotion specialist"),
                            ("PARK_OPERATOR", "park operator"),
                            ("SERVICE_AGENT", "service agent"),
                            ("STATISTICIAN", "statistician"),
                            ("SYSTEM_ADMIN", "system administrator"),
                            ("SECURITY_ADMIN", "security administrator"),
                            ("AUDITOR", "auditor"),
                        ],
                        max_length=20,
                        verbose_name="role",
                    ),
                ),
                ("starts_on", models.DateField(verbose_name="first day in post")),
                (
                    "ends_on",
                    models.DateField(blank=True, null=True, verbose_name="last day in post"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="appointments",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "chain",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appointments",
                        to="zone.industrychain",
                        verbose_name="industry chain",
                    ),
                ),
                (
                    "park",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appointments",
                        to="zone.park",
                        verbose_name="park",
                    ),
                ),
            ],
            options={
                "verbose_name": "appointment",
                "verbose_name_plural": "appointments",
                "ordering": ("-starts_on", "id"),
            },
        ),
        migrations.CreateModel(
            name="PublishedFigure",
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
                ("year", models.PositiveSmallIntegerField(verbose_name="year")),
                ("indicator", models.CharField(max_length=100, verbose_name="indicator")),
                (
                    "value",
                    models.DecimalField(decimal_places=4, max_digits=16, verbose_name="value"),
                ),
                ("unit", models.CharField(max_length=20, verbose_name="unit")),
                ("source", models.CharField(max_length=200, verbose_name="source")),
                (
                    "note",
                    models.CharField(blank=True, default="", max_length=300, verbose_name="note"),
                ),
            ],
            options={
                "verbose_name": "published figure",
                "verbose_name_plural": "published figures",
                "ordering": ("-year", "indicator", "unit"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("year", "indicator", "unit"),
                        name="published_figure_once",
                        violation_error_message="This figure has already been recorded.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Space",
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
                ("code", models.CharField(max_length=40, verbose_name="number")),
                (
                    "kind",
                    models.CharField(
                        choices=[("PLANT", "plant"), ("OFFICE", "office"), ("PLOT", "plot")],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("LETTABLE", "lettable"),
                            ("RESERVED", "reserved"),
                            ("FITTING_OUT", "fitting out"),
                            ("MAINTENANCE", "maintenance"),
                            ("NOT_FOR_LEASE", "not for lease"),
                        ],
                        default="LETTABLE",
                        max_length=14,
                        verbose_name="state",
                    ),
                ),
                (
                    "area_m2",
                    zone.fields.AreaField(
                        decimal_places=2,
                        max_digits=14,
                        validators=[django.core.validators.MinValueValidator(Decimal("0.01"))],
                        verbose_name="area (㎡)",
                    ),
                ),
                ("floor", models.SmallIntegerField(blank=True, null=True, verbose_name="floor")),
                (
                    "clear_height_m",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=5,
                        null=True,
                        verbose_name="clear height (m)",
                    ),
                ),
                (
                    "power_kva",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="power (kVA)"),
                ),
                (
                    "building",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty for a plot.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="spaces",
                        to="zone.building",
                        verbose_name="building",
                    ),
                ),
                (
                    "park",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="spaces",
                        to="zone.park",
                        verbose_name="park",
                    ),
                ),
            ],
            options={
                "verbose_name": "space",
                "verbose_name_plural": "spaces",
                "ordering": ("park", "code"),
            },
        ),
        migrations.CreateModel(
            name="Target",
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
                    "year",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(2000),
                            django.core.validators.MaxValueValidator(2100),
                        ],
                        verbose_name="year",
                    ),
                ),
                (
                    "measure",
                    models.CharField(
                        choices=[
                            ("SIGNED_AMOUNT", "signed amount"),
                            ("SIGNED_PROJECTS", "newly signed projects"),
                            ("PLATFORM_TENANTS", "platform tenants"),
                        ],
                        max_length=20,
                        verbose_name="measure",
                    ),
                ),
                (
                    "value",
                    models.DecimalField(
                        decimal_places=4,
                        help_text="Amounts in 万元, the others as a count.",
                        max_digits=16,
                        validators=[django.core.validators.MinValueValidator(Decimal("0.0001"))],
                        verbose_name="value",
                    ),
                ),
                (
                    "source",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="source"),
                ),
                (
                    "chain",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="targets",
                        to="zone.industrychain",
                        verbose_name="industry chain",
                    ),
                ),
                (
                    "park",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="targets",
                        to="zone.park",
                        verbose_name="park",
                    ),
                ),
                (
                    "specialist",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="targets",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="promotion specialist",
                    ),
                ),
            ],
            options={
                "verbose_name": "target",
                "verbose_name_plural": "targets",
                "ordering": (
                    "-year",
                    "measure",
                    models.OrderBy(models.F("specialist"), nulls_first=True),
                    models.OrderBy(models.F("park"), nulls_first=True),
                    models.OrderBy(models.F("chain"), nulls_first=True),
                ),
            },
        ),
        migrations.CreateModel(
            name="ZoneSetting",
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
                    "key",
                    models.CharField(
                        choices=[
                            ("LIGHT_YELLOW_FROM", "yellow light from"),
                            ("LIGHT_RED_ABOVE", "red light above"),
                            ("SIGNED_FLOOR_WAN", "smallest amount recognised"),
                            ("LEAD_PROTECTION_DAYS", "protection of a lead"),
                        ],
                        max_length=40,
                        unique=True,
                        verbose_name="setting",
                    ),
                ),
                (
                    "value",
                    models.DecimalField(decimal_places=4, max_digits=16, verbose_name="value"),
                ),
            ],
            options={
                "verbose_name": "office setting",
                "verbose_name_plural": "office settings",
                "ordering": ("key",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("value__gte", 0)),
                        name="zone_setting_not_negative",
                        violation_error_message="The value cannot be negative.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ChainSegment",
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
                ("name", models.CharField(max_length=100, verbose_name="name")),
                (
                    "position",
                    models.CharField(
                        choices=[
                            ("UPSTREAM", "upstream"),
                            ("MIDSTREAM", "midstream"),
                            ("DOWNSTREAM", "downstream"),
                        ],
                        max_length=10,
                        verbose_name="position",
                    ),
                ),
                (
                    "gap",
                    models.CharField(
                        choices=[
                            ("NONE", "no gap"),
                            ("STRENGTHEN", "strengthen the chain"),
                            ("COMPLEMENT", "complement the chain"),
                            ("EXTEND", "extend the chain"),
                        ],
                        default="NONE",
                        max_length=10,
                        verbose_name="gap",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="children",
                        to="zone.chainsegment",
                        verbose_name="parent segment",
                    ),
                ),
                (
                    "chain",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="segments",
                        to="zone.industrychain",
                        verbose_name="industry chain",
                    ),
                ),
            ],
            options={
                "verbose_name": "chain segment",
                "verbose_name_plural": "chain segments",
                "ordering": ("chain", "name"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("chain", "parent", "name"),
                        name="segment_once_per_parent",
                        nulls_distinct=False,
                        violation_error_message="This chain already has a segment of this name.",
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="building",
            constraint=models.UniqueConstraint(
                fields=("park", "name"),
                name="building_once_per_park",
                violation_error_message="This park already has a building of this name.",
            ),
        ),
        migrations.AddIndex(
            model_name="appointment",
            index=models.Index(fields=["user", "role", "starts_on"], name="appointment_person"),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_on", None), ("ends_on__gte", models.F("starts_on")), _connector="OR"
                ),
                name="appointment_ends_after_start",
                violation_error_message="The last day cannot lie before the first.",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(("chain", None), ("park", None), _connector="OR"),
                name="appointment_one_reach",
                violation_error_message="Please choose either a chain or a park, not both.",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("role", "CHAIN_LEADER"), _negated=True),
                    ("chain__isnull", False),
                    _connector="OR",
                ),
                name="appointment_leader_has_chain",
                violation_error_message="A chain leader is appointed to a chain.",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("role", "PARK_OPERATOR"), _negated=True),
                    ("park__isnull", False),
                    _connector="OR",
                ),
                name="appointment_operator_has_park",
                violation_error_message="A park operator is appointed to a park.",
            ),
        ),
        migrations.AddIndex(
            model_name="space",
            index=models.Index(fields=["state", "kind"], name="space_state_kind"),
        ),
        migrations.AddConstraint(
            model_name="space",
            constraint=models.UniqueConstraint(
                fields=("park", "code"),
                name="space_once_per_park",
                violation_error_message="This park already has a space of this number.",
            ),
        ),
        migrations.AddConstraint(
            model_name="space",
            constraint=models.CheckConstraint(
                condition=models.Q(("area_m2__gt", 0)),
                name="space_area_positive",
                violation_error_message="The area must be more than 0 ㎡.",
            ),
        ),
        migrations.AddConstraint(
            model_name="space",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "PLOT"), _negated=True), ("building", None), _connector="OR"
                ),
                name="space_plot_without_building",
                violation_error_message="A plot stands in no building; please empty it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.UniqueConstraint(
                fields=("year", "measure", "chain", "specialist", "park"),
                name="target_once_per_scope",
                nulls_distinct=False,
                violation_error_message="This target has already been set; please edit it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("chain", None), ("specialist", None)),
                    models.Q(("chain", None), ("park", None)),
                    models.Q(("park", None), ("specialist", None)),
                    _connector="OR",
                ),
                name="target_one_scope",
                violation_error_message="A target is for the zone or for one chain, specialist or park.",
            ),
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.CheckConstraint(
                condition=models.Q(("value__gt", 0)),
                name="target_positive",
                violation_error_message="A target is more than 0; delete it to have none.",
            ),
        ),
    ]
