import uuid
from decimal import Decimal

import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import zone.calendar
import zone.fields
import zone.identifiers


class Migration(migrations.Migration):
    # A database of the last state before the squash is taken over as it stands.
    replaces = [("crm", "0001_ground"), ("crm", "0002_links")]

    initial = True

    dependencies = [
        ("zone", "0001_initial"),
    ]

    operations = [
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
                (
                    "chain",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="enterprises",
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
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="entered_enterprises",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="entered by",
                    ),
                ),
            ],
            options={
                "verbose_name": "enterprise",
                "verbose_name_plural": "enterprises",
                "ordering": ("sort_key", "id"),
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("name"), name="gin_trgm_ops"
                        ),
                        name="crm_enterprise_name_trgm",
                    )
                ],
            },
        ),
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
                (
                    "entered_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="entered_contacts",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="entered by",
                    ),
                ),
                (
                    "enterprise",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="contacts",
                        to="crm.enterprise",
                        verbose_name="enterprise",
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
                "constraints": [
                    models.CheckConstraint(
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
                    )
                ],
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
                (
                    "chain",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leads",
                        to="zone.industrychain",
                        verbose_name="industry chain",
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="leads",
                        to="crm.contact",
                        verbose_name="contact",
                    ),
                ),
                (
                    "enterprise",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leads",
                        to="crm.enterprise",
                        verbose_name="enterprise",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
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
                (
                    "segment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="leads",
                        to="zone.chainsegment",
                        verbose_name="chain segment",
                    ),
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
                "indexes": [
                    models.Index(fields=["-registered_at", "id"], name="lead_registered"),
                    models.Index(fields=["stage", "-registered_at"], name="lead_stage"),
                    models.Index(fields=["owner", "stage"], name="lead_owner_stage"),
                    models.Index(fields=["chain", "stage"], name="lead_chain_stage"),
                    models.Index(fields=["next_follow_up_on"], name="lead_next_follow_up"),
                    models.Index(fields=["planned_investment_wan"], name="lead_investment"),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("title"), name="gin_trgm_ops"
                        ),
                        name="crm_lead_title_trgm",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("planned_investment_wan__gt", 0)),
                        name="lead_investment_positive",
                        violation_error_message="The planned investment must be more than 0.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("planned_fixed_asset_wan", None),
                            ("planned_fixed_asset_wan__lte", models.F("planned_investment_wan")),
                            _connector="OR",
                        ),
                        name="lead_fixed_within_total",
                        violation_error_message="The fixed assets cannot exceed the planned investment.",
                    ),
                ],
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
                (
                    "by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="follow_ups",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="follow_ups",
                        to="crm.lead",
                        verbose_name="lead",
                    ),
                ),
            ],
            options={
                "verbose_name": "follow-up",
                "verbose_name_plural": "follow-ups",
                "ordering": ("-happened_on", "-created_at", "id"),
                "indexes": [
                    models.Index(fields=["-happened_on", "-created_at"], name="follow_up_date")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("next_on", None),
                            ("next_on__gte", models.F("happened_on")),
                            _connector="OR",
                        ),
                        name="follow_up_next_after",
                        violation_error_message="The next date cannot lie before this one.",
                    )
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
                    "from_owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner before",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="owner_changes",
                        to="crm.lead",
                        verbose_name="lead",
                    ),
                ),
                (
                    "to_owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner after",
                    ),
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
                    "lead",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stage_changes",
                        to="crm.lead",
                        verbose_name="lead",
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
