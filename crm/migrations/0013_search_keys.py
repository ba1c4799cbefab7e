import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import zone.database.folding
import zone.fields
from zone.database.filling import fill


def fill_keys(apps, editor):
    fill(editor, apps.get_model("crm", "Contact"), "sort_key", "phone_end_key")
    fill(editor, apps.get_model("crm", "Enterprise"), "sort_key")
    fill(editor, apps.get_model("crm", "Lead"), "sort_key")


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0012_pool"),
        ("zone", "0007_sort_keys"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="contact",
            options={
                "ordering": ("sort_key", "id"),
                "permissions": [
                    ("view_contact_pii", "Can reveal contact data"),
                    ("anonymise_contact", "Can anonymise contacts"),
                ],
                "verbose_name": "contact",
                "verbose_name_plural": "contacts",
            },
        ),
        migrations.RemoveConstraint(
            model_name="contact",
            name="contact_anonymised_is_empty",
        ),
        migrations.RemoveIndex(
            model_name="contact",
            name="contact_name",
        ),
        migrations.RemoveIndex(
            model_name="lead",
            name="lead_title",
        ),
        migrations.AddField(
            model_name="contact",
            name="phone_end_key",
            field=zone.fields.PhoneEndKeyField(
                blank=True, db_index=True, default="", editable=False, max_length=64, of="phone"
            ),
        ),
        migrations.AddField(
            model_name="contact",
            name="sort_key",
            field=zone.fields.PersonKeyField(
                blank=True, default="", editable=False, max_length=251, of="name"
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="sort_key",
            field=zone.fields.PinyinKeyField(
                blank=True, default="", editable=False, max_length=251, of="title"
            ),
        ),
        migrations.AlterField(
            model_name="enterprise",
            name="sort_key",
            field=zone.fields.PinyinKeyField(
                blank=True, default="", editable=False, max_length=251, of="name"
            ),
        ),
        migrations.RunPython(fill_keys, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["sort_key", "id"], name="contact_sort_key"),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper(zone.database.folding.Folded("sort_key")),
                    name="gin_trgm_ops",
                ),
                name="crm_contact_pinyin",
            ),
        ),
        migrations.AddIndex(
            model_name="enterprise",
            index=models.Index(fields=["sort_key", "id"], name="enterprise_sort_key"),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["sort_key", "id"], name="lead_sort_key"),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper(zone.database.folding.Folded("sort_key")),
                    name="gin_trgm_ops",
                ),
                name="crm_lead_pinyin",
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
                        ("phone_end_key", ""),
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
    ]
