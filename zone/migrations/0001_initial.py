import datetime
import uuid
from decimal import Decimal

import django.contrib.auth.validators
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.operations
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import zone.access.addresses
import zone.access.api_scopes
import zone.access.networks
import zone.calendar
import zone.feed.synced
import zone.fields
import zone.identifiers

# No models: xid8 has no field in Django, and nobody is to write these but triggers.
FEED = """
CREATE TABLE zone_change (
  seq bigint GENERATED ALWAYS AS IDENTITY,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  entity smallint NOT NULL,
  object_id uuid NOT NULL,
  version bigint,
  op "char" NOT NULL,
  tokens uuid[] NOT NULL,
  origin uuid DEFAULT nullif(current_setting('zone.origin', true), '')::uuid,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (xid, seq)
);
-- The version of a tombstone is looked up here.
CREATE INDEX zone_change_deleted ON zone_change (object_id) WHERE op = 'D';
CREATE TABLE zone_feed (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  epoch uuid NOT NULL DEFAULT gen_random_uuid(),
  floor_xid xid8 NOT NULL DEFAULT '0',
  floor_seq bigint NOT NULL DEFAULT 0
);
INSERT INTO zone_feed DEFAULT VALUES;
"""
QUEUE = """
-- Empty after every commit, so nothing is lost when a crash empties it.
CREATE UNLOGGED TABLE zone_auditqueue (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entry_ids bigint[] NOT NULL,
  is_behind boolean NOT NULL DEFAULT false
);
"""


class Migration(migrations.Migration):
    # A database of the last state before the squash is taken over as it stands.
    replaces = [
        ("zone", "0001_ground"),
        ("zone", "0002_row_triggers"),
        ("zone", "0003_audit"),
        ("zone", "0004_people"),
        ("zone", "0005_trail_triggers"),
        ("zone", "0006_trail_links"),
        ("zone", "0007_trail_chain"),
        ("zone", "0008_login"),
        ("zone", "0009_security_alerts"),
        ("zone", "0010_handover"),
        ("zone", "0011_posts_held_once"),
        ("zone", "0012_texts"),
        ("zone", "0013_external_refs"),
        ("zone", "0014_change_feed"),
        ("zone", "0015_api_clients"),
        ("zone", "0016_api_replies"),
        ("zone", "0017_api_uploads"),
        ("zone", "0018_webhooks"),
        ("zone", "0019_rights"),
        ("zone", "0020_trail_by_statement"),
        ("zone", "0021_one_index_each"),
        ("zone", "0022_login_throttles"),
        ("zone", "0023_api_sources"),
        ("zone", "0024_bind_sources"),
        ("zone", "0025_one_line_texts"),
        ("zone", "0026_tidy_texts"),
        ("zone", "0027_trail_as_owner"),
        ("zone", "0028_audit_anchors"),
        ("zone", "0029_worker_and_tries"),
    ]

    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        django.contrib.postgres.operations.BtreeGistExtension(),
        django.contrib.postgres.operations.TrigramExtension(),
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
                    zone.fields.LineField(
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
                (
                    "name",
                    zone.fields.LineField(
                        max_length=50,
                        unique=True,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="name",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="order")),
                (
                    "description",
                    zone.fields.ProseField(
                        blank=True,
                        default="",
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="description",
                    ),
                ),
            ],
            options={
                "verbose_name": "industry chain",
                "verbose_name_plural": "industry chains",
                "ordering": ("position", "code"),
            },
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
                ("code", zone.fields.LineField(max_length=40, unique=True, verbose_name="code")),
                (
                    "name",
                    zone.fields.LineField(
                        max_length=100,
                        unique=True,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="name",
                    ),
                ),
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
                    zone.fields.LineField(
                        blank=True,
                        default="",
                        max_length=100,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="status as published",
                    ),
                ),
                (
                    "description",
                    zone.fields.ProseField(
                        blank=True,
                        default="",
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="description",
                    ),
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
                    "username",
                    zone.fields.NameField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                (
                    "must_change_password",
                    models.BooleanField(
                        default=False,
                        editable=False,
                        help_text="Set when somebody else chose the password.",
                        verbose_name="must change the password",
                    ),
                ),
                (
                    "password_changed_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="password changed at"
                    ),
                ),
                (
                    "is_service",
                    models.BooleanField(
                        default=False, editable=False, verbose_name="stands for another system"
                    ),
                ),
                (
                    "handover_code",
                    models.CharField(blank=True, default="", editable=False, max_length=128),
                ),
                ("handover_failures", models.PositiveSmallIntegerField(default=0, editable=False)),
                (
                    "session_round",
                    models.PositiveIntegerField(
                        default=0, editable=False, verbose_name="rounds of sessions ended"
                    ),
                ),
                (
                    "display_name",
                    zone.fields.LineField(
                        blank=True,
                        default="",
                        max_length=50,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="display name",
                    ),
                ),
                (
                    "department",
                    zone.fields.LineField(
                        blank=True,
                        default="",
                        max_length=100,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="department",
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
                    "password_chosen_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        help_text="Empty when the person chose it.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="password chosen by",
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
                "permissions": [("reset_second_factor", "Can reset the second factor of a person")],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ApiClient",
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
                    "name",
                    zone.fields.LineField(
                        max_length=80,
                        unique=True,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="name",
                    ),
                ),
                (
                    "purpose",
                    zone.fields.LineField(
                        blank=True,
                        default="",
                        max_length=200,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="purpose",
                    ),
                ),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                        validators=[zone.access.api_scopes.check_scopes],
                        verbose_name="may",
                    ),
                ),
                ("whole_zone", models.BooleanField(default=False, verbose_name="the whole zone")),
                (
                    "networks",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=43),
                        blank=True,
                        default=list,
                        help_text="Addresses or networks such as 10.20.0.0/16, with commas; empty: any.",
                        size=None,
                        validators=[zone.access.networks.check_networks],
                        verbose_name="networks it calls from",
                    ),
                ),
                (
                    "sources",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=zone.fields.SourceField(max_length=50),
                        blank=True,
                        default=list,
                        help_text="The names under which the other system gives its own ids, such as oa; with commas. Only this client writes references under them, so none belongs to another client. Empty: it writes rows without references.",
                        size=None,
                        verbose_name="sources",
                    ),
                ),
                ("is_disabled", models.BooleanField(default=False, verbose_name="disabled")),
                ("rights", models.BigIntegerField(db_default=0, editable=False)),
                (
                    "account",
                    models.OneToOneField(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="api_client",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="account",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        help_text="Who is asked when something is wrong with the other system.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="answers for it",
                    ),
                ),
                (
                    "chains",
                    models.ManyToManyField(
                        blank=True,
                        related_name="+",
                        to="zone.industrychain",
                        verbose_name="industry chains",
                    ),
                ),
                (
                    "parks",
                    models.ManyToManyField(
                        blank=True, related_name="+", to="zone.park", verbose_name="parks"
                    ),
                ),
            ],
            options={
                "verbose_name": "interface client",
                "verbose_name_plural": "interface clients",
                "ordering": ("name",),
            },
        ),
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
                (
                    "name",
                    zone.fields.LineField(
                        max_length=100,
                        unique=True,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="name",
                    ),
                ),
                (
                    "purpose",
                    zone.fields.LineField(
                        blank=True,
                        default="",
                        max_length=300,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="purpose",
                    ),
                ),
                (
                    "announced_on",
                    models.DateField(blank=True, null=True, verbose_name="announced on"),
                ),
                (
                    "source",
                    zone.fields.LineField(
                        blank=True,
                        default="",
                        max_length=200,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="source",
                    ),
                ),
            ],
            options={
                "verbose_name": "industry fund",
                "verbose_name_plural": "industry funds",
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="Merged",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("entity", models.SmallIntegerField(verbose_name="kind of row")),
                ("object_id", models.UUIDField(unique=True, verbose_name="ID")),
                ("merged_into", models.UUIDField(db_index=True, verbose_name="merged into")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="at"
                    ),
                ),
            ],
            options={
                "verbose_name": "merged row",
                "verbose_name_plural": "merged rows",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Throttle",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("tokens", models.FloatField()),
                ("is_open", models.BooleanField()),
                ("at", models.DateTimeField(db_index=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
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
                ("url", models.CharField(max_length=500, verbose_name="address")),
                (
                    "entities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        help_text="Nothing chosen: of all that the client may read.",
                        size=None,
                        validators=[zone.feed.synced.check_entities],
                        verbose_name="is told of",
                    ),
                ),
                (
                    "secret_seed",
                    models.CharField(blank=True, default="", editable=False, max_length=32),
                ),
                (
                    "old_seed",
                    models.CharField(blank=True, default="", editable=False, max_length=32),
                ),
                (
                    "old_until",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="old secret holds until"
                    ),
                ),
                (
                    "is_disabled",
                    models.BooleanField(default=False, editable=False, verbose_name="switched off"),
                ),
                (
                    "disabled_reason",
                    zone.fields.NoteField(
                        blank=True,
                        default="",
                        editable=False,
                        max_length=300,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="why switched off",
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="endpoints",
                        to="zone.apiclient",
                        verbose_name="interface client",
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook endpoint",
                "verbose_name_plural": "webhook endpoints",
                "ordering": ("client__name", "url"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("client", "url"),
                        name="webhook_address_once",
                        violation_error_message="This client already has this address.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ApiBudget",
            fields=[
                (
                    "client",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="zone.apiclient",
                    ),
                ),
                ("tokens", models.FloatField()),
                ("is_open", models.BooleanField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ApiUpload",
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
                ("address", models.GenericIPAddressField(null=True, verbose_name="address")),
                ("resource", models.CharField(max_length=40)),
                (
                    "source",
                    zone.fields.SourceField(
                        max_length=50, validators=[zone.identifiers.no_personal_number]
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("WAITING", "waiting"),
                            ("RUNNING", "being written"),
                            ("DONE", "done"),
                            ("CANCELLED", "cancelled"),
                            ("STOPPED", "stopped"),
                        ],
                        default="WAITING",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("rows", models.PositiveIntegerField(default=0)),
                ("created", models.PositiveIntegerField(default=0)),
                ("updated", models.PositiveIntegerField(default=0)),
                ("unchanged", models.PositiveIntegerField(default=0)),
                ("failed", models.PositiveIntegerField(default=0)),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        db_index=True,
                        verbose_name="at",
                    ),
                ),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished at")),
                (
                    "why",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="reason"),
                ),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="uploads",
                        to="zone.apiclient",
                    ),
                ),
            ],
            options={
                "verbose_name": "upload over the interface",
                "verbose_name_plural": "uploads over the interface",
                "ordering": ("-at", "id"),
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("finished_at", None)),
                        fields=["at", "id"],
                        name="upload_open",
                    ),
                    models.Index(fields=["client", "-at"], name="upload_client"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finished_at", None), ("state__in", ("WAITING", "RUNNING"))),
                            models.Q(
                                ("finished_at__isnull", False),
                                ("state__in", ("DONE", "CANCELLED", "STOPPED")),
                            ),
                            _connector="OR",
                        ),
                        name="upload_finished_has_state",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ApiUploadPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("offset", models.PositiveIntegerField(default=0)),
                ("items", models.JSONField(null=True)),
                ("results", models.JSONField(null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                (
                    "upload",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="zone.apiupload",
                    ),
                ),
            ],
            options={
                "ordering": ("upload", "number", "offset"),
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("upload", "number", "offset"), name="upload_part_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("items__isnull", True), ("results__isnull", True), _connector="XOR"
                        ),
                        name="upload_part_sent_or_done",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApprovedHost",
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
                    "host",
                    models.CharField(
                        help_text="Its name in small letters such as oa.example.cn, or its address.",
                        max_length=253,
                        unique=True,
                        validators=[zone.access.addresses.check_host],
                        verbose_name="host",
                    ),
                ),
                (
                    "networks",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=43),
                        help_text="Addresses or networks such as 10.20.0.0/16, with commas. If its name leads to any other address, nothing is sent.",
                        size=None,
                        validators=[zone.access.addresses.check_approved_networks],
                        verbose_name="networks it stands in",
                    ),
                ),
                (
                    "ports",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveIntegerField(),
                        default=zone.access.addresses.usual_ports,
                        help_text="With commas; 443 is that of HTTPS.",
                        size=None,
                        validators=[zone.access.addresses.check_ports],
                        verbose_name="ports",
                    ),
                ),
                (
                    "allows_http",
                    models.BooleanField(
                        default=False,
                        help_text="Only if the receiver cannot do HTTPS: whoever is in between reads along.",
                        verbose_name="also without encryption",
                    ),
                ),
                (
                    "reason",
                    zone.fields.LineField(
                        max_length=300,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="reason",
                    ),
                ),
                (
                    "approved_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approved by",
                    ),
                ),
            ],
            options={
                "verbose_name": "approved host",
                "verbose_name_plural": "approved hosts",
                "ordering": ("host",),
            },
        ),
        migrations.CreateModel(
            name="AuditAnchor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("file", models.CharField(max_length=500, verbose_name="file of anchors")),
                ("number", models.PositiveIntegerField(verbose_name="anchors in the file")),
                (
                    "signature",
                    models.CharField(
                        blank=True, max_length=64, verbose_name="signature of the last one"
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="at",
                    ),
                ),
            ],
            options={
                "verbose_name": "file of anchors",
                "verbose_name_plural": "files of anchors",
                "ordering": ("id",),
                "default_permissions": (),
                "indexes": [models.Index(fields=["file", "-id"], name="audit_anchor_file")],
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="at",
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("CREATED", "created"),
                            ("CHANGED", "changed"),
                            ("DELETED", "deleted"),
                            ("STATE", "state changed"),
                            ("REVEALED", "contact data revealed"),
                            ("SEARCHED", "searched by a whole number"),
                            ("ANONYMISED", "anonymised"),
                            ("UPLOADED", "file uploaded"),
                            ("DOWNLOADED", "file downloaded"),
                            ("EXPORTED", "exported"),
                            ("IMPORTED", "imported"),
                            ("COMMAND", "command run"),
                            ("LOGIN", "logged in"),
                            ("LOGIN_FAILED", "login failed"),
                            ("LOCKED_OUT", "locked out"),
                            ("LOGOUT", "logged out"),
                            ("PASSWORD", "password changed"),
                            ("SECOND_FACTOR", "second factor changed"),
                            ("APPOINTED", "appointed"),
                            ("ENDED", "appointment ended"),
                            ("RIGHTS", "rights changed"),
                            ("KEY", "key changed"),
                            ("ALERT", "security alert"),
                            ("PURGED", "old trail removed"),
                        ],
                        max_length=20,
                        verbose_name="action",
                    ),
                ),
                (
                    "by_name",
                    models.CharField(
                        blank=True, default="", max_length=150, verbose_name="name of the person"
                    ),
                ),
                (
                    "door",
                    models.CharField(
                        choices=[
                            ("ADMIN", "pages"),
                            ("API", "interface"),
                            ("COMMAND", "command line"),
                            ("SYSTEM", "system"),
                        ],
                        max_length=10,
                        verbose_name="door",
                    ),
                ),
                ("address", models.GenericIPAddressField(null=True, verbose_name="address")),
                (
                    "model",
                    models.CharField(
                        blank=True, default="", max_length=60, verbose_name="kind of row"
                    ),
                ),
                (
                    "object_id",
                    models.CharField(blank=True, default="", max_length=64, verbose_name="ID"),
                ),
                (
                    "object_name",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="row"),
                ),
                (
                    "parent",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="app.model:ID",
                        max_length=110,
                        verbose_name="belongs to the row",
                    ),
                ),
                ("changes", models.JSONField(default=dict, verbose_name="before and after")),
                (
                    "why",
                    models.CharField(blank=True, default="", max_length=500, verbose_name="reason"),
                ),
                ("detail", models.JSONField(default=dict, verbose_name="detail")),
                (
                    "by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit trail",
                "ordering": ("-id",),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["model", "object_id", "-id"], name="audit_row"),
                    models.Index(
                        condition=models.Q(("parent", ""), _negated=True),
                        fields=["parent", "-id"],
                        name="audit_parent",
                    ),
                    models.Index(fields=["by", "-id"], name="audit_person"),
                    models.Index(fields=["action", "-id"], name="audit_action"),
                    models.Index(fields=["at"], name="audit_at"),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditLink",
            fields=[
                (
                    "position",
                    models.BigIntegerField(
                        primary_key=True, serialize=False, verbose_name="position"
                    ),
                ),
                ("day", models.DateField(verbose_name="day")),
                (
                    "previous",
                    models.CharField(blank=True, max_length=64, verbose_name="hash before"),
                ),
                ("hash", models.CharField(max_length=64, verbose_name="hash")),
                (
                    "entry",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="link",
                        to="zone.auditentry",
                        verbose_name="audit entry",
                    ),
                ),
            ],
            options={
                "verbose_name": "seal of an audit entry",
                "verbose_name_plural": "seals of audit entries",
                "ordering": ("position",),
                "default_permissions": (),
                "indexes": [models.Index(fields=["day", "position"], name="audit_link_day")],
            },
        ),
        migrations.CreateModel(
            name="ExternalRef",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", zone.fields.SourceField(max_length=50, verbose_name="source")),
                ("entity", models.SmallIntegerField(verbose_name="kind of row")),
                (
                    "external_id",
                    zone.fields.LineField(max_length=200, verbose_name="ID over there"),
                ),
                ("object_id", models.UUIDField(verbose_name="ID")),
            ],
            options={
                "verbose_name": "external reference",
                "verbose_name_plural": "external references",
                "default_permissions": (),
                "indexes": [models.Index(fields=["object_id", "entity"], name="external_ref_row")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "entity", "external_id"),
                        name="external_ref_once",
                        violation_error_message="This reference already belongs to another row.",
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
                (
                    "name",
                    zone.fields.LineField(
                        max_length=100,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="name",
                    ),
                ),
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
                        db_index=False,
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
                (
                    "name",
                    zone.fields.LineField(
                        max_length=50,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="name",
                    ),
                ),
                (
                    "floors",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="floors"),
                ),
                (
                    "park",
                    models.ForeignKey(
                        db_index=False,
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
                "constraints": [
                    models.UniqueConstraint(
                        fields=("park", "name"),
                        name="building_once_per_park",
                        violation_error_message="This park already has a building of this name.",
                    )
                ],
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
                (
                    "starts_on",
                    models.DateField(default=zone.calendar.today, verbose_name="first day in post"),
                ),
                (
                    "ends_on",
                    models.DateField(blank=True, null=True, verbose_name="last day in post"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
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
                "indexes": [
                    models.Index(fields=["user", "role", "starts_on"], name="appointment_person")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_on", None),
                            (
                                "ends_on__gte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("starts_on"), "-", models.Value(1)
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="appointment_ends_after_start",
                        violation_error_message="The last day cannot lie before the first.",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            (models.F("user"), "="),
                            (models.F("role"), "="),
                            (
                                django.db.models.functions.comparison.Coalesce(
                                    models.F("chain"),
                                    models.Value(
                                        uuid.UUID("00000000-0000-0000-0000-000000000000"),
                                        models.UUIDField(),
                                    ),
                                ),
                                "=",
                            ),
                            (
                                django.db.models.functions.comparison.Coalesce(
                                    models.F("park"),
                                    models.Value(
                                        uuid.UUID("00000000-0000-0000-0000-000000000000"),
                                        models.UUIDField(),
                                    ),
                                ),
                                "=",
                            ),
                            (
                                models.Func(
                                    models.F("starts_on"),
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.functions.comparison.Cast(
                                            models.F("ends_on"), models.DateField()
                                        ),
                                        "+",
                                        models.Value(1),
                                    ),
                                    function="daterange",
                                ),
                                "&&",
                            ),
                        ],
                        name="appointment_held_once",
                        violation_error_message="This person already holds this post; end that one first.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("chain", None), ("park", None), _connector="OR"),
                        name="appointment_one_reach",
                        violation_error_message="Please choose either a chain or a park, not both.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("role", "CHAIN_LEADER"), _negated=True),
                            ("chain__isnull", False),
                            _connector="OR",
                        ),
                        name="appointment_leader_has_chain",
                        violation_error_message="A chain leader is appointed to a chain.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("role", "PARK_OPERATOR"), _negated=True),
                            ("park__isnull", False),
                            _connector="OR",
                        ),
                        name="appointment_operator_has_park",
                        violation_error_message="A park operator is appointed to a park.",
                    ),
                ],
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
                (
                    "indicator",
                    zone.fields.LineField(
                        max_length=100,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="indicator",
                    ),
                ),
                (
                    "value",
                    models.DecimalField(decimal_places=4, max_digits=16, verbose_name="value"),
                ),
                (
                    "unit",
                    zone.fields.LineField(
                        max_length=20,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="unit",
                    ),
                ),
                (
                    "source",
                    zone.fields.LineField(
                        max_length=200,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="source",
                    ),
                ),
                (
                    "note",
                    zone.fields.LineField(
                        blank=True,
                        default="",
                        max_length=300,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="note",
                    ),
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
            name="SecurityAlert",
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
                            ("REVEALS", "many contacts revealed"),
                            ("PASSWORD", "password of an account with more rights set"),
                            ("GUESSES", "wrong passwords or codes in an open login"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("on", models.DateField(verbose_name="day")),
                ("count", models.PositiveIntegerField(verbose_name="times")),
                ("seen_at", models.DateTimeField(blank=True, null=True, verbose_name="settled at")),
                (
                    "finding",
                    zone.fields.NoteField(
                        blank=True,
                        default="",
                        max_length=500,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="finding",
                    ),
                ),
                (
                    "about",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="alerts",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "seen_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="settled by",
                    ),
                ),
            ],
            options={
                "verbose_name": "security alert",
                "verbose_name_plural": "security alerts",
                "ordering": ("-on", "-created_at"),
                "permissions": [("handle_securityalert", "Can handle security alerts")],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "about", "on"), name="alert_one_a_day"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("seen_at", None), ("seen_by", None)),
                            models.Q(("seen_at__isnull", False), ("seen_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="alert_handled_by_someone",
                    ),
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
                ("code", zone.fields.LineField(max_length=40, verbose_name="number")),
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
                        db_index=False,
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
                "indexes": [models.Index(fields=["state", "kind"], name="space_state_kind")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("park", "code"),
                        name="space_once_per_park",
                        violation_error_message="This park already has a space of this number.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("area_m2__gt", 0)),
                        name="space_area_positive",
                        violation_error_message="The area must be more than 0 ㎡.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "PLOT"), _negated=True),
                            ("building", None),
                            _connector="OR",
                        ),
                        name="space_plot_without_building",
                        violation_error_message="A plot stands in no building; please empty it.",
                    ),
                ],
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
                    zone.fields.LineField(
                        blank=True,
                        default="",
                        max_length=200,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="source",
                    ),
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
                "constraints": [
                    models.UniqueConstraint(
                        fields=("year", "measure", "chain", "specialist", "park"),
                        name="target_once_per_scope",
                        nulls_distinct=False,
                        violation_error_message="This target has already been set; please edit it.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("chain", None), ("specialist", None)),
                            models.Q(("chain", None), ("park", None)),
                            models.Q(("park", None), ("specialist", None)),
                            _connector="OR",
                        ),
                        name="target_one_scope",
                        violation_error_message="A target is for the zone or for one chain, specialist or park.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("value__gt", 0)),
                        name="target_positive",
                        violation_error_message="A target is more than 0; delete it to have none.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookCursor",
            fields=[
                (
                    "endpoint",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="place",
                        serialize=False,
                        to="zone.webhookendpoint",
                    ),
                ),
                ("cursor", models.TextField()),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
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
                    "webhook_id",
                    models.CharField(
                        editable=False, max_length=40, unique=True, verbose_name="webhook-id"
                    ),
                ),
                ("type", models.CharField(editable=False, max_length=60, verbose_name="type")),
                (
                    "entity",
                    models.CharField(
                        blank=True, editable=False, max_length=40, verbose_name="kind of row"
                    ),
                ),
                ("object_id", models.UUIDField(editable=False, null=True, verbose_name="ID")),
                ("place", models.CharField(editable=False, max_length=32)),
                ("body", models.TextField(editable=False, verbose_name="content")),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(
                        default=0, editable=False, verbose_name="attempts"
                    ),
                ),
                (
                    "next_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="next attempt"),
                ),
                (
                    "delivered_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="delivered at"),
                ),
                (
                    "dead_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="given up at"),
                ),
                (
                    "last_status",
                    models.PositiveSmallIntegerField(
                        editable=False, null=True, verbose_name="last answer"
                    ),
                ),
                (
                    "last_fault",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("STATUS", "the receiver answered with an error"),
                            ("TIMEOUT", "no answer in time"),
                            ("CONNECTION", "no connection"),
                            ("TLS", "the certificate or encryption is not valid"),
                            ("NAME", "the name of the host leads nowhere"),
                            ("REFUSED", "the address is not approved"),
                            ("INTERNAL", "it cannot be processed here"),
                        ],
                        default="",
                        editable=False,
                        max_length=10,
                        verbose_name="last fault",
                    ),
                ),
                ("lease", models.UUIDField(editable=False, null=True)),
                ("leased_until", models.DateTimeField(editable=False, null=True)),
                ("lost", models.PositiveSmallIntegerField(default=0, editable=False)),
                (
                    "endpoint",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="zone.webhookendpoint",
                        verbose_name="webhook endpoint",
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook message",
                "verbose_name_plural": "webhook messages",
                "ordering": ("-created_at", "-id"),
                "permissions": [("replay_webhookdelivery", "Can send webhook messages again")],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_at__isnull", False)),
                        fields=["endpoint", "next_at"],
                        name="webhook_waiting",
                    ),
                    models.Index(
                        condition=models.Q(("dead_at__isnull", False)),
                        fields=["endpoint", "dead_at"],
                        name="webhook_dead",
                    ),
                    models.Index(
                        condition=models.Q(("lease__isnull", False)),
                        fields=["leased_until"],
                        name="webhook_leased",
                    ),
                    models.Index(fields=["delivered_at"], name="webhook_delivered"),
                    models.Index(fields=["-created_at", "-id"], name="webhook_newest"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("endpoint", "place", "entity", "object_id"),
                        name="webhook_message_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("delivered_at", None), ("dead_at", None), _connector="OR"
                        ),
                        name="webhook_message_one_end",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("dead_at", None),
                                ("delivered_at", None),
                                ("next_at__isnull", False),
                            ),
                            models.Q(
                                ("next_at", None),
                                models.Q(("dead_at", None), ("delivered_at", None), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="webhook_message_waits_or_ended",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WorkerBeat",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("host", models.CharField(max_length=100, verbose_name="host")),
                ("pid", models.PositiveIntegerField(verbose_name="process")),
                (
                    "loop",
                    models.CharField(
                        choices=[("STEPS", "uploads and upkeep"), ("WEBHOOKS", "webhooks")],
                        max_length=10,
                        verbose_name="loop",
                    ),
                ),
                (
                    "started_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="started at",
                    ),
                ),
                (
                    "beat_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="last beat",
                    ),
                ),
                ("step", models.CharField(max_length=100, verbose_name="last step")),
                ("faults", models.PositiveIntegerField(default=0, verbose_name="failed steps")),
            ],
            options={
                "verbose_name": "background worker",
                "verbose_name_plural": "background workers",
                "ordering": ("host", "pid", "loop"),
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(fields=("host", "pid", "loop"), name="worker_loop_once")
                ],
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
                            ("CONTACT_RETENTION_DAYS", "keeping of contacts"),
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
            name="ApiKey",
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
                    "key_id",
                    models.CharField(
                        editable=False, max_length=12, unique=True, verbose_name="key"
                    ),
                ),
                ("digest", models.CharField(editable=False, max_length=64)),
                ("expires_at", models.DateTimeField(verbose_name="expires at")),
                (
                    "revoked_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="revoked at"
                    ),
                ),
                (
                    "last_used_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="last used at"
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="keys",
                        to="zone.apiclient",
                        verbose_name="interface client",
                    ),
                ),
            ],
            options={
                "verbose_name": "key",
                "verbose_name_plural": "keys",
                "ordering": ("-created_at",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "expires_at__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("created_at"),
                                    "+",
                                    models.Value(datetime.timedelta(days=366)),
                                ),
                            )
                        ),
                        name="apikey_one_year",
                        violation_error_message="A key holds for a year at most.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ApiReply",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=200)),
                ("fingerprint", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField()),
                ("headers", models.JSONField(default=dict)),
                ("body", models.JSONField(null=True)),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), db_index=True
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="zone.apiclient",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("client", "key"), name="api_reply_once")
                ],
            },
        ),
        migrations.RunSQL(FEED, migrations.RunSQL.noop),
        migrations.RunSQL(QUEUE, migrations.RunSQL.noop),
    ]
