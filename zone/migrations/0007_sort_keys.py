from django.db import migrations

import zone.fields
from zone.database.filling import fill

MODELS = (
    "ApiClient",
    "Building",
    "ChainSegment",
    "Fund",
    "IndustryChain",
    "Park",
    "PublishedFigure",
    "Space",
    "User",
)


def fill_keys(apps, editor):
    for name in MODELS:
        fill(editor, apps.get_model("zone", name), "sort_key")


class Migration(migrations.Migration):
    dependencies = [
        ("zone", "0006_lists"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="apiclient",
            options={
                "ordering": ("sort_key", "id"),
                "verbose_name": "interface client",
                "verbose_name_plural": "interface clients",
            },
        ),
        migrations.AlterModelOptions(
            name="building",
            options={
                "ordering": ("park", "sort_key", "id"),
                "verbose_name": "building",
                "verbose_name_plural": "buildings",
            },
        ),
        migrations.AlterModelOptions(
            name="chainsegment",
            options={
                "ordering": ("chain", "sort_key", "id"),
                "verbose_name": "chain segment",
                "verbose_name_plural": "chain segments",
            },
        ),
        migrations.AlterModelOptions(
            name="fund",
            options={
                "ordering": ("sort_key", "id"),
                "verbose_name": "industry fund",
                "verbose_name_plural": "industry funds",
            },
        ),
        migrations.AlterModelOptions(
            name="publishedfigure",
            options={
                "ordering": ("-year", "sort_key", "id"),
                "verbose_name": "published figure",
                "verbose_name_plural": "published figures",
            },
        ),
        migrations.AlterModelOptions(
            name="space",
            options={
                "ordering": ("park", "sort_key", "id"),
                "verbose_name": "space",
                "verbose_name_plural": "spaces",
            },
        ),
        migrations.AlterModelOptions(
            name="user",
            options={
                "ordering": ("sort_key", "username"),
                "permissions": [("reset_second_factor", "Can reset the second factor of a person")],
                "verbose_name": "person",
                "verbose_name_plural": "people",
            },
        ),
        migrations.AlterModelOptions(
            name="webhookendpoint",
            options={
                "ordering": ("client__sort_key", "url"),
                "verbose_name": "webhook endpoint",
                "verbose_name_plural": "webhook endpoints",
            },
        ),
        migrations.AddField(
            model_name="apiclient",
            name="sort_key",
            field=zone.fields.PinyinKeyField(
                blank=True, default="", editable=False, max_length=251, of="name"
            ),
        ),
        migrations.AddField(
            model_name="building",
            name="sort_key",
            field=zone.fields.PinyinKeyField(
                blank=True, default="", editable=False, max_length=251, of="name"
            ),
        ),
        migrations.AddField(
            model_name="chainsegment",
            name="sort_key",
            field=zone.fields.PinyinKeyField(
                blank=True, default="", editable=False, max_length=251, of="name"
            ),
        ),
        migrations.AddField(
            model_name="fund",
            name="sort_key",
            field=zone.fields.PinyinKeyField(
                blank=True, default="", editable=False, max_length=251, of="name"
            ),
        ),
        migrations.AddField(
            model_name="industrychain",
            name="sort_key",
            field=zone.fields.PinyinKeyField(
                blank=True, default="", editable=False, max_length=251, of="name"
            ),
        ),
        migrations.AddField(
            model_name="park",
            name="sort_key",
            field=zone.fields.PinyinKeyField(
                blank=True, default="", editable=False, max_length=251, of="name"
            ),
        ),
        migrations.AddField(
            model_name="publishedfigure",
            name="sort_key",
            field=zone.fields.PinyinKeyField(
                blank=True, default="", editable=False, max_length=251, of="indicator"
            ),
        ),
        migrations.AddField(
            model_name="space",
            name="sort_key",
            field=zone.fields.PinyinKeyField(
                blank=True, default="", editable=False, max_length=251, of="code"
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="sort_key",
            field=zone.fields.PersonKeyField(
                blank=True, default="", editable=False, max_length=251, of="display_name"
            ),
        ),
        migrations.RunPython(fill_keys, migrations.RunPython.noop),
    ]
