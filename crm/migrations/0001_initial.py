import uuid
from decimal import Decimal

import django.core.validators
import django.db.models.functions.datetime
from django.db import migrations, models

import zone.calendar
import zone.fields
import zone.identifiers


class Migration(migrations.Migration):
    initial = True
    # A database of the last state before the squash is taken over as it stands.
    replaces = [("crm", "0001_ground")]

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Contact",
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
                        verbose_name="full name",
                    ),
                ),
                (
                    "title",
                    zone.fields.LineField(
                        blank=True,
                        default="",
                        max_length=50,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="post",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("DECIDER", "decides"),
                            ("INFLUENCER", "influences"),
                            ("USER", "uses"),
                            ("HANDLER", "handles"),
                        ],
                        default="",
                        max_length=10,
                        verbose_name="role",
                    ),
                ),
                (
                    "phone",
                    zone.fields.PhoneField(
                        blank=True, default="", max_length=20, verbose_name="telephone"
                    ),
                ),
                (
                    "phone_key",
                    zone.fields.PhoneKeyField(
                        blank=True,
                        db_index=True,
                        default="",
                        editable=False,
                        max_length=64,
                        of="phone",
                    ),
                ),
                (
                    "wechat",
                    zone.fields.WeChatField(
                        blank=True, default="", max_length=50, verbose_name="WeChat"
                    ),
                ),
                (
                    "email",
                    zone.fields.MailField(
                        blank=True, default="", max_length=254, verbose_name="e-mail"
                    ),
                ),
                (
                    "consent_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("CARD", "business card"),
                            ("TOLD", "told by telephone or in a meeting"),
                            ("PUBLIC", "public source"),
                            ("REFERRAL", "referral"),
                            ("OTHER", "other"),
                        ],
                        default="",
                        help_text="On what ground the person's data is kept.",
                        max_length=10,
                        verbose_name="how we came to know",
                    ),
                ),
                (
                    "retain_until",
                    models.DateField(
                        blank=True,
                        help_text="Empty: the office's usual time from now on; each follow-up prolongs it.",
                        null=True,
                        verbose_name="keep until",
                    ),
                ),
                (
                    "anonymised_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="anonymised at"
                    ),
                ),
            ],
            options={
                "verbose_name": "contact",
                "verbose_name_plural": "contacts",
                "ordering": ("name", "id"),
                "permissions": [
                    ("view_contact_pii", "Can reveal contact data"),
                    ("anonymise_contact", "Can anonymise contacts"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Enterprise",
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
                    zone.fields.NameField(
                        max_length=100,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="name",
                    ),
                ),
                ("name_key", models.CharField(editable=False, max_length=200, unique=True)),
                ("sort_key", models.CharField(db_index=True, editable=False, max_length=200)),
                (
                    "uscc",
                    zone.fields.CodeField(
                        blank=True,
                        error_messages={
                            "unique": "This credit code is already recorded. Please search for it; if you cannot find it, another chain looks after that enterprise: ask the office."
                        },
                        help_text="18 characters, as on the licence; empty when unknown.",
                        max_length=18,
                        null=True,
                        unique=True,
                        validators=[zone.identifiers.check_uscc],
                        verbose_name="unified social credit code",
                    ),
                ),
                (
                    "industry_code",
                    zone.fields.CodeField(
                        blank=True,
                        default="",
                        help_text="GB/T 4754-2017, such as C3985.",
                        max_length=5,
                        validators=[zone.identifiers.check_industry_code],
                        verbose_name="industry code",
                    ),
                ),
                (
                    "origin_region",
                    zone.fields.CodeField(
                        blank=True,
                        default="",
                        help_text="GB/T 2260, six digits, such as 140403.",
                        max_length=6,
                        validators=[zone.identifiers.check_region_code],
                        verbose_name="region of origin",
                    ),
                ),
                (
                    "scale",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("LARGE", "large"),
                            ("MEDIUM", "medium"),
                            ("SMALL", "small"),
                            ("MICRO", "micro"),
                        ],
                        default="",
                        max_length=6,
                        verbose_name="scale",
                    ),
                ),
                (
                    "is_chain_leader",
                    models.BooleanField(default=False, verbose_name="chain-leading enterprise"),
                ),
                (
                    "is_above_scale",
                    models.BooleanField(default=False, verbose_name="above designated size"),
                ),
                (
                    "registered_capital_wan",
                    zone.fields.WanField(
                        blank=True,
                        decimal_places=4,
                        max_digits=16,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="registered capital (10,000 yuan)",
                    ),
                ),
                (
                    "address",
                    zone.fields.LineField(
                        blank=True,
                        default="",
                        max_length=200,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="address",
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
                "verbose_name": "enterprise",
                "verbose_name_plural": "enterprises",
                "ordering": ("sort_key", "id"),
            },
        ),
        migrations.CreateModel(
            name="FollowUp",
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
                            ("CALL", "call"),
                            ("WECHAT", "WeChat message"),
                            ("VISIT_OUT", "visit to the enterprise"),
                            ("VISIT_IN", "visit to the zone"),
                            ("SURVEY", "site survey"),
                            ("EMAIL", "e-mail"),
                            ("MEETING", "meeting"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "happened_on",
                    models.DateField(default=zone.calendar.today, verbose_name="happened on"),
                ),
                (
                    "summary",
                    zone.fields.NoteField(
                        max_length=500,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="summary",
                    ),
                ),
                (
                    "next_step",
                    zone.fields.LineField(
                        blank=True,
                        default="",
                        max_length=200,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="next step",
                    ),
                ),
                ("next_on", models.DateField(blank=True, null=True, verbose_name="next date")),
            ],
            options={
                "verbose_name": "follow-up",
                "verbose_name_plural": "follow-ups",
                "ordering": ("-happened_on", "-created_at", "id"),
            },
        ),
        migrations.CreateModel(
            name="Lead",
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
                    "title",
                    zone.fields.LineField(
                        max_length=100,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="subject",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("OWN", "own research"),
                            ("REFERRAL", "referral"),
                            ("EXHIBITION", "exhibition"),
                            ("ASSOCIATION", "chamber or association"),
                            ("INVESTOR", "through an investor"),
                            ("SUPERIOR", "from a superior office"),
                            ("INTERMEDIARY", "intermediary"),
                            ("VISIT", "visitor"),
                            ("LIAISON", "liaison office"),
                            ("WEBSITE", "website"),
                        ],
                        max_length=12,
                        verbose_name="source",
                    ),
                ),
                (
                    "referrer",
                    zone.fields.LineField(
                        blank=True,
                        default="",
                        max_length=50,
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="referrer",
                    ),
                ),
                (
                    "planned_investment_wan",
                    zone.fields.WanField(
                        decimal_places=4,
                        max_digits=16,
                        validators=[django.core.validators.MinValueValidator(Decimal("0.0001"))],
                        verbose_name="planned investment (10,000 yuan)",
                    ),
                ),
                (
                    "planned_fixed_asset_wan",
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
                    "needs",
                    zone.fields.ProseField(
                        blank=True,
                        default="",
                        help_text="Land or plant, power, environmental requirements.",
                        validators=[zone.identifiers.no_personal_number],
                        verbose_name="needs",
                    ),
                ),
                (
                    "expected_output_wan",
                    zone.fields.WanField(
                        blank=True,
                        decimal_places=4,
                        max_digits=16,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="expected yearly output (10,000 yuan)",
                    ),
                ),
                (
                    "expected_tax_wan",
                    zone.fields.WanField(
                        blank=True,
                        decimal_places=4,
                        max_digits=16,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="expected yearly tax (10,000 yuan)",
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("NEW", "new"),
                            ("SCREENED", "screened"),
                            ("NEGOTIATING", "negotiating"),
                            ("AGREEING", "agreeing"),
                            ("SIGNED", "turned into a project"),
                            ("LOST", "lost"),
                            ("INVALID", "invalid"),
                        ],
                        default="NEW",
                        editable=False,
                        max_length=12,
                        verbose_name="stage",
                    ),
                ),
                (
                    "registered_at",
                    models.DateTimeField(auto_now_add=True, verbose_name="registered at"),
                ),
                (
                    "protected_until",
                    models.DateField(
                        blank=True, editable=False, null=True, verbose_name="protected until"
                    ),
                ),
                (
                    "next_follow_up_on",
                    models.DateField(blank=True, null=True, verbose_name="next follow-up"),
                ),
            ],
            options={
                "verbose_name": "lead",
                "verbose_name_plural": "leads",
                "ordering": ("-registered_at", "id"),
                "permissions": [
                    ("advance_lead", "Can advance and close leads"),
                    ("convert_lead", "Can turn leads into projects"),
                    ("assign_lead", "Can assign leads"),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadOwnerChange",
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
            ],
            options={
                "verbose_name": "owner change of a lead",
                "verbose_name_plural": "owner changes of leads",
                "ordering": ("-at",),
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="LeadStageChange",
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
                            ("NEW", "new"),
                            ("SCREENED", "screened"),
                            ("NEGOTIATING", "negotiating"),
                            ("AGREEING", "agreeing"),
                            ("SIGNED", "turned into a project"),
                            ("LOST", "lost"),
                            ("INVALID", "invalid"),
                        ],
                        max_length=12,
                        verbose_name="stage before",
                    ),
                ),
                (
                    "to_stage",
                    models.CharField(
                        choices=[
                            ("NEW", "new"),
                            ("SCREENED", "screened"),
                            ("NEGOTIATING", "negotiating"),
                            ("AGREEING", "agreeing"),
                            ("SIGNED", "turned into a project"),
                            ("LOST", "lost"),
                            ("INVALID", "invalid"),
                        ],
                        max_length=12,
                        verbose_name="stage after",
                    ),
                ),
            ],
            options={
                "verbose_name": "stage change of a lead",
                "verbose_name_plural": "stage changes of leads",
                "ordering": ("-at",),
                "abstract": False,
            },
        ),
    ]
