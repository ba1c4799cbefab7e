import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import zone.identifiers
import zone.models.webhooks
import zone.webhooks.addresses
from zone.database.row_versions import touch


class Migration(migrations.Migration):
    dependencies = [
        ("zone", "0017_api_uploads"),
    ]

    operations = [
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
                        validators=[zone.models.webhooks.check_entities],
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
                    models.CharField(
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
                        validators=[zone.webhooks.addresses.check_host],
                        verbose_name="host",
                    ),
                ),
                (
                    "networks",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=43),
                        help_text="Addresses or networks such as 10.20.0.0/16, with commas. If its name leads to any other address, nothing is sent.",
                        size=None,
                        validators=[zone.webhooks.addresses.check_approved_networks],
                        verbose_name="networks it stands in",
                    ),
                ),
                (
                    "ports",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveIntegerField(),
                        default=zone.models.webhooks.usual_ports,
                        help_text="With commas; 443 is that of HTTPS.",
                        size=None,
                        validators=[zone.webhooks.addresses.check_ports],
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
                    models.CharField(
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
                        ],
                        default="",
                        editable=False,
                        max_length=10,
                        verbose_name="last fault",
                    ),
                ),
                ("lease", models.UUIDField(editable=False, null=True)),
                ("leased_until", models.DateTimeField(editable=False, null=True)),
                (
                    "endpoint",
                    models.ForeignKey(
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
            },
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.UniqueConstraint(
                fields=("client", "url"),
                name="webhook_address_once",
                violation_error_message="This client already has this address.",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("next_at__isnull", False)),
                fields=["endpoint", "next_at"],
                name="webhook_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("dead_at__isnull", False)),
                fields=["endpoint", "dead_at"],
                name="webhook_dead",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["delivered_at"], name="webhook_delivered"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["-created_at", "-id"], name="webhook_newest"),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(
                fields=("endpoint", "place", "entity", "object_id"),
                name="webhook_message_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("delivered_at", None), ("dead_at", None), _connector="OR"),
                name="webhook_message_one_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("dead_at", None), ("delivered_at", None), ("next_at__isnull", False)),
                    models.Q(
                        ("next_at", None),
                        models.Q(("dead_at", None), ("delivered_at", None), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="webhook_message_waits_or_ended",
            ),
        ),
        *touch("zone_approvedhost", "zone_webhookendpoint", "zone_webhookdelivery"),
    ]
